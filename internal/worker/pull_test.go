package worker

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/task"
)

// TestLongTasksAreNotHeld: no more tasks are requested than slots are free, however long the queue, and no
// task waits in the worker.
func TestLongTasksAreNotHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 4)
		for i := range uint64(400) {
			r.offer(r.chunk(i, 20+i%50))
		}
		r.start()
		for range 2000 {
			time.Sleep(time.Millisecond)
			synctest.Wait()
			if s := r.Stats(); s.Held > 4 || s.Busy < 4 {
				t.Fatalf("at %v: %+v", time.Since(r.began), s)
			}
		}
		if n := slices.Max(r.source.asked()); n > 4 {
			t.Errorf("asked for %d tasks", n)
		}
		r.drain()
	})
}

// TestOutstandingRequests: a busy slot requests nothing.
func TestOutstandingRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 3)
		r.offer(r.chunk(0, 60_000), r.chunk(1, 50_000))
		r.start()
		time.Sleep(10 * time.Second)
		for i, n := range r.source.asked() {
			if want := map[bool]int{true: 3, false: 1}[i == 0]; n != want {
				t.Errorf("pull %d asks for %d tasks, want %d", i, n, want)
			}
		}
		r.offer(r.chunk(2, 60_000))
		time.Sleep(time.Second)
		before := len(r.source.asked())
		time.Sleep(10 * time.Second)
		if n := len(r.source.asked()) - before; n != 0 {
			t.Errorf("%d pulls with all slots busy", n)
		}
		r.StopComputing()
		r.drain()
	})
}

// TestShortTasksArePulledAhead: up to 50 ms of work for each slot.
func TestShortTasksArePulledAhead(t *testing.T) {
	for _, test := range []struct {
		number uint64 // milliseconds a task
		ahead  int    // most in one pull
		held   int
	}{
		{0, 256, 2 * 512}, // and the caps
		{2, 2 * 25, 2 * 25},
		{5, 2 * 10, 2 * 10},
		{9, 2 * 5, 2 * 5},
		{11, 2, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, 2)
			r.outbox.journal = new(journal)
			for i := range uint64(5000) {
				r.offer(r.chunk(i, test.number))
			}
			held := 0
			r.start()
			for range 300 {
				time.Sleep(time.Millisecond)
				r.mu.Lock()
				held = max(held, r.buffer.len+r.busy)
				r.mu.Unlock()
			}
			if n := slices.Max(r.source.asked()); n > test.ahead || n < test.ahead/2 {
				t.Errorf("tasks of %d ms: asked for %d at once, want up to %d", test.number, n, test.ahead)
			}
			if test.number > 0 && (held > test.held || held < test.held*8/10) {
				t.Errorf("tasks of %d ms: held %d, want up to %d", test.number, held, test.held)
			}
			if n := len(r.source.asked()); test.number == 2 && n > 40 {
				t.Errorf("tasks of 2 ms: %d pulls for 300 tasks", n)
			}
			if err := r.drain(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestShortTasksTurnLong: tasks that were pulled ahead and then wait behind long ones are returned.
func TestShortTasksTurnLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		for i := range uint64(10) {
			r.offer(r.chunk(i, 1))
		}
		for i := range uint64(40) {
			r.offer(r.chunk(100+i, 60_000))
		}
		r.start()
		time.Sleep(3 * time.Second)
		if s := r.Stats(); s.Held != 1 || s.Busy != 1 {
			t.Errorf("%+v", s)
		}
		if n := r.journal.count("return 1"); n == 0 {
			t.Error("nothing was handed back")
		}
		r.StopComputing()
		r.drain()
	})
}

// TestSettlingIsPipelined: a slot does not wait for the round trips of short tasks, until too many of them
// wait for a settler.
func TestSettlingIsPipelined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.outbox.blocked = make(chan struct{})
		for i := range uint64(5000) {
			r.offer(again(r.chunk(i, 0)))
		}
		r.start()
		time.Sleep(5 * time.Second)
		r.mu.Lock()
		if r.settlers != maxSettlers || r.unsettled.len != maxUnsettled || r.busy != 1 {
			t.Errorf("%d settlers, %d unsettled, %d busy", r.settlers, r.unsettled.len, r.busy)
		}
		if r.buffer.len >= maxSlotTasks {
			t.Errorf("%d in the buffer", r.buffer.len)
		}
		r.mu.Unlock()
		close(r.outbox.blocked)
		time.Sleep(time.Second)
		if s := r.Stats(); s.Tasks != 5000 || s.Held != 0 {
			t.Errorf("%+v", s)
		}
		if err := r.drain(); err != nil {
			t.Error(err)
		}
	})
}

// TestHeldIsBounded: while nothing can be stored, stale tasks do not move the queue into this process.
func TestHeldIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.outbox.blocked = make(chan struct{})
		for i := range uint64(8000) {
			number := uint64(0)
			if i >= 1700 { // tasks of which the first occupies the slot
				number = forever
			}
			r.offer(r.chunk(i, number))
		}
		r.start()
		for range 60 {
			time.Sleep(time.Second)
			if s, most := r.Stats(), 2*maxSlotTasks+maxUnsettled+maxSettlers+maxGroups*groupMost+pullTasks; s.Held > most {
				t.Fatalf("at %v: %d held, want %d at most", time.Since(r.began), s.Held, most)
			}
		}
		r.mu.Lock()
		if r.busy != 1 || r.unsettledLocked() < maxUnsettled {
			t.Errorf("%d busy, %d unsettled", r.busy, r.unsettledLocked())
		}
		r.mu.Unlock()
		r.StopComputing()
		close(r.outbox.blocked)
		if err := r.drain(); err != nil {
			t.Error(err)
		}
	})
}

// TestWaitForSettlersIsNoWork: the time for which a slot waits for settlers does not count against its
// next number.
func TestWaitForSettlersIsNoWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.outbox.blocked = make(chan struct{})
		for i := range uint64(maxSettlers + maxUnsettled + 1) {
			r.offer(again(r.chunk(i, 0)))
		}
		r.offer(r.chunk(9000, 3000))
		r.start()
		time.Sleep(10*time.Minute + 300*time.Millisecond)
		close(r.outbox.blocked)
		time.Sleep(4 * time.Second)
		if r.journal.count("failed") != 0 || r.journal.count("result 9000-1") != 1 {
			t.Errorf("%d failures, %d results", r.journal.count("failed"), r.journal.count("result 9000-1"))
		}
		if got := r.outbox.results["9000-1"]; got != nil && got.Elapsed != 3*time.Second {
			t.Errorf("took %v", got.Elapsed)
		}
		r.drain()
	})
}

// TestLongTasksSettleInTheirSlot: while the server is away no other task takes their slot.
func TestLongTasksSettleInTheirSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.outbox.blocked = make(chan struct{})
		for i := range uint64(10) {
			r.offer(r.chunk(i, 100))
		}
		r.start()
		time.Sleep(10 * time.Second)
		if s := r.Stats(); s.Held != 2 || s.Busy != 2 || s.Tasks != 2 {
			t.Errorf("%+v", s)
		}
		close(r.outbox.blocked)
		time.Sleep(time.Second)
		if s := r.Stats(); s.Held != 0 || s.Tasks != 10 {
			t.Errorf("%+v", s)
		}
		r.drain()
	})
}

// TestUnsupportedIsNotPulledAhead: returning a task is fast, but does not count as short work. The source stops
// requests of the class for a while.
func TestUnsupportedIsNotPulledAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		for i := range uint64(100) {
			d := r.chunk(i, 1)
			d.Schema = "9"
			r.offer(d)
		}
		r.start()
		time.Sleep(time.Second)
		if n := slices.Max(r.source.asked()); n > 2 {
			t.Errorf("asked for %d tasks", n)
		}
		r.source.mu.Lock()
		if len(r.source.skipped) != 100 || r.source.skipped[0] != task.ClassNorm {
			t.Errorf("skipped %v", r.source.skipped)
		}
		r.source.mu.Unlock()
		r.drain()
	})
}

// TestPullErrors: the puller retries after growing pauses of at most 5 s.
func TestPullErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.source.err = errors.New("no server")
		r.start()
		time.Sleep(time.Minute)
		if n := len(r.source.asked()); n < 12 || n > 25 {
			t.Errorf("%d pulls in a minute", n)
		}
		if err := r.PullError(); err != r.source.err {
			t.Errorf("PullError: %v", err)
		}
		begin := time.Now()
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("drain took %v", took)
		}
	})
}

// TestPullErrorEnds: PullError is nil before the first error and after the next answer.
func TestPullErrorEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		if err := r.PullError(); err != nil {
			t.Error(err)
		}
		broken := make(chan struct{})
		r.Worker.source = &mendedSource{fakeSource: r.source, broken: broken}
		r.start()
		time.Sleep(time.Second)
		if r.PullError() == nil {
			t.Error("no error while the source is broken")
		}
		close(broken)
		time.Sleep(10 * time.Second)
		if err := r.PullError(); err != nil {
			t.Errorf("after an answer: %v", err)
		}
		r.drain()
	})
}

// mendedSource fails until broken is closed.
type mendedSource struct {
	*fakeSource
	broken chan struct{}
}

func (s *mendedSource) Pull(ctx context.Context, n int, deliver func(*Delivery)) error {
	select {
	case <-s.broken:
		return s.fakeSource.Pull(ctx, n, deliver)
	default:
		return errors.New("no server")
	}
}
