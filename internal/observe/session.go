package observe

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/plan"
	"factorfleet/internal/stream"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
)

// lookTimeout bounds the requests of one look, and so how long a View may be made late by a server that does not answer.
const lookTimeout = 4 * time.Second

// A session observes one Fleet. The goroutine of run owns all fields below "run", unless mu is named.
type session struct {
	o  *Observer
	fl *fleet.Fleet

	may     fleet.Readable
	ctx     context.Context // that of Run
	jobs    *jobTable
	watches watches      // of pages of one job
	letters *letterWatch // of the page of dead letters

	mu       sync.Mutex
	registry *fleet.Registry   // guarded by mu; nil = not known yet
	trust    *fleet.Trust      // guarded by mu; nil = not known yet
	missing  map[string]string // guarded by mu; what cannot be read, and why
	facts    jobFacts          // guarded by mu; what the page of a job shows besides what it reads

	// run
	leases      *fleet.Leases // nil until the bucket was found
	dead        *fleet.Tally
	answers     *fleet.Tally
	queue       []fleet.ClassStatus
	supervisors []string
	server      Server
	campaigns   *campaignTable
	sizes       *sizeTable
	rates       workerRates
	total       *plan.JobProgress    // answers of all jobs
	due         map[string]time.Time // when what is not read in each look is read again
	sampled     time.Time            // the last sample of the history
	history     *history
}

// newSession returns a session that has seen nothing.
func newSession(o *Observer, fl *fleet.Fleet) *session {
	s := &session{
		o: o, fl: fl, may: fl.Readable(), jobs: newJobTable(), missing: make(map[string]string), dead: fl.NewDeadTally(), answers: fl.NewAnswerTally(),
		campaigns: newCampaignTable(), sizes: newSizeTable(), rates: make(workerRates), total: new(plan.JobProgress), due: make(map[string]time.Time), history: newHistory(o.View().History),
		queue: []fleet.ClassStatus{}, server: Server{Findings: []fleet.Finding{}},
	}
	s.watches.s = s
	s.letters = &letterWatch{s: s}
	return s
}

// begin starts the followers, which end with ctx.
func (s *session) begin(ctx context.Context) {
	s.ctx = ctx
	s.keep(ctx, "jobs", func() error {
		return s.fl.FollowManifests(ctx, "", fleet.ManifestWatch{Changed: s.jobs.put, Gone: s.jobs.remove, CaughtUp: func() { s.jobs.complete(); s.note("jobs", nil) }})
	})
	s.keep(ctx, "workers", func() error {
		r, err := s.fl.Registry(ctx)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.registry = r
		s.mu.Unlock()
		s.note("workers", nil)
		<-ctx.Done()
		return context.Cause(ctx)
	})
	s.keep(ctx, "strikes", func() error {
		t, err := s.fl.FollowTrust(ctx)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.trust = t
		s.mu.Unlock()
		s.note("strikes", nil)
		<-ctx.Done()
		return context.Cause(ctx)
	})
}

// keep calls follow, again after a pause if it fails, in a goroutine until ctx ends. follow notes when it works.
func (s *session) keep(ctx context.Context, what string, follow func() error) {
	go func() {
		for pause := stream.NewPause(); ctx.Err() == nil; {
			err := follow()
			if ctx.Err() == nil {
				s.note(what, err)
			}
			if pause.Wait(ctx) != nil {
				return
			}
		}
	}()
}

// maxMissing bounds a reason why something cannot be read, in bytes.
const maxMissing = 300

// note notes whether something can be read.
func (s *session) note(what string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		delete(s.missing, what)
		return
	}
	s.missing[what] = text.Sanitize(fmt.Sprintf("%s: %v", what, err), maxMissing)
}

// reasons returns what cannot be read, sorted.
func (s *session) reasons() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Values(s.missing))
}

// run looks until ctx ends, and publishes what has changed.
func (s *session) run(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var last time.Time
	for {
		now := time.Now()
		watched := s.o.watched(now)
		if watched && now.Sub(last) >= lookEvery/2 || now.Sub(last) >= sampleEvery-lookEvery/2 {
			last = now
			s.step(ctx, watched)
		}
		if ctx.Err() != nil {
			s.o.Offline("the connection is closed")
			return
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		case <-s.o.wake:
		}
	}
}

// step looks and publishes a View.
func (s *session) step(ctx context.Context, watched bool) {
	began := time.Now()
	s.watches.expire(began)
	s.letters.expire(began)
	failed := 0
	if s.fl.Connected() {
		limited, cancel := context.WithTimeout(ctx, lookTimeout)
		failed = s.look(limited, watched)
		cancel()
	}
	if ctx.Err() != nil || !s.jobs.known() && s.fl.Connected() && failed == 0 && len(s.reasons()) == 0 {
		return // the manifests are being read: a view without jobs would be wrong
	}
	v := s.build(ctx, failed)
	if same(s.o.View(), v) {
		s.o.confirm(began)
		return
	}
	s.o.publish(v, began)
}

// same reports whether two Views differ in nothing but their times. Of a fleet with workers they nearly always differ in the
// time of a heartbeat, which is found without a look at the rest.
func same(a, b *View) bool {
	if len(a.Names) != len(b.Names) || len(a.Lines) != len(b.Lines) {
		return false
	}
	for i := range a.Names {
		if !a.Names[i].Seen.Equal(b.Names[i].Seen) {
			return false
		}
	}
	x, y := *a, *b
	x.Time, y.Time = time.Time{}, time.Time{}
	return reflect.DeepEqual(&x, &y)
}

// look reads what is not followed, and returns how many of the readings have failed.
func (s *session) look(ctx context.Context, watched bool) (failed int) {
	try := func(what string, read func() error) {
		err := read()
		s.note(what, err)
		if err != nil {
			failed++
		}
	}
	try("queue", func() error {
		queue, err := s.fl.Queue(ctx)
		if err == nil {
			s.queue = append([]fleet.ClassStatus{}, queue...)
		}
		return err
	})
	try("dead letters", func() error { return s.dead.Look(ctx) })
	try("answers", func() error { return s.answers.Look(ctx) })
	try("leases", func() error { return s.readLeases(ctx, watched) })
	if s.isDue("campaigns", sampleEvery) {
		try("campaigns", func() error { return s.campaigns.look(ctx, s) })
	}
	if s.isDue("supervisors", idle(watched, 5*time.Second, 30*time.Second)) {
		try("supervisors", func() (err error) {
			supervisors, err := s.fl.Supervisors(ctx)
			if err == nil {
				s.supervisors = supervisors
			}
			return err
		})
	}
	if s.isDue("server", idle(watched, 15*time.Second, time.Minute)) {
		try("server", func() error {
			snapshot, err := s.fl.Inspect(ctx, false)
			if err == nil {
				s.server = ServerOf(snapshot)
			}
			return err
		})
	}
	if watched {
		try("input", func() error { return s.sizes.look(ctx, s) })
	}
	return failed
}

// idle returns a while somebody watches, else b.
func idle(watched bool, a, b time.Duration) time.Duration {
	if watched {
		return a
	}
	return b
}

// isDue reports whether something was last read so long ago, and notes that it is read now.
func (s *session) isDue(what string, every time.Duration) bool {
	now := time.Now()
	if now.Sub(s.due[what]) < every-lookEvery/2 {
		return false
	}
	s.due[what] = now
	return true
}

// build makes a View of what is known.
func (s *session) build(ctx context.Context, failed int) *View {
	v := emptyView("")
	v.Time = s.fl.Now(ctx).UTC()
	v.Connected, v.Outdated, v.Missing = s.fl.Connected(), failed > 0, s.reasons()
	if !v.Connected {
		v.Reason, v.Time = "the server cannot be reached", s.o.View().Time
	}
	list := s.workers(v)
	v.Queue, v.Supervisors, v.Server, v.Dead = s.queue, len(s.supervisors), s.server, s.dead.Sum()
	v.Running = runningOf(list, "", v.Time)
	s.jobs.lines(v, s, list)
	v.Classes = s.sizes.rows(s)
	s.sample(v)
	v.History = s.history.list()
	facts := jobFacts{supervisors: s.supervisors, workers: list, now: v.Time, campaigns: s.campaigns.views(list)}
	facts.dead, facts.deadAt = s.dead.Listed()
	s.mu.Lock()
	s.facts = facts
	s.mu.Unlock()
	return v
}

// workers sets what the View says of workers, and returns their heartbeats.
func (s *session) workers(v *View) []worker.Status {
	s.mu.Lock()
	registry, trust := s.registry, s.trust
	s.mu.Unlock()
	var list fleet.WorkerList
	if registry != nil {
		list = registry.List()
	}
	var standings []fleet.Standing
	if trust != nil {
		standings = trust.List()
	}
	v.Workers = len(list.Workers)
	for i := range list.Workers {
		v.Slots += list.Workers[i].Slots
		v.Busy += list.Workers[i].Busy
	}
	v.Names = Summarize(list, standings)
	for i := range v.Names {
		v.Names[i] = v.Names[i].shortened()
	}
	s.rates.set(v.Names, list.Workers)
	return list.Workers
}

// sample adds a sample to the history if it is time.
func (s *session) sample(v *View) {
	now := time.Now()
	if now.Sub(s.sampled) < sampleEvery-lookEvery/2 || !v.Connected {
		return
	}
	s.sampled = now
	x := Sample{Time: v.Time, Rate: v.Rate, Busy: v.Busy, Slots: v.Slots, Workers: v.Workers}
	for _, q := range v.Queue {
		x.Queued += q.Queued
		x.Running += q.Running
	}
	s.history.add(x)
}
