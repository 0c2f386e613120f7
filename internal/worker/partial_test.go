package worker

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// fullOutbox is a fakeOutbox that stores no result until room is closed.
type fullOutbox struct {
	*fakeOutbox
	room  chan struct{}
	calls atomic.Int32 // of Result
}

func (o *fullOutbox) Result(ctx context.Context, job string, r task.Range, payload []byte) error {
	o.calls.Add(1)
	select {
	case <-o.room:
		return o.fakeOutbox.Result(ctx, job, r, payload)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// fill makes the results of r wait until the returned outbox has room.
func (r *rig) fill() *fullOutbox {
	o := &fullOutbox{fakeOutbox: r.outbox, room: make(chan struct{})}
	r.Worker.outbox = o
	return o
}

// stored returns the stored results by range.
func (r *rig) stored() map[string]*task.Result {
	r.outbox.mu.Lock()
	defer r.outbox.mu.Unlock()
	return maps.Clone(r.outbox.results)
}

// wantLines compares the journal without heartbeats.
func (r *rig) wantLines(want ...string) {
	r.t.Helper()
	got := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" })
	if !slices.Equal(got, want) {
		r.t.Errorf("at %v:\n got %q\nwant %q", time.Since(r.began), got, want)
	}
}

// TestPartialResults: of 20 numbers of 1 s, those that were finished in the first 10 s are stored after 12 s, each
// once. The rest is stored at the end, before the ack.
func TestPartialResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		numbers := repeat(20, 1000)
		r.offer(r.chunk(100, numbers...))
		r.start()
		time.Sleep(12 * time.Second)
		var stored task.Set
		for name := range r.stored() {
			at, _ := task.ParseRange(name)
			stored.Add(at)
		}
		if lost := 12 - stored.Len(); lost > 5 || stored.Len() > 12 {
			t.Errorf("%d numbers are stored after 12 s", stored.Len())
		}
		time.Sleep(9 * time.Second)
		stored = task.Set{}
		results := r.stored()
		for name, result := range results {
			at, _ := task.ParseRange(name)
			if fresh := stored.Add(at); fresh != at.Count {
				t.Errorf("%d of %d numbers of %s are stored twice", at.Count-fresh, at.Count, name)
			}
			asked := make([]nat.Nat, at.Count)
			for i := range asked {
				asked[i] = nat.New(1000)
			}
			chunk := result.Chunk(at, at.First)
			if chunk != (task.Range{First: 100, Count: 20}) || result.Kernels != "avx2" || result.Began.Before(r.began) || result.Ended.Before(result.Began) {
				t.Errorf("the origin of result %s is %+v", name, result.Origin)
			}
			if result.Asked != task.HashNumbers(asked) {
				t.Errorf("result %s does not have the hash of its numbers", name)
			}
		}
		lines := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" })
		if stored.Len() != 20 || len(results) > 5 || lines[len(lines)-1] != "ack" || len(lines) != len(results)+1 {
			t.Errorf("journal %q", lines)
		}
		if s := r.Stats(); s.Numbers != 20 || s.CPU != 20*time.Millisecond {
			t.Errorf("stats %+v", s)
		}
		r.drain()
	})
}

// TestPartialBeforeLongNumber: what was finished before a number that takes long is stored while it runs.
func TestPartialBeforeLongNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.offer(r.chunk(0, 1, 2, 3, 60_000))
		r.start()
		time.Sleep(5100 * time.Millisecond)
		r.wantLines("result 0-3")
		time.Sleep(60 * time.Second)
		r.wantLines("result 3-1", "ack")
		r.drain()
	})
}

// TestPartialWaitsForRoom: while the store is full the computation goes on, one result waits, and nothing is acked.
// What was finished meanwhile is one result.
func TestPartialWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		o := r.fill()
		r.offer(r.chunk(0, repeat(30, 1000)...))
		r.start()
		time.Sleep(20500 * time.Millisecond)
		if n := o.calls.Load(); n != 1 {
			t.Errorf("%d results wait for room", n)
		}
		close(o.room)
		time.Sleep(200 * time.Millisecond)
		r.wantLines("result 0-4", "result 4-16")
		time.Sleep(11 * time.Second)
		lines := r.journal.take()
		if s := r.Stats(); s.Numbers != 30 || lines[len(lines)-1] != "ack" {
			t.Errorf("%d numbers, journal %q", s.Numbers, lines)
		}
		r.drain()
	})
}

// TestPartialIsAwaited: a delivery whose numbers are all finished is acked once its partial result is stored.
func TestPartialIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		o := r.fill()
		r.offer(r.chunk(0, 3000, 3000, 3000))
		r.start()
		time.Sleep(20 * time.Second)
		r.wantLines()
		close(o.room)
		time.Sleep(time.Second)
		r.wantLines("result 0-1", "result 1-2", "ack")
		r.drain()
	})
}

// TestPartialOfDroppedWork: neither a cancelled job nor a quarantine waits for a partial result.
func TestPartialOfDroppedWork(t *testing.T) {
	for name, test := range map[string]struct {
		order func(*Worker)
		want  []string
	}{
		"cancel":     {func(w *Worker) { w.Cancel("job") }, []string{"ack"}},
		"quarantine": {(*Worker).Quarantine, []string{"return 0-20 drained", "ack"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				r.fill()
				r.offer(r.chunk(0, repeat(20, 1000)...))
				r.start()
				time.Sleep(7 * time.Second)
				r.wantLines()
				test.order(r.Worker)
				time.Sleep(time.Second)
				r.wantLines(test.want...)
				r.drain()
			})
		})
	}
}

// TestPartialIsUnsettled: a drain that ends while a partial result waits leaves the task to redelivery.
func TestPartialIsUnsettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.fill()
		r.offer(r.chunk(0, repeat(20, 1000)...))
		r.start()
		time.Sleep(7 * time.Second)
		if err := r.drain(); err == nil || !strings.Contains(err.Error(), "1 unsettled task") {
			t.Errorf("drain: %v", err)
		}
		r.wantLines()
	})
}

// TestPartialBeforeHang: of a chunk with a number that hangs, what is stored is not returned.
func TestPartialBeforeHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.offer(r.chunk(0, 3000, 3000, 100, hangs, 1))
		r.start()
		time.Sleep(30 * time.Second)
		r.wantLines("result 0-1", "failed 2-1 #1", "return 1-1 isolate", "return 2-1 isolate", "return 3-2 isolate in 2", "ack")
		close(r.kind.release)
		r.drain()
	})
}

// TestPartialOfLapsed: a delivery of which the server has not heard for AckWait stores nothing on the way.
func TestPartialOfLapsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		d := r.chunk(0, repeat(20, 1000)...)
		d.Handle.(*fakeHandle).offline = true
		r.offer(d)
		r.start()
		time.Sleep(19 * time.Second)
		r.wantLines("result 0-4")
		time.Sleep(3 * time.Second)
		r.wantLines("result 4-16", "ack")
		r.drain()
	})
}

// TestPartialAroundFailure: a number that fails is in no partial result, and the numbers behind it are stored on the way.
func TestPartialAroundFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.offer(r.chunk(0, 1000, 1000, breaks, 2000, 2000, 1000))
		r.start()
		time.Sleep(6500 * time.Millisecond)
		r.wantLines("result 0-2", "result 3-1")
		time.Sleep(2 * time.Second)
		r.wantLines("result 4-2", "failed 2-1 #1", "return 2-1 isolate", "ack")
		r.drain()
	})
}
