package main

import (
	"context"
	"sync/atomic"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/worker"
)

// workersEvery is the time between two looks at the registry of workers, for the status line.
const workersEvery = 5 * time.Second

// A workerList has the workers as last seen in the registry. It is safe for concurrent use.
type workerList struct {
	list atomic.Pointer[[]worker.Status] // nil until the registry was read once
}

// watchWorkers reads the registry now and every workersEvery until ctx ends.
func watchWorkers(ctx context.Context, fl *fleet.Fleet) *workerList {
	l := new(workerList)
	l.read(ctx, fl)
	go func() {
		ticker := time.NewTicker(workersEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				l.read(ctx, fl)
			case <-ctx.Done():
				return
			}
		}
	}()
	return l
}

// read reads the registry once. If that fails, the last state stays.
func (l *workerList) read(ctx context.Context, fl *fleet.Fleet) {
	ctx, cancel := context.WithTimeout(ctx, workersEvery)
	defer cancel()
	if list, err := fl.Workers(ctx); err == nil {
		l.list.Store(&list)
	}
}

// count returns the number of active workers, -1 if it is unknown.
func (l *workerList) count() int {
	if list := l.list.Load(); list != nil {
		return len(*list)
	}
	return -1
}

// slots returns the number of their slots, 0 if it is unknown.
func (l *workerList) slots() (n int) {
	if list := l.list.Load(); list != nil {
		for i := range *list {
			n += (*list)[i].Slots
		}
	}
	return n
}

// activities returns the numbers that the workers have computed for long. The time that has passed
// since a worker's heartbeat is subtracted from the time left.
func (l *workerList) activities() (all []worker.Activity) {
	list := l.list.Load()
	if list == nil {
		return nil
	}
	for i := range *list {
		w := &(*list)[i]
		for _, a := range w.Activities {
			if a.Left > 0 {
				a.Left = max(a.Left-time.Since(w.Seen), time.Second)
			}
			all = append(all, a)
		}
	}
	return all
}
