package job

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"factorfleet/internal/task"
)

// look compares all jobs with what is queued and held now, once in pace.look. Without active jobs it
// requests nothing. If the server does not answer, no job is seen quiet.
func (s *supervisor) look(ctx context.Context) {
	if len(s.jobs) == 0 {
		return
	}
	now := time.Now()
	if err := s.survey.Look(ctx); err != nil {
		s.seeing = now
		if ctx.Err() == nil {
			s.log.Debug().Err(err).Msg("cannot look at the jobs, retrying")
		}
		return
	}
	if err := s.f.EnsureRoutes(ctx, s.routes()); err != nil && ctx.Err() == nil {
		s.log.Debug().Err(err).Msg("cannot create the durable of a route, retrying")
	}
	supervisors := s.survey.Supervisors() // without this one, until it has its lease
	if !slices.Contains(supervisors, s.name) {
		supervisors = append(supervisors, s.name)
	}
	declined := s.survey.Declined()
	s.others.Store(&supervisors)
	s.declined.Store(&declined)
	for id, e := range s.jobs {
		mine := owner(id, supervisors) == s.name
		s.lookAt(e, mine, now)
		if mine && e.manifest.FinishedEarly != nil { // a worker that begins now has missed the order
			s.orderFinish(id)
		}
	}
	s.rotate(now)
}

// routes returns the classes with a route of the active jobs.
func (s *supervisor) routes() (classes []task.Class) {
	for _, e := range s.jobs {
		if class := e.manifest.Queue(); class.Route() != "" && !e.manifest.Finished() && !slices.Contains(classes, class) {
			classes = append(classes, class)
		}
	}
	return classes
}

// lookAt compares one job with the survey. mine says that this supervisor is the owner of the job.
//
//	state    | seen                                             | then
//	parked   | another process holds it, or it is not mine      | checked as soon as that changes
//	parked   | its queue has changed, or its holder or feeder   |
//	         | has disappeared, or a worker holds one of its    |
//	         | ranges for long                                  | waiting
//	parked   | its check is due, and it may need something      | waiting
//	parked   | its check is due, and it needs nothing           | checked again after pace.recheck
//	waiting  | another process holds it                         | parked
//	watched  | its queue has changed                            | it is not quiet
//	watched  | another process holds it for pace.release        | leaving
//	leaving  | its queue has changed                            | waiting, once it has left
func (s *supervisor) lookAt(e *supervised, mine bool, now time.Time) {
	if e.queue == nil && s.survey.Seen().Before(e.checkAt) {
		return // the job may be newer than what is seen: its first tasks would look like a change
	}
	id := e.manifest.ID
	queue := s.survey.Queue(id)
	moved := e.queue != nil && !e.queue.Same(queue)
	held, asOf := s.survey.Held(id)
	held = held && !s.f.Holds(id) && asOf.After(e.released)
	fed, _ := s.survey.Held(feedLease(id))
	lost := e.held && !held || e.fed && !fed && e.manifest.State == task.Open // its holder or its feeder
	e.queue, e.held, e.fed, e.mine = queue, held, fed, mine

	switch e.state {
	case parked:
		switch {
		case !mine || held:
			e.checkAt = time.Time{}
		case moved, lost, s.isOverdue(e, now):
			s.enqueue(e)
		case s.survey.Seen().Before(e.checkAt):
		case s.needsNothing(e):
			e.checkAt = s.recheckAt(e, now)
		default:
			s.enqueue(e)
		}
	case waiting:
		if held {
			s.unqueue(e)
			e.state, e.checkAt = parked, time.Time{}
		}
	case watched:
		if moved {
			e.activity.Store(now.UnixNano())
		}
		if held && now.Sub(e.began) > s.pace.release {
			s.leave(e, false)
		}
	case leaving:
		e.rejoin = e.rejoin || moved
	}
}

// needsNothing reports whether a job is known to need no watch now: all its numbers are queued, or its
// feeder is alive. The numbers of an open job are not counted yet.
func (s *supervisor) needsNothing(e *supervised) bool {
	j := e.manifest
	switch {
	case j.Deadline != nil && !s.now().Before(*j.Deadline):
		return false
	case s.waits(j):
		return e.queue.Ranges.Len() == 0 // what is queued of a paused job has to be removed
	case j.State == task.Open:
		return e.fed && !j.Throttled // the feeder does not queue it
	}
	return j.Count > 0 && e.queue.Ranges.Contains(task.Span(0, j.Count))
}

// waits reports whether nothing of a job may be queued now.
func (s *supervisor) waits(j *task.Job) bool { return j.Throttled && j.Waits(s.now()) }

// recheckAt returns when a parked job that needs nothing is checked again: when its time to start or its deadline has
// come, and after pace.recheck at most. Workers finish what they have of a paused job. Their answers are verified when it
// is watched the next time, so it does not end before it is resumed.
func (s *supervisor) recheckAt(e *supervised, now time.Time) time.Time {
	wait := s.pace.recheck
	for _, t := range []*time.Time{e.manifest.After, e.manifest.Deadline} {
		if t != nil && t.After(s.now()) {
			wait = min(wait, t.Sub(s.now()))
		}
	}
	return now.Add(wait)
}

// enqueue lets a parked job wait for a place.
func (s *supervisor) enqueue(e *supervised) {
	e.state = waiting
	s.waiting = append(s.waiting, e)
}

// unqueue takes a job out of the jobs that wait.
func (s *supervisor) unqueue(e *supervised) {
	s.waiting = slices.DeleteFunc(s.waiting, func(x *supervised) bool { return x == e })
}

// rotate ends watches in which nothing happens. While other jobs wait for a place, it also ends watches
// that have lasted for their slice, at most one for each job that waits. A watch begins with the first
// result of its job, so a slice that is too short to read them all achieves nothing. Therefore slices
// double: after k of them the next one is 2^k times as long, and at least half of the time is not lost.
func (s *supervisor) rotate(now time.Time) {
	quiet := s.pace.quiet
	crowded := len(s.waiting) > 0 && len(s.watching) >= s.pace.watched
	if crowded {
		quiet = s.pace.hurried
	}
	left := 0
	for _, e := range s.watching {
		switch {
		case e.state == leaving:
			left++
		case e.busy.Load() && !crowded: // its answers and tokens allow more, and a watch begins with all its results
		case min(e.quietFor(now), now.Sub(s.seeing)) > s.patience(e, quiet):
			s.leave(e, false)
			left++
		}
	}
	if !crowded {
		return
	}
	for _, e := range s.watching {
		if left >= len(s.waiting) {
			return
		}
		if e.state == watched && now.Sub(e.began) > s.pace.slice<<min(e.slices, maxSlices) {
			e.slices++
			s.leave(e, true)
			left++
		}
	}
}

// owner returns the supervisor that looks after a job: the one with the largest
//
//	SHA-256(name + "/" + id)
//
// of which the first 64 bits are compared (rendezvous hashing; Thaler and Ravishankar 1998). All
// supervisors compute the same, in whatever order they see each other, so they share the jobs evenly. If
// one of n dies, only its jobs, one in n, change their owner; they are spread over the others. A new one
// takes one in n+1 of each. While two supervisors see different lists, a job may have two owners or none
// until both have seen the same leases: the job's own lease decides between two, and none is as if it
// were parked a little longer. supervisors is not empty.
func owner(id string, supervisors []string) (owner string) {
	var most uint64
	for _, name := range supervisors {
		sum := sha256.Sum256([]byte(name + "/" + id))
		if x := binary.BigEndian.Uint64(sum[:]); owner == "" || x > most {
			owner, most = name, x
		}
	}
	return owner
}
