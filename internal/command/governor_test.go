package command

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/hours"
	"factorfleet/internal/machine"
	"factorfleet/internal/worker"
)

// A fakeWorker keeps its pauses.
type fakeWorker struct {
	stats  worker.Stats
	pause  worker.Pause
	states []string // changes of the state
}

func (w *fakeWorker) Stats() worker.Stats {
	s := w.stats
	s.State = worker.StateRunning
	if w.pause.State != "" {
		s.State = w.pause.State
	}
	return s
}

func (w *fakeWorker) SetPause(p worker.Pause) {
	if p.State != w.pause.State {
		w.states = append(w.states, time.Now().UTC().Format("15:04:05 ")+p.State)
	}
	w.pause = p
}

// A governed is a governor with fakes, in a synctest bubble, which begins on 2000-01-01 at midnight in UTC.
type governed struct {
	governor
	worker    *fakeWorker
	ctx       context.Context
	load      float64
	loadError error
	online    bool
	logged    bytes.Buffer
}

func govern(t *testing.T, a Availability) *governed {
	g := &governed{worker: new(fakeWorker), online: true}
	ctx, end := context.WithCancelCause(t.Context())
	g.ctx = ctx
	g.governor = governor{
		Availability: a, worker: g.worker, end: end, connected: func() bool { return g.online },
		load: func(time.Time) (float64, error) { return g.load, g.loadError },
		log:  zerolog.New(&g.logged),
	}
	g.pass(0)
	return g
}

// pass lets time pass, and looks whenever the governor wants to, as run does.
func (g *governed) pass(d time.Duration) {
	for end := time.Now().Add(d); g.ctx.Err() == nil; {
		wait := g.look(time.Now())
		if left := time.Until(end); wait > left {
			time.Sleep(left)
			return
		}
		time.Sleep(wait)
	}
}

// at lets time pass until that time of the first day, in UTC.
func (g *governed) at(clock string) {
	c, err := time.Parse(time.TimeOnly, clock)
	if err != nil {
		panic(err)
	}
	now := time.Now().UTC()
	g.pass(time.Date(now.Year(), now.Month(), now.Day(), c.Hour(), c.Minute(), c.Second(), 0, time.UTC).Sub(now))
}

func inUTC(t *testing.T) {
	old := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = old })
}

func TestGovernHours(t *testing.T) {
	inUTC(t)
	synctest.Test(t, func(t *testing.T) {
		var a Availability
		for _, text := range []string{"22:00-07:00", "12:30-13:00"} {
			p, err := hours.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			a.Hours = append(a.Hours, p)
		}
		g := govern(t, a)
		if g.worker.pause != (worker.Pause{}) {
			t.Errorf("at midnight: %+v", g.worker.pause)
		}
		g.at("11:00:00")
		if want := (worker.Pause{State: worker.StateSleeping, Reason: "sleeping until 12:30 UTC"}); g.worker.pause != want {
			t.Errorf("at 11:00: %+v", g.worker.pause)
		}
		g.at("13:00:00")
		if g.worker.pause.Reason != "sleeping until 22:00 UTC" {
			t.Errorf("at 13:00: %+v", g.worker.pause)
		}
		g.at("23:59:59")
		want := "07:00:00 sleeping, 12:30:00 , 13:00:00 sleeping, 22:00:00 "
		if got := strings.Join(g.worker.states, ", "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestGovernLoad: a worker is paused above the limit, and takes tasks again at 0.8 of it.
func TestGovernLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := govern(t, Availability{MaxLoad: 4})
		for _, step := range []struct {
			load   float64
			paused bool
		}{{4, false}, {4.1, true}, {3.5, true}, {3.2, false}, {3.9, false}, {9, true}, {3.3, true}} {
			g.load = step.load
			g.pass(machine.LoadEvery)
			if got := g.worker.pause.State == worker.StatePaused; got != step.paused {
				t.Errorf("load %v: %+v", step.load, g.worker.pause)
			}
		}
		if got, want := g.worker.pause.Reason, "other programs have a load of 3.3, limit 4"; got != want {
			t.Errorf("reason %q, want %q", got, want)
		}
		g.loadError = errors.New("no such file")
		g.pass(time.Hour)
		if g.worker.pause.State != "" || strings.Count(g.logged.String(), "has no effect") != 1 {
			t.Errorf("without a load: %+v, log %s", g.worker.pause, g.logged.String())
		}
		g.loadError, g.load = nil, 5
		g.pass(machine.LoadEvery)
		if g.worker.pause.State != worker.StatePaused {
			t.Errorf("%+v", g.worker.pause)
		}
	})
}

// TestGovernIdle: the worker ends after a minute in which it took tasks and had none.
func TestGovernIdle(t *testing.T) {
	inUTC(t)
	synctest.Test(t, func(t *testing.T) {
		p, err := hours.Parse("00:10-24:00")
		if err != nil {
			t.Fatal(err)
		}
		g := govern(t, Availability{ExitIdle: time.Minute, Hours: hours.Hours{p}})
		g.at("00:10:50") // it slept until 00:10
		g.worker.stats.Held = 1
		g.at("00:20:00") // it has a task for long
		g.worker.stats.Held, g.worker.stats.Tasks = 0, 1
		g.at("00:20:50")
		g.worker.stats.Tasks = 2 // a short one
		g.at("00:21:30")
		g.online = false
		g.at("00:30:00") // no server
		g.online = true
		g.at("00:30:55")
		if g.ctx.Err() != nil {
			t.Fatal("ended too early")
		}
		g.at("00:31:02")
		if context.Cause(g.ctx) != errIdle || !strings.Contains(g.logged.String(), "no task came") {
			t.Errorf("%v, log %s", context.Cause(g.ctx), g.logged.String())
		}
	})
}

func TestNeeded(t *testing.T) {
	t.Parallel()
	if (Availability{Once: true, MaxTime: time.Hour}).needed() {
		t.Error("a worker that is never paused needs no governor")
	}
	for _, a := range []Availability{{MaxLoad: 1}, {ExitIdle: 1}, {Hours: make(hours.Hours, 1)}} {
		if !a.needed() {
			t.Errorf("%+v needs no governor", a)
		}
	}
}
