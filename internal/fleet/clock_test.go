package fleet

import (
	"errors"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestClock: answers that come fast are believed, slow ones only if they contradict what is known. The clock of
// the process may be wrong by any time.
func TestClock(t *testing.T) {
	t.Parallel()
	start := time.Now()
	for _, wrong := range []time.Duration{0, 31 * 24 * time.Hour, -31 * 24 * time.Hour} {
		var c clock
		local := start.Add(wrong) // the clock of the process when the server's shows start
		if !c.due(local) || c.due(local.Add(clockAge/2)) || !c.due(local.Add(2*clockAge)) {
			t.Error("due")
		}
		if got := c.now(local); !got.Equal(local) {
			t.Errorf("without an answer: %v", got)
		}
		check := func(what string, after, want time.Duration) {
			t.Helper()
			if got := c.now(local.Add(after)).Sub(start); got != want {
				t.Errorf("clock %v wrong, %s: after %v it shows %v, want %v", wrong, what, after, got, want)
			}
		}
		answer := func(asked, took, shown time.Duration) {
			c.observe(local.Add(asked), local.Add(asked+took), start.Add(shown))
		}
		answer(0, 10*time.Millisecond, 5*time.Millisecond)
		check("first answer", time.Hour, time.Hour)
		answer(time.Minute, 8*time.Second, time.Minute+7*time.Second) // it was read at the end of the 8 s
		check("slow answer", time.Hour, time.Hour)
		answer(2*time.Minute, 8*time.Second, time.Hour) // the machine was suspended
		check("slow answer that contradicts", 2*time.Minute+4*time.Second, time.Hour)
		answer(3*time.Minute, 20*time.Millisecond, 2*time.Hour)
		check("fast answer", 3*time.Minute+10*time.Millisecond, 2*time.Hour)
		c.observe(local.Add(time.Hour), local, start)
		c.observe(local, local, time.Time{})
		check("no answers", 3*time.Minute+10*time.Millisecond, 2*time.Hour)
	}
}

// TestWrongClock: the times in a manifest are those of the server, whatever the clock of the process shows.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	const wrong = 31 * 24 * time.Hour
	f := h.open(h.connect())
	f.clock.mu.Lock()
	f.clock.local = f.clock.local.Add(-wrong) // as if 31 days had passed here and none there
	f.clock.mu.Unlock()
	if d := time.Until(f.now()); d.Abs() < wrong-time.Minute {
		t.Fatalf("the clock is only %v wrong", d)
	}
	f.clock.mu.Lock()
	f.clock.asked = time.Time{}
	f.clock.mu.Unlock()
	h.job("j", task.ClassNorm, 0)
	if j, err := f.Cancel(t.Context(), "j"); err != nil || time.Until(*j.Ended).Abs() > time.Minute {
		t.Errorf("%+v, %v", j, err)
	}
	if err := f.Remove(t.Context(), "j"); err != nil {
		t.Error(err)
	}
	if j, err := f.Job(t.Context(), "j"); err != nil || (time.Until(*j.Expires)-TombstoneAge).Abs() > time.Minute {
		t.Errorf("%+v, %v", j, err)
	}
}

// TestClockWithoutServer: without an answer the last estimate holds, and only one request in clockAge waits.
func TestClockWithoutServer(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	nc, js := h.connect()
	f, err := Open(t.Context(), nc, js, stream.Options{Log: zerolog.Nop(), Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	h.stop()
	f.clock.mu.Lock()
	f.clock.asked = time.Time{}
	f.clock.mu.Unlock()
	for range 2 {
		if d := time.Until(f.Now(t.Context())); d.Abs() > time.Minute {
			t.Errorf("%v wrong", d)
		}
	}
	if f.clock.due(time.Now()) {
		t.Error("each use of the clock would wait for the server")
	}
	if _, err := f.Job(t.Context(), "j"); err == nil || errors.Is(err, ErrNoJob) {
		t.Errorf("%v", err)
	}
}

// TestWrongClockOfHeartbeats: whether a process of a worker is alive is told by the server's clock, in which its
// heartbeats are dated.
func TestWrongClockOfHeartbeats(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Minute})
	const wrong = time.Hour
	h.clock.mu.Lock()
	h.clock.at = h.clock.at.Add(wrong) // as if the clock of this process were behind by an hour
	h.clock.mu.Unlock()
	begun := time.Now()
	h.put(schema.FailedPrefix+"j.0-1.0.3.w", (&task.Failure{Worker: "w", Attempt: 3, Time: begun}).Encode())
	x := &Failures{f: h.Fleet, ackWait: time.Minute}
	at, err := schema.ParseSubject(schema.FailedPrefix + "j.0-1.0.3.w")
	if err != nil {
		t.Fatal(err)
	}
	for ago, want := range map[time.Duration]bool{time.Second: true, 2 * time.Minute: false} {
		present := []worker.Status{{Name: "w", Started: begun.Add(-time.Hour), Seen: begun.Add(wrong - ago)}}
		if got, err := x.runs(t.Context(), present, "w", &claims{records: []schema.Place{at}}); err != nil || got != want {
			t.Errorf("last heartbeat %v ago: %v, %v", ago, got, err)
		}
	}
}
