package job

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// look compares all jobs with what is queued and held now.
func (s *supervisor) look(ctx context.Context) {
	if len(s.jobs) == 0 {
		return
	}
	now := time.Now()
	if err := s.survey.Look(ctx); err != nil {
		s.seeing = now
		if ctx.Err() == nil {
			s.log.Debug().Err(err).Msg("look at all jobs again")
		}
		return
	}
	supervisors := s.survey.Supervisors()
	if !slices.Contains(supervisors, s.name) {
		supervisors = append(supervisors, s.name)
	}
	for id, e := range s.jobs {
		mine := len(supervisors) == 1 || owner(id, supervisors) == s.name
		s.lookAt(e, mine, now)
	}
	s.rotate(now)
}

// lookAt compares one job with the survey. mine says that no other supervisor looks after it.
//
//	state    | seen                                             | then
//	parked   | another holds it, or it is not mine              | unknown, for the time when that changes
//	parked   | its queue has changed, or its holder or feeder   |
//	         | is there no more                                 | waiting
//	parked   | nothing, and it is unknown or due for a recheck  | waiting, unless it needs nothing
//	waiting  | another holds it                                 | parked
//	watched  | its queue has changed                            | it is not quiet
//	watched  | another holds it, and not just for a moment      | leaving
//	leaving  | its queue has changed                            | waiting, once it has left
func (s *supervisor) lookAt(e *supervised, mine bool, now time.Time) {
	id := e.manifest.ID
	queue := s.survey.Queue(id)
	moved := e.seen && (queue.Hash != e.hash || queue.Chunks != e.chunks)
	held := s.survey.Held(id) && !s.f.Holds(id) && s.survey.LeasesSeen().After(e.ignore)
	fed := s.survey.Held(feedLease(id))
	left := e.held && !held || e.fed && !fed && e.manifest.State == task.Open
	e.seen, e.hash, e.chunks, e.held, e.fed = true, queue.Hash, queue.Chunks, held, fed

	switch e.state {
	case parked:
		switch {
		case !mine || held:
			e.unknown = true // until it is mine, or free
		case moved, left:
			s.enqueue(e)
		case now.Before(e.retryAt):
		case e.unknown, now.Sub(e.checked) > s.pace.recheck:
			if s.needsNothing(e, queue) {
				e.unknown, e.checked = false, now
			} else {
				s.enqueue(e)
			}
		}
	case waiting:
		if held {
			e.state, e.unknown = parked, true
		}
	case watched:
		if moved {
			e.moved.Store(now.UnixNano())
		}
		if held && now.Sub(e.began) > s.pace.release {
			s.leave(e, false)
		}
	case leaving:
		e.back = e.back || moved
	}
}

// needsNothing reports whether a job is known to need no watch now: all its numbers are
// queued, or its feeder is at work.
func (s *supervisor) needsNothing(e *supervised, queue *fleet.QueueOfJob) bool {
	j := e.manifest
	if j.State == task.Open {
		return e.fed
	}
	return j.Count > 0 && queue.Ranges.Contains(task.Span(0, j.Count))
}

// enqueue lets a parked job wait for a place.
func (s *supervisor) enqueue(e *supervised) {
	e.state, e.unknown = waiting, false
	s.waiting = append(s.waiting, e)
}

// rotate ends watches in which nothing happens, and, while other jobs wait, those that have had
// their slice. The slice doubles each time: a job whose results take longer to read than a slice
// lasts gets through to its end all the same.
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
		if e.state == watched && now.Sub(e.began) > s.pace.slice<<min(e.turns, maxTurns) {
			e.turns++
			s.leave(e, true)
			left++
		}
	}
}

// owner returns which of the supervisors that are alive looks after a job. All of them compute
// the same (rendezvous hashing, Thaler and Ravishankar 1998). So they share the jobs evenly, and two
// of them do not take one job from each other in turns.
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
