package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/machine"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
)

// Why a worker ends by itself: the causes of its context.
var (
	errIdle    = errors.New("no task came for --exit-when-idle")
	errMaxTime = errors.New("--max-time is over")
)

const (
	// wallLook bounds the time between two looks at the wall clock: it may be set, or the machine suspended.
	wallLook = 30 * time.Second
	// idleLook is the time between two looks whether the worker had a task.
	idleLook = time.Second
)

// A governor pauses a worker at the times and loads that an Availability excludes, and ends it. One goroutine at
// a time calls its methods.
type governor struct {
	Availability
	worker interface {
		Stats() worker.Stats
		SetPause(worker.Pause)
	}
	load      func(now time.Time) (float64, error) // of the other programs
	connected func() bool                          // whether the worker can be sent tasks
	end       context.CancelCauseFunc              // ends the worker
	log       zerolog.Logger

	others  float64   // load at the last sample
	sampled time.Time // of load; zero = never
	loaded  bool      // others was too high, see machine.TooLoaded
	unknown bool      // the load cannot be read; that was logged
	idle    idleClock
}

// needed reports whether there is anything to govern.
func (a Availability) needed() bool { return len(a.Hours) > 0 || a.MaxLoad > 0 || a.ExitIdle > 0 }

// run looks after the worker until ctx ends.
func (g *governor) run(ctx context.Context) {
	for ctx.Err() == nil {
		await(ctx, nil, g.look(time.Now()))
	}
}

// look pauses the worker or not, ends it if it was idle for long enough, and returns when to look again.
func (g *governor) look(now time.Time) (wait time.Duration) {
	pause, wait := g.pauseAt(now)
	g.worker.SetPause(pause)
	if g.ExitIdle > 0 {
		wait = min(wait, idleLook, g.ExitIdle)
		if g.idle.look(now, g.worker.Stats(), g.connected()) >= g.ExitIdle {
			g.log.Info().Str("idle", text.Elapsed(g.ExitIdle)).Msg("no task came, the worker ends")
			g.end(errIdle)
		}
	}
	return wait
}

// pauseAt decides whether the worker takes tasks at now, and until when the decision holds at most.
func (g *governor) pauseAt(now time.Time) (p worker.Pause, wait time.Duration) {
	wait = wallLook
	if g.MaxLoad > 0 {
		g.sample(now)
		wait = min(wait, max(machine.LoadEvery-now.Sub(g.sampled), 0))
	}
	active, next := g.Hours.At(now)
	if !next.IsZero() {
		wait = min(wait, max(next.Sub(now), time.Millisecond))
	}
	switch {
	case !active:
		p = worker.Pause{State: worker.StateSleeping, Reason: "sleeping until " + next.Format("15:04 MST")}
	case g.loaded:
		p = worker.Pause{State: worker.StatePaused, Reason: fmt.Sprintf("other programs have a load of %.1f, limit %g", g.others, g.MaxLoad)}
	}
	return p, wait
}

// sample reads the load if that is due. A load that cannot be read is no reason for a pause.
func (g *governor) sample(now time.Time) {
	if !g.sampled.IsZero() && now.Sub(g.sampled) < machine.LoadEvery {
		return
	}
	g.sampled = now
	others, err := g.load(now)
	if err != nil && !g.unknown {
		g.log.Warn().Err(err).Msg("cannot read the load of the machine: --max-load has no effect")
	}
	g.unknown = err != nil
	g.others, g.loaded = others, err == nil && machine.TooLoaded(g.loaded, others, g.MaxLoad)
}

// An idleClock measures how long a worker has had no task although it took tasks.
type idleClock struct {
	since time.Time // zero before the first look
	tasks uint64    // that the worker had computed at the last look
}

// look returns for how long the worker has been idle at now. Tasks that it cannot compute, which it returns, do not
// count: while they come it is idle. While it is paused or cannot be sent tasks, it is not.
func (c *idleClock) look(now time.Time, s worker.Stats, connected bool) time.Duration {
	if c.since.IsZero() || s.Held > 0 || s.Tasks != c.tasks || s.State != worker.StateRunning || !connected {
		c.since, c.tasks = now, s.Tasks
	}
	return now.Sub(c.since)
}
