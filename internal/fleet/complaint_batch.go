package fleet

import (
	"context"
	"sync"
	"time"
)

const (
	complaintGather = time.Second      // between a complaint and its line and record, so that a burst is one
	complaintWrite  = time.Minute      // the least time between two records of one worker
	complaintLog    = 10 * time.Minute // the least time between two lines about one worker and kind

	// maxComplained is how many workers without a standing get one for complaints. It is below
	// maxStandings, so that names which somebody invents never keep strikes out.
	maxComplained = maxStandings / 2
)

// complaints counts complaints of this process until they are logged and stored. Only add is called by
// other goroutines than that of run.
type complaints struct {
	log   func(worker string, what Complaint, count uint64)
	store func(ctx context.Context, worker string, counts map[Complaint]uint64) error
	wake  chan struct{} // capacity 1: there is something to log or store

	mu      sync.Mutex
	enabled bool                        // guarded by mu; false = complaints are ignored
	workers map[string]*complaintsOfOne // guarded by mu; at most maxStandings
}

// complaintsOfOne are the complaints about one worker.
type complaintsOfOne struct {
	unstored map[Complaint]uint64
	stored   time.Time // of the last record; zero = none
	unlogged map[Complaint]uint64
	logged   map[Complaint]time.Time // of the last line
}

func newComplaints(log func(string, Complaint, uint64), store func(context.Context, string, map[Complaint]uint64) error) *complaints {
	return &complaints{log: log, store: store, wake: make(chan struct{}, 1), workers: make(map[string]*complaintsOfOne)}
}

// enable makes add count from now on.
func (c *complaints) enable() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.enabled = true
}

// add counts one complaint.
func (c *complaints) add(worker string, what Complaint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.enabled {
		return
	}
	w := c.workers[worker]
	if w == nil {
		if len(c.workers) >= maxStandings {
			return
		}
		w = &complaintsOfOne{unstored: make(map[Complaint]uint64), unlogged: make(map[Complaint]uint64), logged: make(map[Complaint]time.Time)}
		c.workers[worker] = w
	}
	w.unstored[what]++
	w.unlogged[what]++
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run logs and stores complaints until ctx ends. The first complaint about a worker is logged and stored
// within complaintGather and the time of a round trip, those that follow within complaintWrite.
func (c *complaints) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		}
		for more := true; more; { // until everything is stored
			select {
			case <-ctx.Done():
				return
			case <-time.After(complaintGather):
			}
			lines, records, rest := c.due(time.Now())
			for _, l := range lines {
				c.log(l.worker, l.what, l.count)
			}
			for worker, counts := range records {
				if c.store(ctx, worker, counts) != nil {
					c.putBack(worker, counts)
					rest = true
				}
			}
			more = rest
		}
	}
}

// A complaintLine is a line of the log.
type complaintLine struct {
	worker string
	what   Complaint
	count  uint64 // since the last line about this worker and kind
}

// due takes what is to be logged and stored now. rest reports whether something is not stored yet. It
// forgets workers about whom nothing was said for complaintLog.
func (c *complaints) due(now time.Time) (lines []complaintLine, records map[string]map[Complaint]uint64, rest bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	records = make(map[string]map[Complaint]uint64)
	for name, w := range c.workers {
		for what, n := range w.unlogged {
			if last, ok := w.logged[what]; !ok || now.Sub(last) >= complaintLog {
				lines = append(lines, complaintLine{name, what, n})
				w.logged[what] = now
				delete(w.unlogged, what)
			}
		}
		switch {
		case len(w.unstored) == 0 && now.Sub(w.stored) >= complaintLog:
			delete(c.workers, name)
		case len(w.unstored) > 0 && (w.stored.IsZero() || now.Sub(w.stored) >= complaintWrite):
			records[name], w.unstored, w.stored = w.unstored, make(map[Complaint]uint64), now
		case len(w.unstored) > 0:
			rest = true
		}
	}
	return lines, records, rest
}

// putBack counts complaints again that could not be stored.
func (c *complaints) putBack(worker string, counts map[Complaint]uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w := c.workers[worker]; w != nil {
		for what, n := range counts {
			w.unstored[what] += n
		}
	}
}
