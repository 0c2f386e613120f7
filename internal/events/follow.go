package events

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Options says which events are wanted.
type Options struct {
	Job    string          // of one job; "" = of all, and of workers
	Groups map[string]bool // see Groups
	Since  time.Time       // by the server's clock: events that are stored since then come first; zero = none
	Follow bool            // and then new ones, as they come
}

// errAll ends the goroutines once all stored events are printed.
var errAll = errors.New("all events are printed")

// A watcher follows one fleet.
//
//	manifests ───┐
//	results ─────┤
//	records ─────┼─► output.take ─► print
//	standings ───┤
//	heartbeats ──┘
//
// Each source has a goroutine and a consumer. A slow print makes them wait; the server keeps what comes meanwhile.
type watcher struct {
	fl  *fleet.Fleet
	o   *Options
	out *output
	ctx context.Context
	end context.CancelCauseFunc

	jobsKnown chan struct{} // closed once the manifests that were stored are here
	mu        sync.Mutex
	jobs      map[string]*task.Job // guarded by mu; the last manifest of each that is stored
	foreign   map[string]bool      // guarded by mu; ids in subjects that are no jobs: parts of campaigns
}

// maxForeign bounds the ids that are remembered as no jobs.
const maxForeign = 10_000

// Follow calls print with events until ctx ends, or without o.Follow until all that is stored was printed. print is called
// by one goroutine at a time. The error is that of print, the cause of ctx's end, or says that the server refuses.
func Follow(ctx context.Context, fl *fleet.Fleet, o Options, print func([]Event) error) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	w := &watcher{
		fl: fl, o: &o, out: &output{options: &o, print: print}, ctx: ctx, end: end,
		jobsKnown: make(chan struct{}), jobs: make(map[string]*task.Job), foreign: make(map[string]bool),
	}
	sources := []func() error{w.manifests}
	if o.Groups["chunk"] {
		sources = append(sources, w.results)
	}
	if o.Groups["attempt"] || o.Groups["dead"] {
		sources = append(sources, func() error { return w.records(false) })
		if o.Job != "" {
			sources = append(sources, func() error { return w.records(true) })
		}
	}
	if o.Groups["worker"] && o.Job == "" && o.Follow {
		sources = append(sources, w.standings)
	}
	w.out.waiting = len(sources)
	group, _ := errgroup.WithContext(ctx)
	if (o.Groups["worker"] || o.Groups["number"]) && o.Follow {
		sources = append(sources, w.heartbeats)
	}
	for _, source := range sources {
		group.Go(func() error {
			err := source()
			end(err)
			return err
		})
	}
	err := group.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if errors.Is(err, errAll) {
		return nil
	}
	return err
}

// take prints events, and ends all sources if that fails.
func (w *watcher) take(list ...Event) {
	if err := w.out.take(list...); err != nil {
		w.end(err)
	}
}

// caughtUp notes that a source has delivered what was stored.
func (w *watcher) caughtUp() {
	all, err := w.out.caughtUp()
	switch {
	case err != nil:
		w.end(err)
	case all && !w.o.Follow:
		w.end(errAll)
	}
}

// tracker returns the tracker of a stream.
func (w *watcher) tracker(name string, whole bool) *tracker {
	return &tracker{stream: name, whole: whole, now: w.fl.ServerTime, emit: func(e Event) { w.take(e) }}
}

// manifests follows the jobs. What was stored before o.Since is only what later changes are compared with.
func (w *watcher) manifests() error {
	known := false
	gaps := w.tracker(schema.BucketStream(schema.BucketJobs), true)
	return w.fl.FollowManifests(w.ctx, w.o.Job, fleet.ManifestWatch{
		Changed: func(j *task.Job) {
			list := w.changed(j)
			if known || !w.o.Since.IsZero() && !j.Written.Before(w.o.Since) {
				w.take(list...)
			}
		},
		Gone: w.gone,
		CaughtUp: func() {
			known = true
			close(w.jobsKnown)
			w.caughtUp()
		},
		Reopened: func(lost bool) {
			if lost { // else the next manifests have all that has changed
				gaps.reopened(true)
			}
		},
	})
}

// changed takes a manifest and returns its events.
func (w *watcher) changed(j *task.Job) []Event {
	own := *j
	own.Bad = nil // needs room, and is not compared
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.jobs[j.ID]
	w.jobs[j.ID] = &own
	delete(w.foreign, j.ID)
	return JobChange(before, &own)
}

// gone forgets a job whose manifest was removed, some hours after the job itself: else what is kept would grow for as long as
// somebody follows.
func (w *watcher) gone(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.jobs, id)
}

// isJob reports whether an id in a subject is that of a job. Those of parts of campaigns have the same form.
func (w *watcher) isJob(id string) bool {
	if w.o.Job != "" {
		return true
	}
	select {
	case <-w.jobsKnown:
	case <-w.ctx.Done():
		return false
	}
	w.mu.Lock()
	job, foreign := w.jobs[id] != nil, w.foreign[id]
	w.mu.Unlock()
	if job || foreign {
		return job
	}
	if _, err := w.fl.Job(w.ctx, id); !errors.Is(err, fleet.ErrNoJob) {
		return true // its manifest comes in a moment; or it cannot be read now
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.foreign) >= maxForeign {
		clear(w.foreign)
	}
	w.foreign[id] = true
	return false
}

func (w *watcher) results() error {
	gaps := w.tracker(schema.StreamResults, w.o.Job == "")
	start := fleet.Start{Since: w.o.Since, Reopened: gaps.reopened}
	return w.fl.FollowStoredResults(w.ctx, w.o.Job, start, func(batch []stream.Message) error {
		w.batch(batch, gaps, ResultEvent)
		return nil
	}, w.caughtUp)
}

func (w *watcher) records(failed bool) error {
	gaps := w.tracker(schema.StreamDead, w.o.Job == "")
	start := fleet.Start{Since: w.o.Since, Reopened: gaps.reopened}
	return w.fl.FollowStoredRecords(w.ctx, w.o.Job, failed, start, func(batch []stream.Message) error {
		w.batch(batch, gaps, RecordEvent)
		return nil
	}, w.caughtUp)
}

// batch prints the events of messages.
func (w *watcher) batch(batch []stream.Message, gaps *tracker, event func(*stream.Message) (Event, bool)) {
	list := make([]Event, 0, len(batch))
	for i := range batch {
		m := &batch[i]
		if !gaps.next(m) {
			continue
		}
		if e, ok := event(m); ok && w.isJob(e.Job) {
			list = append(list, e)
		}
	}
	w.take(list...)
}
