package observe

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
)

// ErrNoJob is wrapped if there is no such job.
var ErrNoJob = fleet.ErrNoJob

// Bounds of the pages of jobs.
const (
	maxWatches = 16 // jobs at a time; of further ones, that which was requested longest ago gives way
	jobViewAge = time.Second
	jobWithin  = 8 * time.Second
	slowWithin = 2 * time.Second // to read the slowest numbers from the input
	jobLetters = 20              // dead letters whose attempts a JobView has
)

// jobFacts are what the session knows and the page of a job shows. They are not changed.
type jobFacts struct {
	now         time.Time // of the server; zero = there is no View yet
	supervisors []string
	workers     []worker.Status
	campaigns   map[string][]CampaignView // by job
	dead        map[string]*task.Set      // dead letters of the sweeper, by job
	deadAt      time.Time                 // when they were listed, on the clock of this process
}

// watches has the jobs whose pages are shown.
type watches struct {
	s *session

	mu  sync.Mutex
	all map[string]*jobWatch // guarded by mu
}

// A jobWatch is what is kept of a job while its page is shown.
type jobWatch struct {
	stop  context.CancelFunc
	asked time.Time // guarded by the mu of watches
	slow  slowest

	mu    sync.Mutex    // held by the one caller that makes a view
	view  *JobView      // guarded by mu
	built time.Time     // guarded by mu
	in    *fleet.Inputs // guarded by mu; nil until it was needed
}

// Job returns what the page of a job shows, at most a second old. The error wraps ErrNoJob, or ErrUnknown.
func (o *Observer) Job(ctx context.Context, id string) (*JobView, error) {
	ctx, cancel := context.WithTimeout(ctx, jobWithin)
	defer cancel()
	seen, err := o.Latest(ctx)
	if err != nil {
		return nil, err
	}
	if !seen.Connected { // else each request would wait for jobWithin
		return nil, fmt.Errorf("read job %.60q: %s", id, seen.Reason)
	}
	s, err := o.observing()
	if err != nil {
		return nil, err
	}
	j, err := s.job(ctx, id)
	if err != nil {
		return nil, err
	}
	w := s.watches.join(j)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.view == nil || time.Since(w.built) >= jobViewAge {
		v, err := s.jobView(ctx, j, w)
		if err != nil {
			return nil, err
		}
		w.view, w.built = v, time.Now()
	}
	return w.view, nil
}

// job returns the manifest of a job. It is read if the job has bad tokens, which the table does not keep, or has ended long ago.
func (s *session) job(ctx context.Context, id string) (*task.Job, error) {
	if j, ok := s.jobs.get(id); ok && j.BadCount == 0 {
		return j, nil
	}
	j, err := s.fl.Job(ctx, id)
	if err == nil && j.State == task.Removed {
		err = fmt.Errorf("%w: %s was removed", fleet.ErrNoJob, id)
	}
	return j, err
}

// join returns the watch of a job, a new one if there is none.
func (x *watches) join(j *task.Job) *jobWatch {
	x.mu.Lock()
	defer x.mu.Unlock()
	id := j.ID
	w := x.all[id]
	if w == nil {
		x.makeRoomLocked()
		ctx, stop := context.WithCancel(x.s.ctx)
		w = &jobWatch{stop: stop, slow: slowest{below: task.MaxPosition}}
		if j.State == task.Sealed || j.State == task.Done {
			w.slow.below = j.Count
		}
		x.all[id] = w
		if x.s.may.Results {
			go w.slow.follow(ctx, x.s.fl, id)
		}
	}
	w.asked = time.Now()
	return w
}

// makeRoomLocked ends the watch that was requested longest ago if there are too many.
func (x *watches) makeRoomLocked() {
	if x.all == nil {
		x.all = make(map[string]*jobWatch)
	}
	if len(x.all) < maxWatches {
		return
	}
	oldest := ""
	for id, w := range x.all {
		if oldest == "" || w.asked.Before(x.all[oldest].asked) {
			oldest = id
		}
	}
	x.all[oldest].stop()
	delete(x.all, oldest)
}

// expire ends the watches of which nobody has asked for a while.
func (x *watches) expire(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, w := range x.all {
		if now.Sub(w.asked) >= linger {
			w.stop()
			delete(x.all, id)
		}
	}
}

// jobView makes the view of a job. The caller holds the mu of the watch.
func (s *session) jobView(ctx context.Context, j *task.Job, w *jobWatch) (*JobView, error) {
	s.mu.Lock()
	facts := s.facts
	s.mu.Unlock()
	around := surroundings{supervisors: facts.supervisors, workers: slices.Clone(facts.workers), now: facts.now}
	shared := facts.campaigns[j.ID]
	for i := range shared {
		around.campaigns = append(around.campaigns, shared[i].Campaign)
	}
	r, err := jobOf(ctx, s.fl, j, around)
	if err != nil {
		return nil, err
	}
	v := &JobView{Job: r, Line: s.line(j, r, facts.now), Slowest: []SlowNumber{}, Shared: shared}
	v.Numbers = runningOf(facts.workers, j.ID, facts.now)
	v.Numbers = v.Numbers[:min(len(v.Numbers), MaxPage)]
	s.addSlowest(ctx, v, w)
	s.addLetters(ctx, v)
	return v, nil
}

// line returns the line of a job in the last View, or else one without its progress.
func (s *session) line(j *task.Job, r *Job, now time.Time) JobLine {
	v := s.o.View()
	if i := slices.IndexFunc(v.Lines, func(l JobLine) bool { return l.ID == j.ID }); i >= 0 {
		return v.Lines[i]
	}
	l := lineOf(jobAt{&jobRecord{answered: r.Answered, stored: r.Stored}, j}, now)
	l.AtMost = r.AtMost
	return l
}

// addSlowest adds the slowest numbers.
func (s *session) addSlowest(ctx context.Context, v *JobView, w *jobWatch) {
	if !s.may.Results {
		v.Missing = append(v.Missing, "slowest numbers: "+ErrRefused.Error())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, slowWithin)
	defer cancel()
	if w.in == nil && s.may.Inputs {
		if in, err := s.fl.Inputs(ctx, v.ID); err == nil {
			w.in = in
		}
	}
	v.Slowest, v.Read = w.slow.list(ctx, w.in, v.Kind)
	if err := w.slow.failure(); err != nil {
		v.Missing = append(v.Missing, text.Sanitize("slowest numbers: "+err.Error(), maxMissing))
	}
}

// addLetters adds the dead letters.
func (s *session) addLetters(ctx context.Context, v *JobView) {
	if v.Letters == 0 {
		return
	}
	p, err := s.letters.page(ctx, DeadQuery{Job: v.ID, Query: Query{Limit: jobLetters}})
	if err != nil {
		v.Missing = append(v.Missing, err.Error())
		return
	}
	v.Dead = p.Letters
}
