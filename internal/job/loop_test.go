package job

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

// run runs a loop in the world.
func (w *world) run(out *output, hasFeeder, ordered bool) (*loop, ending) {
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	j := w.job
	l := newLoop(ctx, loopConfig{
		hasFeeder: hasFeeder, job: &j, watch: Watch{Emit: out.emit, Ordered: ordered}, access: w, numbers: worldNumbers, reread: w.result,
	})
	l.results = func(ctx context.Context) error { return w.follow(ctx, l) }
	var parts []func(context.Context) error
	for _, f := range []func(context.Context, *loop) error{w.lease, w.announce} {
		parts = append(parts, func(ctx context.Context) error { return f(ctx, l) })
	}
	for i := range 3 {
		parts = append(parts, func(ctx context.Context) error { return w.work(ctx, fmt.Sprint("w", i), l) })
	}
	if hasFeeder {
		parts = append(parts, func(ctx context.Context) error { return w.feed(ctx, l) })
	}
	return l, l.run(ctx, parts...)
}

// seal queues all numbers at once.
func (w *world) seal() {
	w.numbers, w.job.State, w.job.Count = worldCount, task.Sealed, worldCount
	for first := uint64(0); first < worldCount; first += 20 {
		w.queue[task.Range{First: first, Count: 20}] = true
	}
}

// TestLoopEndsTheSame: whatever is lost, delayed, repeated or wrong, and in whatever order
// the events come, a job ends complete with the same lines.
func TestLoopEndsTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		for _, hasFeeder := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed)
				w.returns = seed%2 == 0
				if !w.returns {
					w.poison = task.Set{} // only returns isolate a number
				}
				if !hasFeeder {
					w.seal()
				}
				var out output
				l, end := w.run(&out, hasFeeder, seed%3 > 0)
				if end != (ending{kind: complete}) {
					t.Fatalf("seed %d: %+v", seed, end)
				}
				w.check(&out, l.summary(), seed)
			})
			if t.Failed() {
				return
			}
		}
	}
}

// check checks that each number was printed once: its square, or that it was given up.
func (w *world) check(out *output, s *Summary, seed uint64) {
	if dead := w.poison.Len(); s.Verified != worldCount-dead || s.Counts.Dead != dead {
		w.t.Errorf("seed %d: %d verified, %d dead of %d", seed, s.Verified, s.Counts.Dead, dead)
	}
	var printed task.Set
	for i, item := range out.items {
		at := task.Range{First: item.Position, Count: 1}
		if printed.Add(at); seed%3 > 0 && item.Position != uint64(i) {
			w.t.Fatalf("seed %d: line %d is number %d", seed, i, item.Position)
		}
		if w.poison.Contains(at) != (item.Dead != "") {
			w.t.Errorf("seed %d: number %d: %q", seed, item.Position, item.Dead)
		}
	}
	if len(out.items) != worldCount || printed.Len() != worldCount {
		w.t.Errorf("seed %d: %d lines, %d numbers", seed, len(out.items), printed.Len())
	}
}

// TestLoopCancelled: a manifest that ends the job ends the loop, also one that waits for its
// output's server.
func TestLoopCancelled(t *testing.T) {
	t.Parallel()
	for _, state := range []task.State{task.Cancelled, task.Removed} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 1)
			w.seal()
			w.over = state
			var out output
			l, end := w.run(&out, false, true)
			if want, _ := manifestEnding(&task.Job{ID: "j", State: state}); end.kind != want.kind || end.err.Error() != want.err.Error() {
				t.Errorf("%+v", end)
			}
			if l.job.State != state {
				t.Errorf("the manifest is %+v", l.job)
			}
		})
	}
}

// TestLoopInputLost: a range that cannot be read from the input for as long as an election
// takes is lost.
func TestLoopInputLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.seal()
		w.queue = make(map[task.Range]bool)
		w.noInput = true
		began := time.Now()
		var out output
		_, end := w.run(&out, false, true)
		if end.kind != inputLost || !errors.Is(end.err, collect.ErrNoInput) {
			t.Errorf("%+v", end)
		}
		if took := time.Since(began); took < w.election() {
			t.Errorf("after %v", took)
		}
	})
}

// TestLoopCutOff: an open job without a feeder is sealed as cut off after cutOffAfter, and its
// stored numbers are answered. A job with a feeder is not sealed.
func TestLoopCutOff(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed)
			w.poison = task.Set{}
			w.seal()
			w.job.State, w.job.Count = task.Open, 0
			time.AfterFunc(20*time.Second, func() { w.mu.Lock(); w.noFeeder = time.Now(); w.mu.Unlock() })
			var out output
			l, end := w.run(&out, false, true)
			if end != (ending{kind: complete}) || !l.job.CutOff {
				t.Errorf("seed %d: %+v, %+v", seed, end, l.job)
			}
			w.check(&out, l.summary(), 1)
		})
	}
}

// TestLoopInterrupted: the end of the caller's context ends a loop, with its cause.
func TestLoopInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		because := errors.New("because")
		ctx, cancel := context.WithCancelCause(t.Context())
		w := newWorld(t, 3)
		l := newLoop(ctx, loopConfig{job: &w.job, watch: Watch{Emit: discard}, access: w, numbers: worldNumbers, reread: w.result})
		time.AfterFunc(time.Second, func() { cancel(because) })
		if end := l.run(ctx); end != (ending{interrupted, because}) {
			t.Errorf("%+v", end)
		}
	})
}

// TestAnswerTwice: an answer that comes twice, or late, changes nothing.
func TestAnswerTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4)
		w.seal()
		l := newLoop(t.Context(), loopConfig{job: &w.job, watch: Watch{Emit: discard}, access: w, numbers: worldNumbers, reread: w.result})
		defer l.group.Wait()
		defer l.cancel()
		l.review.request()
		caughtUp{w}.apply(l)
		for _, want := range []reviewStep{reviewManifest, reviewQueue, reviewLast} {
			v := &l.review
			if v.step != want {
				t.Fatalf("step %d, want %d", v.step, want)
			}
			a := (<-l.events).(answer)
			a.err = nil
			a.apply(l)
			step, operation := v.step, v.operation
			if a.apply(l); v.step != step || v.operation != operation {
				t.Errorf("step %d, operation %d after a duplicate; %d, %d before", v.step, v.operation, step, operation)
			}
		}
	})
}
