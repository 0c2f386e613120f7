package fleet

import (
	"context"
	"slices"
	"time"

	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A forgottenWatch searches for pull requests that the server has forgotten. A nats-server forgets those that wait when
// its configuration is reloaded, as after a revocation, and sends no sign. A worker without work notices it only when its
// requests should have ended, after 30 to 40 s (puller/wait.go). So tasks are queued, nobody waits for them, and a worker
// says that it has a free slot. If that is so at two looks in a row, all workers are told to pull again. Workers that are
// busy have no request that waits, so that the order costs them nothing.
//
// It also repeats the order that names the classes with a route.
//
// A worker may claim a free slot for ever. The others then get an order in orderPause from each process that sweeps.
//
// The goroutine of Fleet.watchForgotten owns all fields.
type forgottenWatch struct {
	f       *Fleet
	workers func() []worker.Status
	before  map[task.Class]bool // classes with tasks that nobody waited for at the last look
	ordered time.Time           // when the last order was sent
}

const (
	forgottenLook = 2 * time.Second  // between two looks; one is a small request while nothing is queued
	orderPause    = 10 * time.Second // between two orders
)

// watchForgotten searches for forgotten requests until ctx ends.
func (f *Fleet) watchForgotten(ctx context.Context, workers func() []worker.Status) {
	w := &forgottenWatch{f: f, workers: workers}
	for stream.Sleep(ctx, forgottenLook) == nil {
		if err := w.look(ctx); err != nil {
			f.link.Log.Debug().Err(err).Msg("cannot search for forgotten pull requests, retrying")
		}
	}
}

// look sends an order if this look and the one before have found tasks of a class for which nobody waits.
func (w *forgottenWatch) look(ctx context.Context) error {
	before := w.before
	w.before = make(map[task.Class]bool)
	classes, depth, err := w.f.classesAndDepth(ctx)
	if err != nil {
		return err
	}
	if routed := withRoute(classes); len(routed) > 0 { // workers that have started since may not know them
		if err := w.f.announceRoutes(routed); err != nil {
			return err
		}
	}
	workers := slices.DeleteFunc(w.workers(), func(s worker.Status) bool { return !hasFreeSlot(s) })
	if depth == 0 || len(workers) == 0 {
		return nil
	}
	again := false
	for _, class := range classes {
		if !slices.ContainsFunc(workers, func(s worker.Status) bool { return s.Serves(class.Route()) }) {
			continue
		}
		info, err := w.f.durable(ctx, class)
		if isGone(class, err) {
			continue
		}
		if err != nil {
			return err
		}
		w.before[class] = info.NumPending > 0 && info.NumWaiting == 0 && !info.Paused
		again = again || w.before[class] && before[class]
	}
	if !again || time.Since(w.ordered) < orderPause {
		return nil
	}
	w.ordered = time.Now()
	return w.f.RenewPulls()
}

// hasFreeSlot reports whether a worker says that it takes tasks and has a slot for one.
func hasFreeSlot(s worker.Status) bool {
	return s.State == worker.StateRunning && s.Busy+s.Lost < s.Slots
}
