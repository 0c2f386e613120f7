package worker

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

var asleep = Pause{State: StateSleeping, Reason: "sleeping until 22:00"}

// TestPause: a paused worker completes what it has begun and takes nothing new, until the pause ends.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		var logged bytes.Buffer
		r.Worker.config.Log = zerolog.New(&logged).Level(zerolog.InfoLevel)
		r.offer(r.chunk(0, 3000))
		r.start()
		time.Sleep(time.Second)
		r.SetPause(Pause{State: StatePaused, Reason: "load 7"})
		r.SetPause(Pause{State: StatePaused, Reason: "load 8"})
		synctest.Wait()
		pulls := len(r.source.asked())
		if s := r.Stats(); s.State != StatePaused || s.Pause != "load 8" || s.Busy != 1 {
			t.Errorf("stats %+v", s)
		}
		r.offer(r.chunk(10, 1))
		time.Sleep(time.Hour)
		if lines := r.journal.take(); !slices.Contains(lines, "result 0-1") || slices.Contains(lines, "result 10-1") {
			t.Errorf("got %q", lines)
		}
		if n := len(r.source.asked()) - pulls; n != 0 {
			t.Errorf("%d pulls in the pause", n)
		}
		r.SetPause(Pause{})
		r.SetPause(Pause{})
		time.Sleep(100 * time.Millisecond)
		r.wantJournal("result 10-1", "ack")
		if s := r.Stats(); s.State != StateRunning || s.Pause != "" {
			t.Errorf("stats %+v", s)
		}
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		if text := logged.String(); strings.Count(text, "takes no new tasks") != 1 || strings.Count(text, "takes tasks again") != 1 || !strings.Contains(text, "load 7") {
			t.Errorf("log: %s", text)
		}
	})
}

// TestSleep: a worker that falls asleep returns its tasks as in a drain, and works as before when it wakes up.
func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 3)
		for i := range uint64(8) { // so that tasks are pulled ahead
			r.offer(r.chunk(i, 0))
		}
		r.start()
		time.Sleep(time.Second)
		r.source.late = []*Delivery{r.chunk(60, 1)}
		r.offer(r.chunk(10, 5000), r.chunk(20, 5000, 5000, 5000), r.chunk(40, 60_000), r.chunk(50, 1))
		time.Sleep(500 * time.Millisecond)
		r.journal.take()
		r.SetPause(asleep)
		synctest.Wait()
		if s := r.Stats(); s.State != StateDraining || s.Pause != asleep.Reason || s.Busy != 3 {
			t.Errorf("stats %+v", s)
		}
		time.Sleep(12 * time.Second)
		if s := r.Stats(); s.Busy != 2 {
			t.Errorf("interrupted too early: %+v", s)
		}
		time.Sleep(700 * time.Millisecond)
		if s := r.Stats(); s.State != StateSleeping || s.Held != 0 {
			t.Errorf("stats %+v", s)
		}
		lines := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" || s == "ack" })
		slices.Sort(lines)
		if got, want := strings.Join(lines, ", "), "result 10-1, result 20-1, result 21-1, return 22-1 drained, return 40-1 drained, return 50-1 drained, return 60-1 drained"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		r.offer(r.chunk(70, 1))
		time.Sleep(8 * time.Hour)
		r.wantJournal()
		r.SetPause(Pause{})
		r.offer(r.chunk(80, 60_000))
		time.Sleep(2 * time.Minute)
		if lines := r.journal.take(); !slices.Contains(lines, "result 70-1") || !slices.Contains(lines, "result 80-1") {
			t.Errorf("got %q", lines)
		}
		if err := r.drain(); err != nil {
			t.Error(err)
		}
	})
}

// TestShortSleep: a worker that wakes up before running tasks were interrupted continues with them.
func TestShortSleep(t *testing.T) {
	for _, then := range []Pause{{}, {State: StatePaused}} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, 1)
			r.offer(r.chunk(0, 60_000))
			r.start()
			for range 10 {
				time.Sleep(5 * time.Second)
				r.SetPause(asleep)
				time.Sleep(500 * time.Millisecond)
				r.SetPause(then)
			}
			time.Sleep(20 * time.Second)
			if r.journal.count("result 0-1") != 1 || r.journal.count("return") != 0 {
				t.Errorf("got %q", r.journal.take())
			}
			r.drain()
		})
	}
}

// TestSleepSpendsNoDelivery: a last attempt that runs when the worker falls asleep is withdrawn.
func TestSleepSpendsNoDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		d := r.chunk(0, forever)
		d.Attempt = 3
		r.offer(d)
		r.start()
		time.Sleep(500 * time.Millisecond)
		r.SetPause(asleep)
		time.Sleep(20 * time.Second)
		lines := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" })
		if got, want := strings.Join(lines, ", "), "failed 0-1 #3, return 0-1 drained, ack"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		r.drain()
	})
}

// TestSleepAndQuarantine: each ends only itself.
func TestSleepAndQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.start()
		r.offer(r.chunk(0, forever))
		time.Sleep(500 * time.Millisecond)
		r.SetPause(asleep)
		time.Sleep(20 * time.Second)
		r.Quarantine()
		if s := r.Stats(); s.State != StateQuarantined {
			t.Errorf("stats %+v", s)
		}
		r.SetPause(Pause{})
		r.offer(r.chunk(10, 1))
		time.Sleep(time.Minute)
		if n := r.journal.count("result"); n != 0 {
			t.Error("a worker in quarantine computes")
		}
		r.SetPause(asleep)
		time.Sleep(20 * time.Second) // its computations are halted once more
		r.Release()
		time.Sleep(time.Minute)
		if n := r.journal.count("result"); n != 0 {
			t.Error("a worker that sleeps computes")
		}
		r.SetPause(Pause{})
		time.Sleep(time.Second)
		if n := r.journal.count("result 10-1"); n != 1 {
			t.Errorf("got %q", r.journal.take())
		}
		r.SetPause(asleep)
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		r.SetPause(Pause{})
		if s := r.Stats(); s.State != StateDraining {
			t.Errorf("stats %+v", s)
		}
	})
}

// TestSleepInOutage: results that cannot be stored when the worker falls asleep are stored later.
func TestSleepInOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.outbox.blocked = make(chan struct{})
		r.offer(r.chunk(0, 1000))
		r.start()
		time.Sleep(500 * time.Millisecond)
		r.SetPause(asleep)
		time.Sleep(10 * time.Minute)
		if s := r.Stats(); s.State != StateDraining || s.Held != 1 {
			t.Errorf("stats %+v", s)
		}
		close(r.outbox.blocked)
		time.Sleep(time.Second)
		if s := r.Stats(); s.State != StateSleeping || r.journal.count("result 0-1") != 1 {
			t.Errorf("stats %+v, %q", s, r.journal.take())
		}
		r.drain()
	})
}
