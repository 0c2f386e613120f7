package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A sweptQueue is what FACTOR_TASKS holds of a job, as the sweeper has listed it. One listing serves a
// burst of returns: with 100,000 tasks it takes 0.3 s. What may have changed since is found out so:
//
//	a task was acked or removed         the tasks in question are looked up, each by its subject
//	this sweeper has queued ranges      they are in added
//	the feeder has queued chunks        they are at end or behind it: such a range needs a newer listing
//	another process has requeued ranges they are not seen until the next listing. A forged return of such
//	                                    a range may queue it twice, which costs repeated work.
type sweptQueue struct {
	tasks   []schema.Place // ascending by their first position
	longest uint64         // the most positions of a task
	end     uint64         // the highest end of a task
	added   task.Set       // what this sweeper has queued since
	asOf    time.Time      // on the server's clock: what was stored by then is listed
	at      time.Time      // of the listing
	due     time.Time      // the next listing is made no earlier
}

const (
	queueAge   = time.Second // a listing that is older is renewed, if it is due
	queueShare = 20          // a listing that takes the time t is renewed no earlier than 20 t later

	// A return may have to wait until a listing is due: no longer than maxQueueWait, also if the last listing took
	// seconds because the server was busy.
	minQueueWait = 10 * time.Millisecond
	maxQueueWait = 5 * time.Second
	returnRoom   = 4000 // tasks beyond classDepth
	maxQueues    = 64   // listings that are kept
	maxLookups   = 16   // tasks that are looked up for one return
)

// isQueued reports whether a position of the range is queued; stored is the time of its return, on the
// server's clock. delay > 0 means that the queue has to be listed before, and that it is not due yet.
func (s *sweeper) isQueued(ctx context.Context, j *task.Job, r task.Range, stored time.Time) (queued bool, delay time.Duration, err error) {
	now := time.Now()
	q := s.queues[j.ID]
	current := q != nil && (r.End() <= q.end && !q.added.Overlaps(r) || !q.asOf.Before(stored))
	switch {
	case q == nil || now.Sub(q.at) >= queueAge && !now.Before(q.due) || !current && !now.Before(q.due):
		if q, err = s.listQueue(ctx, j); err != nil {
			return false, 0, err
		}
	case q.added.Overlaps(r):
		return true, 0, nil
	case !current:
		return false, max(q.due.Sub(now), minQueueWait), nil
	}
	queued, err = s.lookUp(ctx, q, r)
	return queued, 0, err
}

// listQueue lists the queue of a job.
func (s *sweeper) listQueue(ctx context.Context, j *task.Job) (*sweptQueue, error) {
	filter := schema.TasksPrefix + "*." + j.ID + ".*.*"
	began := time.Now()
	info, err := s.f.tasks.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err == nil && !stream.HasQuorum(info) {
		err = stream.ErrNoQuorum
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", filter, stream.Explain(err))
	}
	q := &sweptQueue{asOf: info.TimeStamp, at: began}
	for subject := range info.State.Subjects {
		if p, err := schema.ParseSubject(subject); err == nil {
			q.tasks = append(q.tasks, p)
			q.longest, q.end = max(q.longest, p.Range.Count), max(q.end, p.Range.End())
		}
	}
	slices.SortFunc(q.tasks, func(a, b schema.Place) int { return cmp.Compare(a.Range.First, b.Range.First) })
	q.due = time.Now().Add(queueWait(time.Since(began)))
	if len(s.queues) >= maxQueues {
		clear(s.queues)
	}
	s.queues[j.ID] = q
	return q, nil
}

// queueWait returns when a listing that took so long is due again.
func queueWait(took time.Duration) time.Duration { return min(queueShare*took, maxQueueWait) }

// lookUp reports whether a listed task that overlaps the range is still queued.
func (s *sweeper) lookUp(ctx context.Context, q *sweptQueue, r task.Range) (bool, error) {
	i, _ := slices.BinarySearchFunc(q.tasks, r.First-min(r.First, q.longest), func(p schema.Place, first uint64) int { return cmp.Compare(p.Range.First, first) })
	lookups := 0
	for ; i < len(q.tasks) && q.tasks[i].Range.First < r.End(); i++ {
		p := &q.tasks[i]
		if p.Range.End() <= r.First || p.Round == "" { // or known to be gone
			continue
		}
		if lookups++; lookups > maxLookups {
			return true, nil
		}
		if stored, err := s.isStored(ctx, p.Address); stored || err != nil {
			return stored, err
		}
		p.Round = ""
	}
	return false, nil
}

// isStored reports whether FACTOR_TASKS holds that task, in any class if that is "*".
func (s *sweeper) isStored(ctx context.Context, a task.Address) (bool, error) {
	info, err := s.f.tasks.Info(ctx, jetstream.WithSubjectFilter(schema.TaskSubject(a)))
	if err != nil {
		return false, fmt.Errorf("look up a task: %w", stream.Explain(err))
	}
	return len(info.State.Subjects) > 0, nil
}

// hasRoom reports whether the queue has room for n tasks of a class that were returned. They may exceed the
// limit of producers by returnRoom, so that a feeder which fills the queue does not keep them out.
func (s *sweeper) hasRoom(ctx context.Context, class task.Class, n uint64) (bool, error) {
	if time.Since(s.depthAt) >= depthEvery {
		depth, err := s.f.depth(ctx)
		if err != nil {
			return false, err
		}
		s.depth, s.depthAt = depth, time.Now()
	}
	return s.depth+n <= classDepth[class.Priority()]+returnRoom, nil
}

// hasQueued notes that this sweeper has queued a range as n tasks.
func (s *sweeper) hasQueued(job string, r task.Range, n uint64) {
	s.depth += n
	if q := s.queues[job]; q != nil {
		q.added.Add(r)
	}
}
