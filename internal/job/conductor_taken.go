package job

import (
	"cmp"
	"slices"
	"time"

	"factorfleet/internal/task"
)

// Every task of a campaign that a worker has run has at least one yield: it ends between two coefficients or groups of
// curves, and what is complete is stored before the task is acked. So a worker that takes tasks and computes nothing shows: tasks leave the queue
// without a yield. The server does not say who has taken a task. A worker that is alive says so itself, in heartbeats.
// If it does not, only those are known that have sent nothing.
//
// taken follows the tasks that this conductor has issued:
//
//	issued ──► in the queue ──► gone for grace ──┬── a yield of its coefficients has arrived: done
//	                 └ heartbeats name it        └── none has: lost
type taken struct {
	grace time.Duration     // between the end of a task and the verdict: yields are read a moment after they are stored
	open  []*openTask       // ascending, at most maxTaken
	of    map[string]*taker // at most maxBounded workers

	began       time.Time // of the span in which ended and lost are counted
	ended, lost int       // tasks
	told        bool      // manyLost was true in the span
}

// An openTask was issued, and is not known to be done or lost.
type openTask struct {
	task.Range
	worker   string // whose heartbeat has named it last; "" = nobody's
	failures uint64 // that the worker stated then, of other tasks
	yielded  bool
	gone     time.Time // when it was first missing in the queue; zero = it is there
}

const (
	takenGrace = 15 // looks
	maxTaken   = 1 << 14
	takenSpan  = time.Minute
	// lostMany is how many lost tasks in takenSpan are reported, if they are half of all.
	lostMany = 32
)

// issue notes tasks that are queued. They ascend, from call to call.
func (k *taken) issue(ranges []task.Range) {
	if k.of == nil {
		k.of = make(map[string]*taker)
	}
	for _, r := range ranges {
		if n := len(k.open); n < maxTaken && (n == 0 || r.First >= k.open[n-1].End()) {
			k.open = append(k.open, &openTask{Range: r})
		}
	}
}

// clear forgets the tasks that were removed from the queue, or may have been.
func (k *taken) clear() { k.open = nil }

// yield notes that a worker has sent a yield that begins with the coefficient or group first.
func (k *taken) yield(worker string, first uint64) {
	i, found := slices.BinarySearchFunc(k.open, first, func(t *openTask, first uint64) int { return cmp.Compare(t.First, first) })
	if !found {
		i-- // the last task that begins before
	}
	if i < 0 || first >= k.open[i].End() || k.open[i].yielded {
		return
	}
	k.open[i].yielded = true
	if c := k.taker(worker); c != nil {
		c.done++
		c.limit()
	}
}

// look takes the tasks that are in the queue, the worker that names a task, "" if none does, and how many failures workers
// state. It returns the workers that are suspect: they have named lost tasks, and hardly any
// others. The caller forgets their counts.
func (k *taken) look(queued []task.Range, holder func(task.Range) string, failures map[string]uint64, now time.Time) (suspects []string) {
	inQueue := make(map[uint64]bool, len(queued))
	for _, r := range queued {
		inQueue[r.First] = true
	}
	open := k.open[:0]
	for _, t := range k.open {
		if name := holder(t.Range); name != "" && name != t.worker {
			t.worker, t.failures = name, failures[name]
		}
		switch {
		case inQueue[t.First]:
			t.gone = time.Time{}
		case t.gone.IsZero():
			t.gone = now
		case now.Sub(t.gone) >= k.grace:
			if c := k.conclude(t, now); c != nil && c.isSuspect() {
				suspects = append(suspects, t.worker)
			}
			continue
		}
		open = append(open, t)
	}
	clear(k.open[len(open):])
	k.open = open
	slices.Sort(suspects)
	return slices.Compact(suspects)
}

// conclude counts a task that has ended. It returns the counts of the worker that has lost it, if that is known.
func (k *taken) conclude(t *openTask, now time.Time) *taker {
	if now.Sub(k.began) >= takenSpan {
		k.began, k.ended, k.lost, k.told = now, 0, 0, false
	}
	k.ended++
	if t.yielded {
		return nil
	}
	k.lost++
	if t.worker == "" {
		return nil
	}
	c := k.taker(t.worker)
	if c == nil {
		return nil
	}
	if len(c.lost) == 0 {
		c.failures = t.failures
	}
	c.lost = append(c.lost, t.Range)
	c.limit()
	return c
}

// manyLost reports, once in takenSpan, whether many of the tasks that have ended lately are lost.
func (k *taken) manyLost() bool {
	many := !k.told && k.lost >= lostMany && 2*k.lost >= k.ended
	k.told = k.told || many
	return many
}
