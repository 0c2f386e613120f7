package job

import (
	"context"
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

// lookAt compares one job with the survey.
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

// maxTurns bounds the doubling: the longest slice is 1024 times the first, 17 h.
const maxTurns = 10

// patience returns for how long a job may be quiet. It doubles with each watch that left
// numbers unaccounted for: some results take minutes to verify, and nothing shows meanwhile.
func (s *supervisor) patience(e *supervised, quiet time.Duration) time.Duration {
	return quiet << min(e.misses, maxMisses)
}

const maxMisses = 6 // 64 times quiet: 32 min
