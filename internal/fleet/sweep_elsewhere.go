package fleet

import (
	"context"
	"math"
	"slices"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/worker"
)

// A worker may leave a range to others: its computation says so, or the task names it in schema.HeaderNot. The range is
// then queued for those that have not left it, after a second; if others have it first again and again, after up to 30 s.
// When all workers that are alive and take tasks of the job have left it, it is queued for all of them again, after a pause
// that grows from 5 s to 2 min: see attempt.ElsewhereDelay. Of a job with replicas it is not queued then: its holder finds it
// missing, and knows which workers have answered it.
//
// Who has left which range is known to the sweeper alone that had the returns. If it ends, or another one has the next
// return, the pauses are short again.

// A leaving is what a sweeper knows of one range that workers have left to others.
type leaving struct {
	workers []string // that have left it since all had
	passed  int      // how often these have had it since, in vain
	left    int      // how often all had
	all     bool     // all have left it with the last return
	last    time.Time
}

// leavings are those of ranges, by job and range: at most maxLeavings.
type leavings map[string]*leaving

const (
	maxLeavings = 1 << 14
	leavingAge  = 10 * time.Minute // after that time without a return a leaving is forgotten
)

func leavingOf(at schema.Place) string { return at.Job + " " + at.Range.String() }

// note notes that a worker has left a range. others reports whether another worker than these may compute it.
func (l leavings) note(at schema.Place, others func(not []string) bool, now time.Time) *leaving {
	key := leavingOf(at)
	x := l[key]
	if x == nil {
		x = new(leaving)
		l.makeRoom(now)
		l[key] = x
	}
	if slices.Contains(x.workers, at.Worker) {
		x.passed++
	} else {
		x.workers, x.passed = append(x.workers, at.Worker), 0
	}
	if x.last, x.all = now, !others(x.workers); x.all {
		x.workers, x.passed, x.left = nil, 0, x.left+1
	}
	return x
}

// makeRoom forgets old leavings if there are maxLeavings, and any one if none is old.
func (l leavings) makeRoom(now time.Time) {
	if len(l) < maxLeavings {
		return
	}
	for key, x := range l {
		if now.Sub(x.last) > leavingAge {
			delete(l, key)
		}
	}
	for key := range l {
		if len(l) < maxLeavings {
			return
		}
		delete(l, key)
	}
}

// noteElsewhere notes a return with the reason task.Elsewhere, and sets what its pause depends on.
func (s *sweeper) noteElsewhere(ctx context.Context, at schema.Place, why string, returned *attempt.Returned) error {
	j, err := s.job(ctx, at.Job)
	if err != nil || j == nil {
		return err
	}
	x := s.leavings.note(at, func(not []string) bool { return s.isServedBut(j, not) }, time.Now())
	if returned.Passed = x.passed; x.all {
		returned.Left = x.left
	}
	s.logElsewhere(at, why, x.all)
	return nil
}

// logElsewhere logs, each once a minute, that a worker has left a range to others and why, and that all have. The job then
// waits, and nothing fails.
func (s *sweeper) logElsewhere(at schema.Place, why string, all bool) {
	log := s.f.link.Log.With().Str("job", at.Job).Stringer("range", at.Range).Str("worker", at.Worker).Str("error", why).Logger()
	switch now := time.Now(); {
	case all && now.Sub(s.saidAllLeft) >= time.Minute:
		s.saidAllLeft = now
		log.Warn().Msgf("all workers leave a range to others: it is queued again after pauses of up to %v", attempt.ElsewhereDelay(math.MaxInt, 0))
	case !all && why != attempt.NotHereDetail && now.Sub(s.saidLeft) >= time.Minute:
		s.saidLeft = now
		log.Info().Msg("a worker leaves a range to other workers")
	}
}

// isServedBut reports whether a worker takes tasks of a job that is none of those.
func (s *sweeper) isServedBut(j *sweptJob, not []string) bool {
	route := j.manifest.Queue().Route()
	return slices.ContainsFunc(s.failures.registry.runningWorkers(s.failures.trust.Quarantined), func(w worker.Status) bool {
		return !slices.Contains(not, w.Name) && w.Serves(route)
	})
}

// requeueElsewhere queues a range that a worker has left to others, after the pause.
func (s *sweeper) requeueElsewhere(ctx context.Context, at schema.Place, do attempt.Decision, round string) error {
	j, err := s.job(ctx, at.Job)
	if err != nil || j == nil {
		return err
	}
	not := []string{at.Worker}
	if x := s.leavings[leavingOf(at)]; x != nil {
		not = x.workers[max(0, len(x.workers)-schema.MaxNot):]
	} else if !s.isServedBut(j, not) {
		not = nil
	}
	if len(not) == 0 && j.manifest.Replicas > 1 {
		return nil
	}
	return s.requeue(ctx, at, do, round, not...)
}
