package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/plan"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// How full FACTOR_TASKS may be when a producer adds to it. Re-queued ranges go up to
// the stream's own limit, so that a full queue never keeps work from coming back.
var classDepth = map[task.Class]uint64{task.ClassLow: 50_000, task.ClassNorm: 80_000, task.ClassHi: 95_000}

// maxOwn is how many tasks of one job may be queued.
var maxOwn uint64 = 20_000

// recountEvery spaces the counts of a job's tasks in a full queue: each costs the
// server some tens of milliseconds.
const recountEvery = time.Second

// depthEvery spaces the looks at the whole queue. In that time other producers can add
// some thousand tasks, which the distance of classDepth to the stream's limit covers.
const depthEvery = 50 * time.Millisecond

// A Publisher puts the chunks of one job into the queue, and waits while that is
// full. It is used by one goroutine.
type Publisher struct {
	f         *Fleet
	job       *task.Job
	published uint64        // chunks since the last count
	counted   uint64        // chunks of the job in the queue at the last count
	finished  func() uint64 // chunks that this process saw finished, ever; may be nil
	mark      uint64        // finished at the last count
	counting  time.Time     // when the last count was
	depth     uint64        // of FACTOR_TASKS as last seen, and what was published since
	depthAt   time.Time     // when it was seen
	waiting   func(bool)    // told when a wait for room begins and ends; may be nil
}

// Publisher returns a publisher of a job's chunks. finished counts the chunks whose
// results this process has seen, and spares looking; both functions may be nil.
func (f *Fleet) Publisher(j *task.Job, finished func() uint64, waiting func(bool)) *Publisher {
	if finished == nil {
		finished = func() uint64 { return 0 }
	}
	if waiting == nil {
		waiting = func(bool) {}
	}
	return &Publisher{f: f, job: j, finished: finished, waiting: waiting}
}

// Publish stores the chunks in order. Chunks that are queued already are as good as
// stored.
func (p *Publisher) Publish(ctx context.Context, chunks []plan.Chunk) error {
	for len(chunks) > 0 {
		part := chunks[:min(len(chunks), stream.MaxBatchCount)]
		if err := p.room(ctx, uint64(len(part))); err != nil {
			return err
		}
		messages := make([]*nats.Msg, len(part))
		for i, c := range part {
			at := task.Address{Class: p.job.Class, Job: p.job.ID, Range: c.Range, Round: task.FirstRound}
			t := task.Task{Kind: p.job.Kind, Numbers: c.Numbers, Budget: p.job.Budget, Predicted: c.Predicted, Certify: p.job.Certify}
			messages[i] = message(schema.TaskSubject(at), t.Encode())
		}
		if err := p.f.link.StoreAll(ctx, messages); err != nil {
			return fmt.Errorf("queue chunks of job %s: %w", p.job.ID, err)
		}
		p.published += uint64(len(part))
		p.depth += uint64(len(part))
		chunks = chunks[len(part):]
	}
	return nil
}

// room waits until the queue has room for n more tasks of this class and job.
func (p *Publisher) room(ctx context.Context, n uint64) error {
	pause := stream.NewPause()
	for waited := false; ; waited = true {
		ok, err := p.hasRoom(ctx, n)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			p.f.link.Log.Debug().Err(err).Msg("look at the queue again")
		case ok:
			if waited {
				p.waiting(false)
			}
			return nil
		}
		if !waited {
			p.waiting(true)
		}
		if err := pause.WaitAtMost(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

func (p *Publisher) hasRoom(ctx context.Context, n uint64) (bool, error) {
	depth, err := p.queueDepth(ctx)
	if err != nil || depth+n > classDepth[p.job.Class] {
		return false, err
	}
	if depth+n <= maxOwn || p.own()+n <= maxOwn {
		return true, nil
	}
	if time.Since(p.counting) < recountEvery {
		return false, nil
	}
	_, own, err := p.f.Queued(ctx, p.job.ID)
	if err != nil {
		return false, err
	}
	p.counted, p.published, p.mark = uint64(own), 0, p.finished()
	p.counting = time.Now()
	return p.own()+n <= maxOwn, nil
}

// queueDepth returns how many tasks FACTOR_TASKS holds, or held a moment ago and what
// was added since: looking costs the server a millisecond.
func (p *Publisher) queueDepth(ctx context.Context) (uint64, error) {
	if time.Since(p.depthAt) >= depthEvery {
		depth, err := p.f.depth(ctx)
		if err != nil {
			return 0, err
		}
		p.depth, p.depthAt = depth, time.Now()
	}
	return p.depth, nil
}

// own estimates the job's tasks in the queue; it may be too high, never too low by
// more than what others re-queue.
func (p *Publisher) own() uint64 {
	queued, done := p.counted+p.published, p.finished()-p.mark
	return queued - min(queued, done)
}
