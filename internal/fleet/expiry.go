package fleet

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"

	"factorfleet/internal/task"
)

// An Expiry removes jobs when their time has passed. Of each job it keeps the id and the time, so
// that many thousand tombstones cost some megabytes, and no time until one is due.
type Expiry struct {
	f       *Fleet
	retry   time.Duration // after a job could not be removed
	earlier chan struct{} // capacity 1: the first job is another

	mu  sync.Mutex
	due expiries // guarded by mu. A job whose time has changed is in it more than once
}

// expiryRetry is the time after which an Expiry tries again to remove a job.
const expiryRetry = 5 * time.Second

// NewExpiry returns an Expiry that knows no jobs.
func (f *Fleet) NewExpiry() *Expiry {
	return &Expiry{f: f, retry: expiryRetry, earlier: make(chan struct{}, 1)}
}

// Put tells e of a job, or of a change of it.
func (e *Expiry) Put(j *task.Job) {
	if at, ok := expiresAt(j); ok {
		e.add(expiryOf{at.UnixNano(), j.ID})
	}
}

func (e *Expiry) add(x expiryOf) {
	e.mu.Lock()
	defer e.mu.Unlock()
	heap.Push(&e.due, x)
	if e.due[0] == x {
		select {
		case e.earlier <- struct{}{}:
		default:
		}
	}
}

// Run removes jobs as they become due until ctx ends. Of jobs that never ended it removes only
// those for which abandoned returns true.
func (e *Expiry) Run(ctx context.Context, abandoned func(id string) bool) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-e.earlier:
		}
		next := e.removeDue(ctx, abandoned)
		timer.Reset(next)
	}
}

// removeDue removes what is due and returns the time until the next job is.
func (e *Expiry) removeDue(ctx context.Context, abandoned func(id string) bool) time.Duration {
	for ctx.Err() == nil {
		id, wait := e.next()
		if id == "" {
			return wait
		}
		again, err := e.remove(ctx, id, abandoned)
		if err != nil && ctx.Err() == nil {
			e.f.link.Log.Debug().Err(err).Str("job", id).Msg("remove an expired job again later")
		}
		if again > 0 {
			e.add(expiryOf{time.Now().Add(again).UnixNano(), id})
		}
	}
	return 0
}

// next takes a job that is due; "" if none is before wait has passed.
func (e *Expiry) next() (id string, wait time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.due) == 0 {
		return "", time.Hour
	}
	// At most an hour: the clock may be set meanwhile.
	if wait := time.Until(time.Unix(0, e.due[0].at)); wait > 0 {
		return "", min(wait, time.Hour)
	}
	return heap.Pop(&e.due).(expiryOf).id, 0
}

// remove removes a job, if its manifest still says so. It returns after what time to look at the
// job again; 0 = never.
func (e *Expiry) remove(ctx context.Context, id string, abandoned func(string) bool) (again time.Duration, _ error) {
	j, err := e.f.Job(ctx, id)
	switch {
	case errors.Is(err, ErrNoJob):
		return 0, nil
	case err != nil:
		return e.retry, err
	case !expired(j):
		return 0, nil // its time has changed, and Put was or will be called for that
	case j.Expires == nil && !abandoned(id):
		return time.Hour, nil
	}
	removed, err := e.f.removeUnheld(ctx, j)
	if err != nil || !removed {
		return e.retry, err
	}
	return 0, nil
}

type expiryOf struct {
	at int64 // Unix nanoseconds
	id string
}

// expiries is a heap, the earliest first.
type expiries []expiryOf

func (h expiries) Len() int           { return len(h) }
func (h expiries) Less(i, j int) bool { return h[i].at < h[j].at }
func (h expiries) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *expiries) Push(x any)        { *h = append(*h, x.(expiryOf)) }
func (h *expiries) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
