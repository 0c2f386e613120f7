package worker

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// TestDrainIdle: an idle worker drains at once.
func TestDrainIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 3)
		r.start()
		time.Sleep(time.Second)
		begin := time.Now()
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("drain took %v", took)
		}
		if s := r.Stats(); s.State != StateDraining {
			t.Errorf("stats %+v", s)
		}
	})
}

// TestDrainWhileComputing: tasks that end within half of the drain timeout are finished, the others are
// interrupted; neither costs a delivery.
func TestDrainWhileComputing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 3)
		r.offer(r.chunk(0, 12_000), r.chunk(10, 5000, 5000, 5000), r.chunk(20, 60_000))
		r.start()
		time.Sleep(time.Second)
		begin := time.Now()
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took < 12500*time.Millisecond || took > 12600*time.Millisecond {
			t.Errorf("drain took %v, want half of 25 s", took)
		}
		lines := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" || s == "ack" })
		slices.Sort(lines)
		if got, want := strings.Join(lines, ", "), "result 0-1, result 10-1, result 11-1, return 12-1 drained, return 20-1 drained"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestStopComputing: it does at once what half of the drain timeout would do.
func TestStopComputing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		d := r.chunk(0, 1000, 1000, 60_000, 1)
		d.Attempt = 1
		r.offer(d)
		r.start()
		time.Sleep(2500 * time.Millisecond)
		r.stop()
		time.Sleep(time.Second)
		if n := r.journal.count("result"); n != 0 {
			t.Fatal("did not wait for the computation")
		}
		begin := time.Now()
		r.StopComputing()
		r.StopComputing()
		if err := <-r.result; err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took > 100*time.Millisecond {
			t.Errorf("took %v", took)
		}
		lines := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" })
		if got := fmt.Sprint(lines); got != "[result 0-2 return 2-2 drained ack]" {
			t.Errorf("got %s", got)
		}
	})
}

// TestDrainSpendsNoDelivery: a drain costs no delivery, not even a last attempt that runs.
func TestDrainSpendsNoDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		d := r.chunk(0, freezes)
		d.Attempt = 3
		r.offer(d)
		r.start()
		time.Sleep(time.Second)
		r.StopComputing()
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		r.wantJournal("failed 0-1 #3", "return 0-1 drained", "ack")
	})
}

// TestDrainOfBuffer: waiting tasks are returned at once, and so are tasks that the server sends while the
// last pull ends.
func TestDrainOfBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		for i := range uint64(4) {
			r.offer(r.chunk(i, 0))
		}
		r.start()
		time.Sleep(time.Second)
		r.journal.take()
		r.source.late = []*Delivery{r.chunk(30, 1)}
		r.offer(r.chunk(10, 5000), r.chunk(20, 1, 2))
		time.Sleep(50 * time.Millisecond)
		r.stop()
		synctest.Wait()
		lines := r.journal.take()
		slices.Sort(lines) // two settlers at once
		if want := []string{"ack", "ack", "return 20-2 drained", "return 30-1 drained"}; !slices.Equal(lines, want) {
			t.Errorf("got %q, want %q", lines, want)
		}
		if err := <-r.result; err != nil {
			t.Error(err)
		}
		if r.journal.count("result 10-1") != 1 || r.journal.count("return") != 0 {
			t.Errorf("got %q", r.journal.take())
		}
	})
}

// TestDrainWithBlockedOutbox: tasks whose results cannot be stored are left to redelivery at the timeout
// and counted; they are not acked.
func TestDrainWithBlockedOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.outbox.blocked = make(chan struct{})
		r.offer(r.chunk(0, 0), r.chunk(1, 100)) // one with a settler, one in its slot
		r.start()
		time.Sleep(time.Second)
		r.offer(r.chunk(2, 60_000))
		time.Sleep(time.Second)
		begin := time.Now()
		err := r.drain()
		if err == nil || !strings.Contains(err.Error(), "3 unsettled tasks") {
			t.Errorf("Run returned %v", err)
		}
		if took := time.Since(begin); took != 25*time.Second {
			t.Errorf("drain took %v", took)
		}
		if lines := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" }); len(lines) > 0 {
			t.Errorf("settled all the same: %q", lines)
		}
	})
}

// TestDrainOutboxRecovers: everything is stored when the server comes back during the drain.
func TestDrainOutboxRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.outbox.blocked = make(chan struct{})
		r.offer(r.chunk(0, 1))
		r.start()
		time.Sleep(500 * time.Millisecond)
		time.AfterFunc(20*time.Second, func() { close(r.outbox.blocked) })
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		if r.journal.count("result 0-1") != 1 || r.journal.count("ack") != 1 {
			t.Errorf("got %q", r.journal.take())
		}
	})
}

// TestDrainWithHang: a computation that ignores its context does not block the end of the program; its
// failure record is stored.
func TestDrainWithHang(t *testing.T) {
	for _, stop := range []bool{false, true} { // whether the drain or the heartbeat interrupts it first
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, 1)
			defer close(r.kind.release)
			r.offer(r.chunk(0, hangs))
			r.start()
			time.Sleep(500 * time.Millisecond)
			begin := time.Now()
			if stop {
				r.StopComputing()
			}
			if err := r.drain(); err != nil {
				t.Errorf("Run returned %v", err)
			}
			if took := time.Since(begin); took > 6*time.Second {
				t.Errorf("drain took %v", took)
			}
			r.wantJournal("beat", "failed 0-1 #1", "nak")
			if f := r.outbox.failures["0-1"]; !strings.HasPrefix(f.Err, "no sign of life for 2s, ") {
				t.Errorf("failure record %q", f.Err)
			}
		})
	}
}

// TestForgotten: a delivery that the server does not know any more, because it was killed, counts as settled
// in a drain, and one log line says that the task will be redelivered.
func TestForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		var logged bytes.Buffer
		r.Worker.config.Log = zerolog.New(&logged).Level(zerolog.WarnLevel)
		d := r.chunk(0, 1000)
		d.Handle.(*fakeHandle).forgotten = true
		r.offer(d)
		r.start()
		time.Sleep(500 * time.Millisecond)
		begin := time.Now()
		if err := r.drain(); err != nil {
			t.Errorf("Run returned %v", err)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("drain took %v", took)
		}
		r.wantJournal("result 0-1", "ack forgotten")
		if s := logged.String(); strings.Count(s, "\n") != 1 || !strings.Contains(s, "a finished task will be redelivered") || !strings.Contains(s, `"range":"0-1"`) {
			t.Errorf("logged %q", s)
		}
	})
}

// TestQuarantine: all work is returned whole, and nothing is pulled until the release.
func TestQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.offer(r.chunk(0, 100, 60_000))
		r.start()
		time.Sleep(500 * time.Millisecond)
		r.Quarantine()
		r.Quarantine()
		r.offer(r.chunk(5, 1))
		time.Sleep(10 * time.Second)
		r.wantJournal("return 0-2 drained", "ack")
		if s := r.Stats(); s.State != StateQuarantined || s.Held != 0 {
			t.Errorf("stats %+v", s)
		}
		r.Release()
		r.Release()
		time.Sleep(1200 * time.Millisecond) // the next task does not arrive in the moment of a scan
		r.wantJournal("result 5-1", "ack")
		if s := r.Stats(); s.State != StateRunning {
			t.Errorf("stats %+v", s)
		}
		r.offer(r.chunk(10, 1, freezes, 2)) // also after a number that was interrupted
		time.Sleep(95 * time.Second)
		r.wantJournal("result 10-1", "result 12-1", "failed 11-1 #1", "return 11-1 isolate", "ack")
		if err := r.drain(); err != nil {
			t.Error(err)
		}
	})
}

// TestQuarantineDuringDrain: the drain ends as usual.
func TestQuarantineDuringDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.offer(r.chunk(0, 60_000))
		r.start()
		time.Sleep(500 * time.Millisecond)
		r.Quarantine()
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		r.Release()
		r.wantJournal("return 0-1 drained", "ack")
	})
}

// TestCancelWhileOverdue: Cancel works while a number of the job is overdue.
func TestCancelWhileOverdue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.offer(r.chunk(0, hangs, forever))
		r.start()
		time.Sleep(2300 * time.Millisecond) // interrupted, not yet hung
		r.Cancel("job")
		close(r.kind.release)
		time.Sleep(100 * time.Millisecond)
		r.wantJournal("ack")
		r.drain()
	})
}

// TestCancel: running tasks of the job, and those that arrive later, are acked without a result; other
// jobs continue.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		other := r.chunk(50, 2000)
		other.Job = "other"
		r.offer(r.chunk(0, 100, 60_000), other)
		r.start()
		time.Sleep(500 * time.Millisecond)
		begin := time.Now()
		r.Cancel("job")
		synctest.Wait()
		if took := time.Since(begin); took > 100*time.Millisecond {
			t.Errorf("took %v", took)
		}
		r.wantJournal("ack")
		r.offer(r.chunk(10, 1), r.chunk(11, 0)) // the second is done before it looks at its context
		time.Sleep(300 * time.Millisecond)
		r.wantJournal("ack", "ack")
		time.Sleep(3 * time.Second)
		if r.journal.count("result 50-1") != 1 {
			t.Errorf("the other job: %q", r.journal.take())
		}
		r.journal.take()

		time.Sleep(rememberCancel)
		r.offer(r.chunk(20, 1))
		time.Sleep(time.Second)
		r.wantJournal("result 20-1", "ack")
		r.drain()
	})
}

// TestRestart: when the source has failed for good the worker drains and returns ErrRestart.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.source.err = fmt.Errorf("stalled: %w", ErrRestart)
		r.start()
		if err := <-r.result; !errors.Is(err, ErrRestart) {
			t.Errorf("Run returned %v", err)
		}
	})
}

func TestLeftError(t *testing.T) {
	for left, want := range map[int]string{
		1: "worker: drain: 1 unsettled task will be redelivered",
		2: "worker: drain: 2 unsettled tasks will be redelivered",
	} {
		if got := leftError(left).Error(); got != want {
			t.Errorf("leftError(%d) = %q, want %q", left, got, want)
		}
	}
	if err := leftError(0); err != nil {
		t.Errorf("leftError(0) = %v, want nil", err)
	}
}
