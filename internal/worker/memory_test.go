package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A hog has numbers that take memory: a number n >= grows takes n-grows bytes a second, without end; smaller
// ones take that many milliseconds and no memory.
type hog struct {
	used    atomic.Uint64
	release chan struct{} // if not nil, it hears of nothing else
}

const grows = 1_000_000

func (h *hog) Run(ctx context.Context, numbers []nat.Nat, o RunOptions, done *[]task.Factorization) error {
	for _, n := range numbers {
		o.Tick()
		v, _ := n.Word()
		took := uint64(0)
		for begin := time.Now(); v >= grows || time.Since(begin) < time.Duration(v)*time.Millisecond; o.Tick() {
			end := ctx.Done()
			if h.release != nil {
				end = h.release
			}
			select {
			case <-end:
				h.used.Add(-took)
				return context.Cause(ctx)
			case <-time.After(10 * time.Millisecond):
			}
			if v >= grows {
				took += (v - grows) / 100
				h.used.Add((v - grows) / 100)
			}
		}
		*done = append(*done, task.Factorization{Factors: []task.Factor{{P: n, Exp: 1, Status: task.Prime}}, Method: "hog"})
	}
	return nil
}

// newHogRig returns a rig whose worker may use 1000 bytes.
func newHogRig(t *testing.T, slots int, h *hog) *rig {
	r := newRig(t, slots)
	r.Worker.config.Kinds["script"] = h
	r.Worker.config.MaxMemory = 1000
	r.Worker.heap = h.used.Load
	return r
}

// TestMemory: the number that takes the memory fails. Its neighbours do not, whether older or younger, in its
// chunk or beside it. The same holds on the last attempt.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newHogRig(t, 3, new(hog))
		r.start()
		r.offer(r.chunk(0, 3000))
		time.Sleep(500 * time.Millisecond)
		r.offer(r.chunk(10, 20, grows+1000, 20))
		time.Sleep(700 * time.Millisecond) // the heap is at 500
		r.offer(r.chunk(20, 2000))
		time.Sleep(4 * time.Second)
		for _, want := range []string{"result 0-1", "result 10-1", "result 12-1", "result 20-1", "failed 11-1", "return 11-1 isolate"} {
			if r.journal.count(want) != 1 {
				t.Errorf("no %q", want)
			}
		}
		if n := r.journal.count("failed"); n != 1 {
			t.Errorf("%d failures", n)
		}
		if f := r.outbox.failures["11-1"]; f == nil || f.Err != errNoMemory.Error() || f.Numbers[0].String() != "1001000" {
			t.Errorf("record %+v", f)
		}
		r.journal.take()
		d := r.chunk(11, grows+1000)
		d.Attempt = 3
		r.offer(d)
		time.Sleep(2 * time.Second)
		if r.journal.count("dead 11-1") != 1 || r.journal.count("term") != 1 {
			t.Errorf("last attempt: %q", r.journal.take())
		}
		if s := r.Stats(); s.Lost != 0 || s.Busy != 0 {
			t.Errorf("%+v", s)
		}
		if err := r.drain(); err != nil {
			t.Error(err)
		}
	})
}

// TestMemoryHangs: a computation that takes all memory and does not end ends the worker, but its failure
// record is stored and other work is returned.
func TestMemoryHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hog{release: make(chan struct{})}
		defer close(h.release)
		r := newHogRig(t, 2, h)
		r.Worker.config.AckWait = time.Minute // only the guard is as quick
		r.start()
		r.offer(r.chunk(0, grows+10_000))
		if err := <-r.result; !errors.Is(err, ErrRestart) {
			t.Errorf("Run returned %v", err)
		}
		if took := time.Since(r.began); took > 3*time.Second {
			t.Errorf("took %v", took)
		}
		r.wantJournal("beat", "failed 0-1 #1", "nak")
	})
}

// TestMemoryOfNone: if no computation has grown the heap none is interrupted.
func TestMemoryOfNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(hog)
		h.used.Store(5000)
		r := newHogRig(t, 1, h)
		r.offer(r.chunk(0, 1000))
		r.start()
		time.Sleep(1500 * time.Millisecond)
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		if r.journal.count("result 0-1") != 1 {
			t.Errorf("%q", r.journal.take())
		}
	})
}
