package job

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/task"
)

// TestReturnsThatStay: a range is requeued although a worker has stored a return of it, and goes on to do so, and no
// sweeper queues it.
func TestReturnsThatStay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 5)
		w.numbers, w.job.State, w.job.Count = worldCount, task.Sealed, worldCount
		w.queue = map[task.Range]bool{{First: 0, Count: 100}: true, {First: 150, Count: 250}: true}
		w.handed[task.Range{First: 90, Count: 60}] = true
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		j := w.job
		l := newLoop(ctx, loopConfig{job: &j, watch: Watch{Emit: discard}, access: w, numbers: worldNumbers, reread: w.result})
		l.results = func(context.Context) error { l.deliver(caughtUp{w}); l.post(leaseChanged{held: true}); return nil }
		requeued := func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			_, ok := w.queue[task.Range{First: 100, Count: 50}]
			return ok
		}
		time.AfterFunc(reviewReturned-time.Second, func() {
			if requeued() {
				t.Error("requeued at once")
			}
		})
		time.AfterFunc(3*reviewReturned, func() {
			if !requeued() {
				t.Errorf("not requeued: %v", w.queue)
			}
			cancel()
		})
		l.run(ctx)
	})
}

func TestReturnedWatch(t *testing.T) {
	t.Parallel()
	var w returnedWatch
	start := time.Now()
	look := func(after time.Duration, ranges ...task.Range) (late []task.Range) {
		var s task.Set
		for _, r := range ranges {
			s.Add(r)
		}
		set := w.look(&s, start.Add(after))
		for r := range set.Ranges() {
			late = append(late, r)
		}
		return late
	}
	a, b := task.Range{First: 0, Count: 10}, task.Range{First: 20, Count: 10}
	for i, step := range []struct {
		after time.Duration
		have  []task.Range
		late  uint64 // positions
	}{
		{0, []task.Range{a}, 0},
		{reviewReturned - 1, []task.Range{a, b}, 0},
		{reviewReturned, []task.Range{{First: 5, Count: 5}, b}, 5},                // b is new
		{2*reviewReturned - 1, []task.Range{b}, 0},                                // noted when a was late
		{2 * reviewReturned, []task.Range{{First: 0, Count: 50}}, 10},             // b
		{3 * reviewReturned, nil, 0},                                              // all were queued
		{4 * reviewReturned, []task.Range{a}, 0},                                  // returned again
		{5 * reviewReturned, []task.Range{b}, 0},                                  // another one
		{6*reviewReturned + time.Minute, []task.Range{{First: 0, Count: 50}}, 10}, // b
	} {
		var n uint64
		for _, r := range look(step.after, step.have...) {
			n += r.Count
		}
		if n != step.late {
			t.Errorf("step %d: %d positions are late, not %d", i, n, step.late)
		}
	}
}
