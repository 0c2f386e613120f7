package job

import (
	"slices"
	"time"

	"factorfleet/internal/task"
)

// Every sieve task that a worker has run has at least one yield: it ends between two coefficients, and what is complete
// is stored before the task is acked. So a worker that takes tasks and computes nothing shows: tasks leave the queue
// without a yield. The server does not say who has taken a task. A worker that is alive says so itself, in heartbeats.
// If it does not, only those are known that have sent nothing.
//
// taken follows the tasks that this conductor has issued:
//
//	issued ──► in the queue ──► gone for grace ──┬── a yield of its coefficients has arrived: done
//	                 └ heartbeats name it        └── none has: lost
type taken struct {
	grace time.Duration // between the end of a task and the verdict: yields are read a moment after they are stored
	size  uint64        // coefficients of a task; 0 = none was issued
	open  map[uint64]*openTask
	of    map[string]*taker // at most maxBounded workers

	began       time.Time // of the span in which ended and lost are counted
	ended, lost int       // tasks
	told        bool      // manyLost was true in the span
}

// An openTask was issued, and is not known to be done or lost.
type openTask struct {
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

// issue notes tasks that are queued.
func (k *taken) issue(ranges []task.Range) {
	if k.open == nil {
		k.open, k.of = make(map[uint64]*openTask), make(map[string]*taker)
	}
	for _, r := range ranges {
		if k.size = r.Count; len(k.open) < maxTaken {
			k.open[r.First] = new(openTask)
		}
	}
}

// clear forgets the tasks that were removed from the queue, or may have been.
func (k *taken) clear() { clear(k.open) }

// yield notes that a worker has sent a yield whose first coefficient is first.
func (k *taken) yield(worker string, first uint64) {
	if k.size == 0 {
		return
	}
	t := k.open[first/k.size*k.size]
	if t == nil || t.yielded {
		return
	}
	t.yielded = true
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
	for first, t := range k.open {
		if name := holder(task.Range{First: first, Count: k.size}); name != "" && name != t.worker {
			t.worker, t.failures = name, failures[name]
		}
		switch {
		case inQueue[first]:
			t.gone = time.Time{}
		case t.gone.IsZero():
			t.gone = now
		case now.Sub(t.gone) >= k.grace:
			delete(k.open, first)
			if c := k.conclude(first, t, now); c != nil && c.isSuspect() {
				suspects = append(suspects, t.worker)
			}
		}
	}
	slices.Sort(suspects)
	return slices.Compact(suspects)
}

// conclude counts a task that has ended. It returns the counts of the worker that has lost it, if that is known.
func (k *taken) conclude(first uint64, t *openTask, now time.Time) *taker {
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
	c.lost = append(c.lost, first)
	c.limit()
	return c
}

// manyLost reports, once in takenSpan, whether many of the tasks that have ended lately are lost.
func (k *taken) manyLost() bool {
	many := !k.told && k.lost >= lostMany && 2*k.lost >= k.ended
	k.told = k.told || many
	return many
}
