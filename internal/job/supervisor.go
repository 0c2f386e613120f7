package job

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"factorfleet/internal/fleet"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Supervise sweeps, watches the jobs that need it, without printing, and removes expired jobs, until
// ctx ends. It is for jobs whose submitter no longer waits. Any number of processes may supervise
// one fleet: they divide the jobs among them, and leases decide which of them acts. A job that is
// beyond repair, or whose input is lost, is reported once and left alone until its manifest changes.
//
// The end of ctx is no error. Supervise then returns within a few seconds: all watches end at the same
// time, each releases its lease in a second at most, and a request for a lease that is on its way is
// waited for, for the timeout of one answer. A task that is queued then remains queued. An error means
// that the fleet is not set up, or that the connection is closed for good. memory is how many bytes the relations and
// the linear algebra of campaigns may take together; 0 = no limit.
func Supervise(ctx context.Context, f *fleet.Fleet, log zerolog.Logger, memory uint64) error {
	return Supervision{Log: log, Memory: memory}.Run(ctx, f)
}

// A Supervision is how a process supervises.
type Supervision struct {
	Log    zerolog.Logger
	Memory uint64 // see Supervise
	// Failed is called with each job that is left alone, and why. It must not block, nor change the manifest. It may be nil.
	Failed func(j *task.Job, why error)
}

// Run is Supervise.
func (v Supervision) Run(ctx context.Context, f *fleet.Fleet) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return f.Sweep(ctx) })
	s := newSupervisor(f, v.Log)
	s.campaigns.memory = limitOf(v.Memory)
	if v.Failed != nil {
		s.failed = v.Failed
	}
	group.Go(func() error { s.run(ctx); return nil })
	return group.Wait()
}

// A supervisor watches some of the active jobs and parks the others; jobState has the states.
//
//	FollowJobs ──► news ────┐
//	each pace.look: survey ─┼─► run: jobs, waiting, watching ──► watch, in at most pace.watched
//	ended ──────────────────┘                                    goroutines: Wait ──► ended
//
// run owns all fields, except those that mu guards, and channels. Idle, it costs two small requests
// and one pass over the active jobs each pace.look; without active jobs it costs nothing.
//
// Invariants, between two events of run:
//
//   - A job is in waiting exactly if its state is waiting, and there once.
//   - A job is in watching exactly if its state is watched or leaving. It then has one goroutine in
//     watches, which sends one watchEnd.
//   - Each active job that FollowJobs has reported is in jobs. So no job is parked that a later look
//     does not see, and memory grows with the active jobs only.
type supervisor struct {
	f    *fleet.Fleet
	now  func() time.Time // the server's time
	log  zerolog.Logger
	name string // of this supervisor, in leases; that of its watches is another for each job
	pace pace

	failed func(*task.Job, error) // see Supervision

	audits   *askedAudits
	survey   *fleet.Survey
	expiry   *fleet.Expiry
	jobs     map[string]*supervised // the active jobs, and those whose watch has not ended yet
	waiting  []*supervised          // those whose state is waiting, first come first served
	watching map[string]*supervised // those whose state is watched or leaving; at most pace.watched
	ended    chan watchEnd
	watches  sync.WaitGroup
	held     atomic.Pointer[heldTasks] // nil until it is known

	campaigns *campaigns
	others    atomic.Pointer[[]string]            // the supervisors that are alive, this one too, as of the last look; nil = unknown
	declined  atomic.Pointer[map[string][]string] // by part, those of others that cannot conduct its campaign; nil = unknown

	// All looks since then have succeeded. A job is not quiet just because nothing could be seen.
	seeing time.Time

	mu        sync.Mutex
	news      map[string]*task.Job // guarded by mu; manifests that run has not taken yet
	arrived   chan struct{}        // capacity 1: there is news
	abandoned map[string]bool      // guarded by mu; jobs that are left alone
}

func newSupervisor(f *fleet.Fleet, log zerolog.Logger) *supervisor {
	s := &supervisor{
		now: f.ServerTime, failed: func(*task.Job, error) {},
		f: f, log: log, name: task.NewJobID(time.Now()), pace: normalPace,
		audits: newAskedAudits(), survey: f.NewSurvey(), expiry: f.NewExpiry(),
		jobs: make(map[string]*supervised), watching: make(map[string]*supervised), ended: make(chan watchEnd),
		news: make(map[string]*task.Job), arrived: make(chan struct{}, 1), abandoned: make(map[string]bool),
	}
	s.campaigns = newCampaigns(f, log, s.name, s.ownsCampaign)
	s.campaigns.decline = s.declineCampaign
	return s
}

// run supervises until ctx ends.
func (s *supervisor) run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { s.followJobs(ctx) })
	group.Go(func() { s.expiry.Run(ctx, s.isAbandoned) })
	group.Go(func() { s.showAlive(ctx) })
	group.Go(func() { s.remind(ctx) })
	group.Go(func() { s.f.SweepOrphans(ctx, s.name, fleet.NormalOrphanPace) })
	group.Go(func() { s.followHeartbeats(ctx) })
	group.Go(func() { s.campaigns.run(ctx) })
	group.Go(func() { s.removeLostParts(ctx) })
	group.Go(func() { s.f.RemoveRoutes(ctx, fleet.NormalRoutePace) })
	ticker := time.NewTicker(s.pace.look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			s.drain()
			return
		case <-s.arrived:
			s.takeNews(ctx)
		case e := <-s.ended:
			s.watchEnded(ctx, e)
		case <-ticker.C:
			s.look(ctx)
		}
		s.fill(ctx)
	}
}

// drain waits for the watches, which end with run's ctx. It receives their ends, else they would block. It
// decides nothing any more: the next supervisor starts from what is stored.
func (s *supervisor) drain() {
	go func() { s.watches.Wait(); close(s.ended) }()
	for range s.ended {
	}
}

// followJobs collects changes of manifests until ctx ends. It keeps only the last one of each job, so that
// run may be late by any time. If FollowJobs begins anew, all manifests are reported again.
func (s *supervisor) followJobs(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.f.FollowJobs(ctx, func(j *task.Job) {
			s.expiry.Put(j)
			s.mu.Lock()
			s.news[j.ID] = j
			s.mu.Unlock()
			select {
			case s.arrived <- struct{}{}:
			default:
			}
		})
		if ctx.Err() == nil {
			s.log.Warn().Err(err).Msg("cannot follow the jobs, retrying")
			stream.Sleep(ctx, s.pace.retry)
		}
	}
}

// showAlive holds the lease by which others know that this supervisor is alive. It is released when ctx
// ends, so that the others take its jobs at their next look.
func (s *supervisor) showAlive(ctx context.Context) {
	err := s.f.Hold(ctx, fleet.SupervisorLease(s.name), s.name, func(ctx context.Context) error {
		<-ctx.Done()
		return context.Cause(ctx)
	})
	if err != nil && ctx.Err() == nil {
		s.log.Debug().Err(err).Msg("cannot hold the lease of this supervisor")
	}
}

// remind tells workers of quarantines and releases that they have missed, until ctx ends. The watches
// do that too, but there may be none: a worker that missed its release would stay idle.
func (s *supervisor) remind(ctx context.Context) {
	trust, err := s.f.Trust(ctx)
	for err == nil && stream.Sleep(ctx, s.pace.remind) == nil {
		if failed := trust.Remind(ctx); failed != nil && ctx.Err() == nil {
			s.log.Debug().Err(failed).Msg("cannot remind the workers, retrying")
		}
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn().Err(err).Msg("workers are not reminded of quarantines")
	}
}

// isAbandoned reports whether this supervisor leaves a job alone, so that the job may be removed when
// it is old. Package fleet calls it from another goroutine.
func (s *supervisor) isAbandoned(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.abandoned[id]
}

// setAbandoned notes whether a job is left alone. Only run calls it.
func (s *supervisor) setAbandoned(id string, is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if is {
		s.abandoned[id] = true
	} else {
		delete(s.abandoned, id)
	}
}

// takeNews applies the changes of manifests that were collected since the last call.
func (s *supervisor) takeNews(ctx context.Context) {
	s.mu.Lock()
	news := s.news
	s.news = make(map[string]*task.Job)
	s.mu.Unlock()
	for _, j := range news {
		s.changed(ctx, j)
	}
}
