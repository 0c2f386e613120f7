package command

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/job"
	"factorfleet/internal/notify"
	"factorfleet/internal/task"
)

// Limits of a FleetNotifier.
const (
	tellersAtOnce = 4       // events that are told at the same time
	maxNoted      = 100_000 // events that it remembers, so that it does not look at their records again
)

// A FleetNotifier tells of all jobs of a fleet: each event once, whichever of several supervisors tells it; see fleet.Once.
//
//	FollowManifests ──┐
//	FollowGivenUpAt ──┼─► note ──► events ──► tellersAtOnce goroutines ──► fleet.Once ──► Notifier
//	Failed ───────────┘
//
// A follower that finds the channel full waits. It has a consumer of its own, so nothing else waits with it.
type FleetNotifier struct {
	notifier *notify.Notifier
	program  string
	holder   string // its name in leases
	log      zerolog.Logger

	mu       sync.Mutex
	noted    map[string]bool // guarded by mu; <job>.<event>
	failures chan failedJob
}

// A failedJob is a job that the supervisor leaves alone.
type failedJob struct {
	job *task.Job
	why error
}

// A toldEvent is an event on its way.
type toldEvent struct {
	job, name string // name is that of the record
	event     func(context.Context) (notify.Event, bool)
}

// NewFleetNotifier returns what tells the user; nil if n is.
func NewFleetNotifier(n *notify.Notifier, program string, log zerolog.Logger) *FleetNotifier {
	if n == nil {
		return nil
	}
	return &FleetNotifier{
		notifier: n, program: program, holder: task.NewJobID(time.Now()), log: log,
		noted: make(map[string]bool), failures: make(chan failedJob, 64),
	}
}

// Supervise is job.Supervise, and tells of jobs until ctx ends. n may be nil.
func (n *FleetNotifier) Supervise(ctx context.Context, fl *fleet.Fleet, log zerolog.Logger, memory uint64) error {
	v := job.Supervision{Log: log, Memory: memory}
	if n == nil {
		return v.Run(ctx, fl)
	}
	v.Failed = n.jobFailed
	ctx, cancel := context.WithCancel(ctx)
	var telling sync.WaitGroup
	defer telling.Wait()
	defer cancel()
	telling.Go(func() { n.run(ctx, fl) })
	return v.Run(ctx, fl)
}

// jobFailed takes a job that is left alone. If very many fail at once, some are not told; the log has all.
func (n *FleetNotifier) jobFailed(j *task.Job, why error) {
	select {
	case n.failures <- failedJob{j, why}:
	default:
	}
}

// run follows a fleet until ctx ends.
func (n *FleetNotifier) run(ctx context.Context, fl *fleet.Fleet) {
	events := make(chan toldEvent)
	var group sync.WaitGroup
	defer group.Wait()
	for range tellersAtOnce {
		group.Go(func() { n.tell(ctx, fl, events) })
	}
	send := func(e toldEvent) {
		select {
		case events <- e:
		case <-ctx.Done():
		}
	}
	group.Go(func() {
		n.keep(ctx, "jobs", func() error {
			return fl.FollowManifests(ctx, "", fleet.ManifestWatch{Changed: func(j *task.Job) { n.manifest(j, fl.ServerTime(), send) }})
		})
	})
	group.Go(func() {
		n.keep(ctx, "dead letters", func() error {
			return fl.FollowGivenUpAt(ctx, func(job string, stored time.Time) { n.letter(fl, job, stored, send) })
		})
	})
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-n.failures:
			n.failure(f, fl.ServerTime(), send)
		}
	}
}

// keep calls follow until ctx ends.
func (n *FleetNotifier) keep(ctx context.Context, what string, follow func() error) {
	for ctx.Err() == nil {
		if err := follow(); ctx.Err() == nil {
			n.log.Warn().Err(err).Msg("cannot follow the " + what + " for --notify, retrying")
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// note reports whether an event is new to this process.
func (n *FleetNotifier) note(job, name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := job + "." + name
	if n.noted[key] {
		return false
	}
	if len(n.noted) >= maxNoted { // then the records tell
		clear(n.noted)
	}
	n.noted[key] = true
	return true
}

// forget lets an event be told again, because it could not be told.
func (n *FleetNotifier) forget(e toldEvent) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.noted, e.job+"."+e.name)
}

// manifest takes a change of a manifest at the server's time now. A job that is removed after its end was told of.
func (n *FleetNotifier) manifest(j *task.Job, now time.Time, send func(toldEvent)) {
	if !j.Finished() {
		return
	}
	at := j.Written
	if j.Ended != nil {
		at = *j.Ended
	}
	state := notify.Done
	if j.State == task.Cancelled || j.State == task.Removed && (j.Stopped || j.Ended == nil) {
		state = notify.Cancelled
	}
	name := "ended-" + strconv.FormatInt(at.UnixMilli(), 36)
	if now.Sub(at) > fleet.NotifyWindow || task.CheckJob(name) != nil || !n.note(j.ID, name) {
		return
	}
	for _, other := range []string{"dead", "failed"} { // told again if the job begins again, once their records have expired
		n.forget(toldEvent{job: j.ID, name: other})
	}
	e := EndedEvent(n.program, j, state, at)
	send(toldEvent{j.ID, name, func(context.Context) (notify.Event, bool) { return e, true }})
}

// letter takes a dead letter: the first one of a job is told, and others only after the record of that has expired.
func (n *FleetNotifier) letter(fl *fleet.Fleet, job string, stored time.Time, send func(toldEvent)) {
	if fl.ServerTime().Sub(stored) > fleet.NotifyWindow || !n.note(job, "dead") {
		return
	}
	send(toldEvent{job, "dead", func(ctx context.Context) (notify.Event, bool) {
		j, err := fl.Job(ctx, job)
		if err != nil {
			return notify.Event{}, false // it was removed
		}
		letters, err := fl.CountDead(ctx, job)
		return DeadEvent(n.program, j, letters, stored), err == nil && letters > 0
	}})
}

// failure takes a job that is left alone.
func (n *FleetNotifier) failure(f failedJob, now time.Time, send func(toldEvent)) {
	if !n.note(f.job.ID, "failed") {
		return
	}
	e := EndedEvent(n.program, f.job, notify.Failed, now)
	e.Reason = f.why.Error()
	send(toldEvent{f.job.ID, "failed", func(context.Context) (notify.Event, bool) { return e, true }})
}

// tell tells events until ctx ends.
func (n *FleetNotifier) tell(ctx context.Context, fl *fleet.Fleet, events <-chan toldEvent) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-events:
			err := fl.Once(ctx, e.job, e.name, n.holder, func(ctx context.Context) {
				if event, ok := e.event(ctx); ok {
					n.notifier.Tell(ctx, event)
				}
			})
			if err != nil {
				n.forget(e)
			}
			if err != nil && ctx.Err() == nil {
				n.log.Warn().Err(err).Str("job", e.job).Msg("cannot tell of a job")
			}
		}
	}
}
