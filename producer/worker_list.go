package main

import (
	"context"
	"sync/atomic"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/observe"
	"factorfleet/internal/worker"
)

// workersWait is how long the first chunk waits until the workers are known. Chunks are cut for two slots if it takes
// longer.
const workersWait = 5 * time.Second

// A workerList has the workers of the registry, for the status line. It is safe for concurrent use.
type workerList struct {
	now      func() time.Time               // the server's time
	registry atomic.Pointer[fleet.Registry] // nil until the registry is known
	known    <-chan struct{}                // closed when it is known, or cannot be
	late     <-chan struct{}                // closed workersWait after the start, or at the end of the session
}

// watchWorkers follows the registry until ctx ends. It does not wait: a job can be created meanwhile.
func watchWorkers(ctx context.Context, fl *fleet.Fleet) *workerList {
	known := make(chan struct{})
	late, stop := context.WithTimeout(ctx, workersWait)
	l := &workerList{now: func() time.Time { return fl.Now(ctx) }, known: known, late: late.Done()}
	go func() {
		defer stop()
		defer close(known)
		if r, err := fl.Registry(ctx); err == nil {
			l.registry.Store(r)
		}
	}()
	return l
}

// workers returns the active workers. ok is false if they are unknown: the server was not reached for long.
func (l *workerList) workers() (list []worker.Status, ok bool) {
	if r := l.registry.Load(); r != nil && r.Observed() > 0 {
		return r.Workers(), true
	}
	return nil, false
}

// count returns the number of active workers, -1 if it is unknown.
func (l *workerList) count() int {
	if list, ok := l.workers(); ok {
		return len(list)
	}
	return -1
}

// slots returns the number of their slots, 0 if it is unknown. It waits until the workers are known, at most until
// workersWait after the start.
func (l *workerList) slots() (n int) {
	select {
	case <-l.known:
	case <-l.late:
	}
	list, _ := l.workers()
	for i := range list {
		n += list[i].Slots
	}
	return n
}

// statuses returns what the workers say of themselves. The time that has passed since a worker's heartbeat is subtracted
// from the time left of its numbers.
func (l *workerList) statuses() []worker.Status {
	list, _ := l.workers()
	now := l.now()
	for i := range list {
		list[i].Activities = observe.ActivitiesAt(&list[i], now)
	}
	return list
}
