package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	emit := out.emit
	if w.slow != nil {
		emit = func(item *collect.Item) error { w.slow(); return out.emit(item) }
	}
	l := newLoop(ctx, loopConfig{
		hasFeeder: hasFeeder, job: &j, watch: Watch{Emit: emit, Ordered: ordered}, access: w, numbers: worldNumbers, reread: w.result,
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

// TestThrottledLoopEndsTheSame: the same for a job whose holder queues the tasks, with limits that a user changes all the
// time. While it is paused nothing is queued, but for what is on its way when it is paused.
func TestThrottledLoopEndsTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		for _, hasFeeder := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed)
				w.returns = seed%2 == 0
				if !w.returns {
					w.poison = task.Set{}
				}
				w.changes = 40
				w.throttle()
				if !hasFeeder {
					w.seal()
					w.queue = make(map[task.Range]bool)
				}
				var out output
				l, end := w.run(&out, hasFeeder, seed%3 > 0)
				if end != (ending{kind: complete}) {
					t.Fatalf("seed %d: %+v", seed, end)
				}
				w.check(&out, l.summary(), seed)
				if w.queuedPaused > 0 {
					t.Errorf("seed %d: tasks were queued %d times while the job was paused", seed, w.queuedPaused)
				}
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

// TestSealedWhileReviewed: a review that read the manifest before the feeder of this process sealed it does
// not say that the job waits for its input.
func TestSealedWhileReviewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 6)
		w.seal()
		sealed, opened := w.job, w.job
		opened.State, opened.Count = task.Open, 0
		w.job = opened
		status := func(text string) { t.Error(text) }
		l := newLoop(t.Context(), loopConfig{
			hasFeeder: true, job: &opened, watch: Watch{Emit: discard, Status: status}, access: w, numbers: worldNumbers, reread: w.result,
		})
		defer l.group.Wait()
		defer l.cancel()
		l.review.request()
		caughtUp{w}.apply(l)
		leaseChanged{held: true}.apply(l)
		a := (<-l.events).(answer)
		inputSealed{&sealed}.apply(l)
		a.err, a.job, a.feeder = nil, &opened, "p"
		for range 2 {
			a.apply(l)
			if l.review.step == reviewQueue {
				return
			}
			a.operation = l.review.operation
		}
		t.Errorf("step %d", l.review.step)
	})
}

// TestNewerManifestFirst: a job that more input was added to is not complete with the numbers
// that it had before, although the loop has still to receive the newer manifest.
func TestNewerManifestFirst(t *testing.T) {
	t.Parallel()
	for range 20 { // the loop receives events from several channels in random order
		sealed := &task.Job{ID: "j", Kind: task.KindSquare, State: task.Sealed}
		l := newLoop(t.Context(), loopConfig{job: sealed, watch: Watch{Emit: discard}, numbers: noNumbers, reread: noResult})
		l.manifests.put(&task.Job{ID: "j", Kind: task.KindSquare, State: task.Open})
		l.events <- leaseChanged{held: false}
		l.next()
		l.next()
		if l.ctx.Err() != nil {
			t.Fatal("the job is complete without the numbers of the newer manifest")
		}
		l.manifests.put(sealed)
		if l.next(); l.ctx.Err() == nil {
			t.Fatal("the job is not complete")
		}
	}
}

// TestReviewFindsEnd: a review of a job that was cancelled or removed ends the loop and requeues
// nothing, although the loop has not received the manifest that says so.
func TestReviewFindsEnd(t *testing.T) {
	t.Parallel()
	for _, state := range []task.State{task.Cancelled, task.Removed} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 5)
			w.seal()
			w.queue = make(map[task.Range]bool)
			j := w.job
			w.job.State = state
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			l := newLoop(ctx, loopConfig{job: &j, watch: Watch{Emit: discard}, access: w, numbers: worldNumbers, reread: w.result})
			l.results = func(context.Context) error { l.deliver(caughtUp{w}); l.post(leaseChanged{held: true}); return nil }
			time.AfterFunc(time.Minute, cancel)
			end := l.run(ctx)
			if want, _ := manifestEnding(&w.job); end.kind != want.kind {
				t.Errorf("%s: %+v", state, end)
			}
			if len(w.queue) > 0 || l.job.State != state {
				t.Errorf("%s: %d tasks are queued, the manifest is %+v", state, len(w.queue), l.job)
			}
		})
	}
}

// TestManyLettersSlowReviews: if the listing of dead letters takes long, because a worker has stored very many, letters
// that arrive one by one cause few reviews.
func TestManyLettersSlowReviews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 5)
		w.seal()
		w.listing = time.Second
		j := w.job
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l := newLoop(ctx, loopConfig{job: &j, watch: Watch{Emit: discard}, access: w, numbers: worldNumbers, reread: w.result})
		l.results = func(context.Context) error { l.deliver(caughtUp{w}); l.post(leaseChanged{held: true}); return nil }
		const minutes = 10
		time.AfterFunc(minutes*time.Minute, cancel)
		l.run(ctx, func(ctx context.Context) error {
			for ; ctx.Err() == nil; time.Sleep(reviewSpacing) {
				l.requestReview()
			}
			return nil
		})
		if most := 60 * minutes / listingShare; w.listed > most || w.listed < most/4 {
			t.Errorf("%d reviews in %d minutes", w.listed, minutes)
		}
	})
}

// TestTakenAgain: a worker that takes all tasks as soon as they are queued, and removes them, delays the job by little,
// although each review brings only one answer of an honest worker.
func TestTakenAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 5)
		w.seal()
		w.poison = task.Set{}
		j, began := w.job, time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l := newLoop(ctx, loopConfig{job: &j, watch: Watch{Emit: discard}, access: w, numbers: worldNumbers, reread: w.result})
		l.results = func(ctx context.Context) error { return w.follow(ctx, l) }
		time.AfterFunc(10*time.Minute, cancel)
		rounds := 0
		end := l.run(ctx, func(ctx context.Context) error {
			l.post(leaseChanged{held: true})
			for ; ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
				w.mu.Lock()
				taken := slices.Collect(maps.Keys(w.queue))
				clear(w.queue)
				w.mu.Unlock()
				if len(taken) > 0 {
					rounds++
					w.answer("honest", task.Range{First: taken[0].First, Count: min(taken[0].Count, 10)}, true)
				}
			}
			return nil
		})
		took := time.Since(began)
		t.Logf("%d rounds in %v", rounds, took)
		if end.kind != complete || rounds < 20 || took > time.Duration(rounds)*reviewQuiet/2 {
			t.Errorf("%+v after %v and %d rounds", end, took, rounds)
		}
	})
}

// TestLoopSlowOutput: an output that is slower than everything else changes nothing about the lines,
// and no goroutine waits for ever for the loop.
func TestLoopSlowOutput(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed)
			w.poison = task.Set{}
			var out output
			w.slow = func() { w.pause(time.Second) }
			l, end := w.run(&out, true, true)
			if end != (ending{kind: complete}) {
				t.Fatalf("seed %d: %+v", seed, end)
			}
			w.check(&out, l.summary(), 1)
		})
	}
}

// TestEndWhileOutputBlocks: a job that is cancelled while its output blocks, and many events wait
// for the loop, ends as soon as the output returns, and prints nothing afterwards.
func TestEndWhileOutputBlocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 6)
		w.seal()
		w.over = task.Cancelled
		var out output
		w.slow = func() { time.Sleep(10 * time.Second) }
		began := time.Now()
		_, end := w.run(&out, false, false)
		if end.kind != cancelled || len(out.items) > 20 || time.Since(began) > 210*time.Second {
			t.Errorf("%+v after %d lines and %v", end, len(out.items), time.Since(began))
		}
	})
}
