package fleet

import (
	"container/heap"
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"factorfleet/internal/task"
)

// An Expiry removes jobs when their time has passed. Of each job it keeps the id and the time, so
// that many thousand tombstones cost some megabytes, and no time until one is due.
//
//	FollowJobs ──► Put ──► due: a heap by time ──► Run, when the first one is due
//	                                               │ reads the manifest, takes the lease, removes
//	                                               └─► back into due if that was not possible
//
// All times are the server's, see expiresAt and clock: no clock of a process needs to be right. An Expiry
// asks for the server's time before it removes anything, and once an hour at least, because the machine may
// have been suspended.
type Expiry struct {
	f       *Fleet
	retry   time.Duration // after a job could not be removed
	earlier chan struct{} // capacity 1: the first job is another

	mu  sync.Mutex
	due expiries         // guarded by mu
	at  map[string]int64 // guarded by mu; the time of each job in due. An entry of due with another is out of date
}

const (
	expiryRetry = 5 * time.Second // after a job could not be removed: held, or the server did not answer
	extentsFor  = 256             // jobs that are removed with the same extents
	minStale    = 1000            // entries that are out of date and take their place
	longestWait = time.Hour       // between two looks at the clock; also between two at a job of 30 days that is still supervised
)

// NewExpiry returns an Expiry that knows no jobs.
func (f *Fleet) NewExpiry() *Expiry {
	return &Expiry{f: f, retry: expiryRetry, earlier: make(chan struct{}, 1), at: make(map[string]int64)}
}

// Put tells e of a job, or of a change of its manifest. Manifests with the same time cost nothing more,
// however often they are put: a follower delivers all of them again after a loss of messages.
func (e *Expiry) Put(j *task.Job) {
	if at, ok := expiresAt(j); ok {
		e.add(expiryOf{nanos(at), j.ID})
	}
}

// nanos returns t in Unix nanoseconds, or the nearest time that they can express.
func nanos(t time.Time) int64 {
	switch {
	case t.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}

func (e *Expiry) add(x expiryOf) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if at, ok := e.at[x.id]; ok && at == x.at {
		return
	}
	e.at[x.id] = x.at
	if len(e.due) > 2*len(e.at)+minStale {
		e.compact()
	} else {
		heap.Push(&e.due, x)
	}
	if e.due[0] == x {
		select {
		case e.earlier <- struct{}{}:
		default:
		}
	}
}

// compact removes the entries of due that are out of date. A job has one for each change of its manifest, the first
// ones for abandonedAge: they would be most of the memory of a supervisor. The caller holds mu.
func (e *Expiry) compact() {
	e.due = slices.Grow(e.due[:0:0], len(e.at)+minStale)
	for id, at := range e.at {
		e.due = append(e.due, expiryOf{at, id})
	}
	heap.Init(&e.due)
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
		e.f.Now(ctx)
		next := e.removeDue(ctx, abandoned)
		timer.Reset(next)
	}
}

// removeDue removes what is due, several jobs at the same time, and returns the time until the next job is. A
// job that could not be removed is due again after a pause, so that it does not hold up the others.
func (e *Expiry) removeDue(ctx context.Context, abandoned func(id string) bool) time.Duration {
	var group sync.WaitGroup
	defer group.Wait()
	places := make(chan struct{}, removeParallel)
	var extents []extent
	for n := 0; ctx.Err() == nil; n++ {
		id, wait := e.next()
		if id == "" {
			return wait
		}
		if n%extentsFor == 0 {
			var err error
			if extents, err = e.f.extents(ctx); err != nil {
				e.retryLater(ctx, id, e.retry, err)
				return e.retry
			}
		}
		places <- struct{}{}
		known := extents
		group.Go(func() {
			defer func() { <-places }()
			retry, err := e.remove(ctx, id, known, abandoned)
			e.retryLater(ctx, id, retry, err)
		})
	}
	return 0
}

// retryLater makes a job due again after the time retry; 0 = never.
func (e *Expiry) retryLater(ctx context.Context, id string, retry time.Duration, err error) {
	if err != nil && ctx.Err() == nil {
		e.f.link.Log.Debug().Err(err).Str("job", id).Msg("cannot remove an expired job, retrying")
	}
	if retry > 0 {
		e.add(expiryOf{nanos(e.f.now().Add(retry)), id})
	}
}

// next takes a job that is due; "" if none is before wait has passed.
func (e *Expiry) next() (id string, wait time.Duration) {
	now := e.f.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.due) > 0 {
		first := e.due[0]
		current := e.at[first.id] == first.at
		if wait := time.Unix(0, first.at).Sub(now); current && wait > 0 {
			return "", min(wait, longestWait)
		}
		heap.Pop(&e.due)
		if current {
			delete(e.at, first.id)
			return first.id, 0
		}
	}
	return "", longestWait
}

// remove removes a job, if its manifest still says so. extents were read before. It returns after what time to
// look at the job again; 0 = never, or when Put says so.
func (e *Expiry) remove(ctx context.Context, id string, extents []extent, abandoned func(string) bool) (retry time.Duration, _ error) {
	j, revision, err := e.f.jobRevision(ctx, id)
	switch {
	case errors.Is(err, ErrNoJob):
		return 0, nil
	case err != nil:
		return e.retry, err
	case !expired(j, e.f.Now(ctx)):
		return 0, nil // its time has changed, and Put was or will be called for that
	case !j.Finished() && !abandoned(id):
		return longestWait, nil
	}
	removed, err := e.f.removeUnheld(ctx, j, revision, extents)
	if err != nil || !removed {
		return e.retry, err
	}
	return 0, nil
}

// An expiryOf is the time at which a job may be removed, or at which to try again.
type expiryOf struct {
	at int64 // Unix nanoseconds
	id string
}

// expiries is a heap, the earliest first; see container/heap.
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
