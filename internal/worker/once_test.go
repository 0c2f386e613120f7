package worker

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// newOnceRig returns a rig whose worker ends after one task.
func newOnceRig(t *testing.T) *rig {
	r := newRig(t, 1)
	r.Worker.config.Once = true
	return r
}

// wantEnd waits for the end of Run, and compares what was stored and settled besides the heartbeats.
func (r *rig) wantEnd(want ...string) {
	r.t.Helper()
	if err := <-r.result; err != nil {
		r.t.Error(err)
	}
	lines := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" })
	slices.Sort(lines)
	if !slices.Equal(lines, want) {
		r.t.Errorf("got %q, want %q", lines, want)
	}
}

// TestOnce: the worker computes one task and ends when it is settled. A task that comes with it is returned.
func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newOnceRig(t)
		first, second := r.chunk(0, 300, 300), r.chunk(10, 300)
		r.start()
		time.Sleep(time.Hour)
		r.offer(first)
		time.Sleep(100 * time.Millisecond)
		r.deliver(second) // a source may deliver more than was requested
		begin := time.Now()
		r.wantEnd("ack", "ack", "result 0-2", "return 10-1 drained")
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("took %v", took)
		}
		if n := slices.Max(r.source.asked()); n != 1 {
			t.Errorf("asked for %d tasks", n)
		}
	})
}

// TestOnceWaits: a result that cannot be stored is waited for, for longer than a drain.
func TestOnceWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newOnceRig(t)
		r.outbox.blocked = make(chan struct{})
		r.offer(r.chunk(0, 1), r.chunk(10, 1))
		r.start()
		time.AfterFunc(time.Hour, func() { close(r.outbox.blocked) })
		r.wantEnd("ack", "result 0-1")
	})
}

// TestOnceFailed: a number that fails is a task that was computed, whether it may be tried again or not.
func TestOnceFailed(t *testing.T) {
	for number, want := range map[uint64][]string{breaks: {"failed 0-1 #1", "nak"}, never: {"dead 0-1", "term"}} {
		synctest.Test(t, func(t *testing.T) {
			r := newOnceRig(t)
			r.offer(r.chunk(0, number))
			r.start()
			r.wantEnd(want...)
		})
	}
}

// TestOnceNotComputed: tasks that are returned or cancelled do not count.
func TestOnceNotComputed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newOnceRig(t)
		unknown := r.chunk(0, 1)
		unknown.Schema = "99"
		cancelled := r.chunk(10, 60_000)
		cancelled.Job = "other"
		r.start()
		r.offer(unknown)
		time.Sleep(time.Second)
		r.offer(cancelled)
		time.Sleep(time.Second)
		r.Cancel("other")
		time.Sleep(time.Second)
		if got := strings.Join(slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" }), ", "); got != "return 0-1 unsupported, ack, ack" {
			t.Errorf("got %s", got)
		}
		r.offer(r.chunk(20, 1))
		r.wantEnd("ack", "result 20-1")
	})
}
