package fleet

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/plan"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// classDepth is up to how many tasks in FACTOR_TASKS a producer adds some of a class. Requeued
// ranges are stored up to the stream's own limit of 100,000, so that a full queue never keeps them
// out, and more urgent classes find room where less urgent ones wait. It is read only.
var classDepth = map[task.Class]uint64{task.ClassLow: 50_000, task.ClassNorm: 80_000, task.ClassHi: 95_000}

// maxOwn is how many tasks of one job may be queued, so that other jobs have room. It is far more than a
// fleet computes in recountEvery, so that no worker waits for a producer.
const maxOwn = 20_000

// recountEvery is the least time between two counts of a job's tasks in a full queue: each costs
// the server some tens of milliseconds.
const recountEvery = time.Second

// depthEvery is the least time between two looks at the whole queue: a look costs the server about a
// millisecond, so that a feeder takes 2 % of its time. In 50 ms other producers can add some thousand
// tasks; the distance from classDepth to the stream's limit covers them.
const depthEvery = 50 * time.Millisecond

// depthAge is for how long a look is good enough while the queue is less than half full. A publisher so need not wait
// for a look, which takes a round trip, before each batch: the next one is on its way meanwhile.
const depthAge = 2 * time.Second

// A Publisher queues the chunks of one job, and waits while the queue is full. It is for one
// goroutine, that of the feeder. The job's tasks in the queue are at most
//
//	(counted + published) * (1 - (finished() - finishedThen) / numbers)
//
// if only this process queues tasks of the job, and those that are left are of average length. Others may requeue ranges
// at the same time; the stream's own limit bounds all of them. Finished numbers are counted, because a worker may answer
// hundreds of short tasks by one result. The estimate saves a listing for each batch: a queue is listed only when
// the estimate says that it is full.
type Publisher struct {
	f            *Fleet
	job          *task.Job
	published    uint64         // chunks queued since the last count
	stored       uint64         // chunks queued ever
	counted      uint64         // chunks of the job in the queue at the last count
	numbers      uint64         // in the chunks of counted and published
	finished     func() uint64  // numbers that this process has seen answered, ever
	finishedThen uint64         // finished() at the last count
	counting     time.Time      // when the last count was
	depth        uint64         // of FACTOR_TASKS when last seen, plus what was queued since
	depthAt      time.Time      // when it was seen; zero = never
	looking      chan depthSeen // the look that is on its way; nil = none
	waiting      func(bool)     // called when a wait for room begins and ends
	maxDepth     uint64         // of FACTOR_TASKS, for tasks of the job's class
	maxOwn       uint64
	round        string      // of the tasks
	ended        func() bool // no more is to be queued; see EndWhen
	ways         stream.Ways
	inputs       *Inputs // nil = no divisors are known
}

// Publisher returns a publisher of a job's chunks. finished returns how many numbers this process
// has seen answered, ever, so that the queue need not be counted as often. waiting is called with
// true and false when a wait for room begins and ends. Both may be nil.
func (f *Fleet) Publisher(j *task.Job, finished func() uint64, waiting func(bool)) *Publisher {
	if finished == nil {
		finished = func() uint64 { return 0 }
	}
	if waiting == nil {
		waiting = func(bool) {}
	}
	return &Publisher{
		f: f, job: j, finished: finished, finishedThen: finished(), waiting: waiting, maxDepth: classDepth[j.Class], maxOwn: maxOwn,
		round: task.FirstRound, ended: func() bool { return false },
	}
}

// PublishIn is Publish in another round than the first, for the holder of a throttled job: j is its manifest. The ranges
// may have been queued before, and be in any order.
func (p *Publisher) PublishIn(ctx context.Context, j *task.Job, round string, chunks []plan.Chunk) error {
	p.job, p.round = j, round
	return p.Publish(ctx, chunks)
}

// EndWhen has Publish queue nothing more, and return no error, once ended returns true: another process queues the tasks
// from then on. ended is called by the goroutine of Publish.
func (p *Publisher) EndWhen(ended func() bool) { p.ended = ended }

// KnowFrom has tasks carry the divisors that in has of their numbers.
func (p *Publisher) KnowFrom(in *Inputs) { p.inputs = in }

// Prepare requests the depth of the queue, so that it is known when the first chunks come.
func (p *Publisher) Prepare(ctx context.Context) { p.look(ctx) }

// Publish queues the chunks in order, which must be that of their positions: a review of an open job takes
// all positions below the last chunk for queued. A chunk that is queued already counts as stored: all have
// the round task.FirstRound. A batch that the server refuses, because it is full, may come behind later ones: a review may
// then queue its ranges too, which costs repeated work. It waits for room and for a server that is unreachable, until ctx ends.
// Precondition: the inputs of all chunks are stored (order 1).
func (p *Publisher) Publish(ctx context.Context, chunks []plan.Chunk) error {
	for len(chunks) > 0 && !p.ended() {
		n, err := p.room(ctx, uint64(len(chunks)))
		if err != nil {
			return err
		}
		part, class := chunks[:n], p.job.Queue()
		messages := make([]*nats.Msg, len(part))
		for i, c := range part {
			at := task.Address{Class: class, Job: p.job.ID, Range: c.Range, Round: p.round}
			t := taskOf(p.job, c.Numbers, p.inputs.knownIn(c.Range))
			t.Predicted = c.Predicted
			messages[i] = message(schema.TaskSubject(at), t.Encode())
		}
		if err := p.ways.Store(ctx, p.f.link, messages, p.left); err != nil {
			return fmt.Errorf("queue chunks of job %s: %w", p.job.ID, err)
		}
		for _, c := range part {
			p.numbers += c.Range.Count
		}
		p.published += uint64(len(part))
		p.stored += uint64(len(part))
		p.depth += uint64(len(part))
		chunks = chunks[len(part):]
	}
	return nil
}

// left returns those of some tasks of the job that are still to be queued, after the answer to a publish was lost.
// A task that was queued may have been answered and acked meanwhile: to queue it again would cost repeated work. It
// looks where a range can be (order 4); a range that is listed in none of these streams was not queued.
func (p *Publisher) left(ctx context.Context, tasks []*nats.Msg) (left []*nats.Msg, _ error) {
	var known task.Set
	err := p.f.link.Retry(ctx, func() (err error) { known, err = p.f.listed(ctx, p.job.ID); return err })
	if err != nil {
		return nil, err
	}
	for _, m := range tasks {
		if at, err := schema.ParseSubject(m.Subject); err != nil || !known.Contains(at.Range) {
			left = append(left, m)
		}
	}
	return left, nil
}

// room waits until the queue has room for tasks of this class and job: for n, or for one batch. It returns for how
// many there is room. It reports the wait to waiting once, however long it takes. The pause grows to 200 ms, in which a
// fleet computes far fewer chunks than the queue holds, so that no worker runs out of tasks.
func (p *Publisher) room(ctx context.Context, n uint64) (uint64, error) {
	pause := stream.NewPause()
	for full := false; ; {
		counted := false
		for _, count := range slices.Compact([]uint64{n, min(n, stream.MaxBatchCount)}) {
			ok, err := p.hasRoom(ctx, count)
			switch {
			case ctx.Err() != nil:
				return 0, context.Cause(ctx)
			case err != nil:
				p.f.link.Log.Debug().Err(err).Msg("cannot count the queue, retrying")
			case ok:
				if full {
					p.waiting(false)
				}
				return count, nil
			case p.ended():
				return 0, nil
			default:
				counted = true
			}
		}
		if counted && !full { // an error does not mean that the queue is full
			full = true
			p.waiting(true)
		}
		if err := pause.WaitAtMost(ctx, 200*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// hasRoom looks whether n more tasks fit, and counts the job's own tasks if the estimate says that they do
// not. A queue with fewer than maxOwn tasks of all jobs needs no estimate.
func (p *Publisher) hasRoom(ctx context.Context, n uint64) (bool, error) {
	depth, err := p.queueDepth(ctx, n)
	if err != nil || depth+n > p.maxDepth {
		return false, err
	}
	if depth+n <= p.maxOwn || p.own()+n <= p.maxOwn {
		return true, nil
	}
	if time.Since(p.counting) < recountEvery {
		return false, nil
	}
	ranges, own, err := p.f.Queued(ctx, p.job.ID)
	if err != nil {
		return false, err
	}
	p.counted, p.published, p.numbers, p.finishedThen = uint64(own), 0, ranges.Len(), p.finished()
	p.counting = time.Now()
	return p.own()+n <= p.maxOwn, nil
}

// A depthSeen is the answer to a look at the queue.
type depthSeen struct {
	depth     uint64
	published uint64    // by this publisher, when the look was sent
	at        time.Time // when it was sent
	err       error
}

// look requests the depth of the queue, unless such a request is on its way.
func (p *Publisher) look(ctx context.Context) {
	if p.looking != nil {
		return
	}
	p.looking = make(chan depthSeen, 1)
	sent, answer := depthSeen{published: p.stored, at: time.Now()}, p.looking
	go func() {
		sent.depth, sent.err = p.f.depth(ctx)
		answer <- sent
	}()
}

// queueDepth returns how many tasks FACTOR_TASKS holds, or held up to depthEvery ago plus what p
// has queued since: a look costs the server a millisecond. It waits for a look only if the last one is old, or if
// the queue is more than half full with n more tasks.
func (p *Publisher) queueDepth(ctx context.Context, n uint64) (uint64, error) {
	if time.Since(p.depthAt) >= depthEvery {
		p.look(ctx)
	}
	if p.looking == nil {
		return p.depth, nil
	}
	if !p.depthAt.IsZero() && time.Since(p.depthAt) < depthAge && 2*(p.depth+n) <= p.maxDepth {
		select {
		case seen := <-p.looking:
			return p.seen(seen)
		default:
			return p.depth, nil
		}
	}
	return p.seen(<-p.looking)
}

// seen takes the answer to a look.
func (p *Publisher) seen(s depthSeen) (uint64, error) {
	p.looking = nil
	if s.err == nil {
		p.depth, p.depthAt = s.depth+p.stored-s.published, s.at
	}
	return p.depth, s.err
}

// own estimates the job's tasks in the queue. It is exact if all chunks have the same length, and no other process
// queues some or answers some.
func (p *Publisher) own() uint64 {
	done := p.finished() - p.finishedThen
	if done >= p.numbers {
		return 0
	}
	left := float64(p.numbers-done) / float64(p.numbers)
	return uint64(math.Ceil(float64(p.counted+p.published) * left))
}
