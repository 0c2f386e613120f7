package job

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// A watch is Wait without an output: it verifies results, reviews the job, and holds its lease if no
// other process does. Whatever ends it, the next one starts from what is stored.

// errLeave ends a watch before the job has ended.
var errLeave = errors.New("the supervisor parks the job")

// A watchEnd is the end of a watch.
type watchEnd struct {
	job *supervised
	sum *Summary
	err error
}

// fill watches jobs that wait, as long as there are places.
func (s *supervisor) fill(ctx context.Context) {
	for len(s.waiting) > 0 && len(s.watching) < s.pace.watched && ctx.Err() == nil {
		e := s.waiting[0]
		s.waiting = s.waiting[1:]
		if e.state == waiting {
			s.watch(ctx, e)
		}
	}
}

// watch starts a watch.
func (s *supervisor) watch(ctx context.Context, e *supervised) {
	id := e.manifest.ID
	ctx, stop := context.WithCancelCause(ctx)
	moved := new(atomic.Int64)
	e.state, e.stop, e.began, e.moved, e.back = watched, stop, time.Now(), moved, false
	moved.Store(e.began.UnixNano())
	s.watching[id] = e
	s.log.Debug().Str("job", id).Msg("watching job")
	emit := func(*collect.Item) error { moved.Store(time.Now().UnixNano()); return nil }
	s.watches.Go(func() {
		sum, err := Wait(ctx, s.f, id, Watch{Emit: emit, Supervised: true, Log: s.log})
		if err != nil && context.Cause(ctx) == errLeave {
			err = errLeave
		}
		stop(nil)
		s.ended <- watchEnd{e, sum, err}
	})
}

// leave tells a watch to end; back says that the job waits again after that.
func (s *supervisor) leave(e *supervised, back bool) {
	e.state, e.back = leaving, back
	e.stop(errLeave)
}

// watchEnded takes the end of a watch.
func (s *supervisor) watchEnded(end watchEnd) {
	e, id, now := end.job, end.job.manifest.ID, time.Now()
	delete(s.watching, id)
	e.state, e.checked, e.ignore = parked, now, now.Add(s.pace.release)
	log := s.log.With().Str("job", id).Logger()
	switch err := end.err; {
	case err == nil:
		log.Info().Uint64("verified", end.sum.Verified).Uint64("dead", end.sum.Counts.Dead).Msg("job done")
		e.retryAt = now.Add(s.pace.retry) // its manifest comes in a moment
	case err == errLeave:
		log.Debug().Bool("back", e.back).Msg("job parked")
		s.park(e, end.sum, now)
	case errors.Is(err, ErrBeyondRepair), errors.Is(err, ErrInputLost):
		log.Error().Err(err).Msg("job is left alone until it is changed")
		s.leaveAlone(e, end.sum)
	case errors.Is(err, fleet.ErrNoJob):
		s.forget(e)
	case errors.Is(err, ErrCancelled):
		e.retryAt = now.Add(s.pace.retry)
	default:
		log.Warn().Err(err).Msg("job")
		e.unknown, e.retryAt = true, now.Add(s.pace.retry)
	}
	if e.manifest.Finished() {
		s.forget(e)
	}
}

// park parks a job whose watch has left it, or lets it wait for another watch. An early end must not
// be taken for the end of the work: unless all numbers are accounted for, the job is watched again.
func (s *supervisor) park(e *supervised, sum *Summary, now time.Time) {
	switch {
	case e.back:
		s.enqueue(e)
	case s.accountedFor(e, sum):
		e.misses = 0
		e.checked = now.Add(-rand.N(s.pace.recheck/2 + 1)) // not all again at once
	default:
		e.misses++
		e.unknown, e.retryAt = true, now.Add(min(s.patience(e, s.pace.quiet), s.pace.longest))
	}
}

// accountedFor reports whether each number of a job is queued, or was verified or given up in the
// watch that ended with sum.
func (s *supervisor) accountedFor(e *supervised, sum *Summary) bool {
	queue := s.survey.Queue(e.manifest.ID)
	if s.needsNothing(e, queue) {
		return true
	}
	return sum != nil && e.manifest.State != task.Open && sum.Verified+sum.Counts.Dead+uint64(queue.Ranges.Len()) >= e.manifest.Count
}

// leaveAlone keeps the supervisor away from a job until its manifest is another.
func (s *supervisor) leaveAlone(e *supervised, sum *Summary) {
	e.state, e.verdict = leftAlone, e.manifest.Encode()
	if sum != nil {
		e.verdict = sum.Job.Encode()
	}
	s.setAbandoned(e.manifest.ID, true)
}
