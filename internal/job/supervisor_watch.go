package job

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// A watch is Wait without an output: it verifies results, reviews the job, and holds its lease if no
// other process does. Whatever ends it, the next watch starts from what is stored.
//
//	waiting ── watch ──► Wait ──┬── the job ended, was cancelled or removed ──► forgotten
//	                            ├── beyond repair, or input lost ─────────────► left alone
//	                            ├── another error ────────────────────────────► parked for pace.retry
//	                            └── leave: errLeave ──┬── rejoin ─────────────► waiting
//	                                                  └── else ───────────────► parked

// errLeave ends a watch before the job has ended.
var errLeave = errors.New("the supervisor parks the job")

// A watchEnd is the end of a watch.
type watchEnd struct {
	job *supervised
	sum *Summary
	err error
}

// fill watches jobs that wait, first come first served, as long as there are places.
func (s *supervisor) fill(ctx context.Context) {
	for len(s.waiting) > 0 && len(s.watching) < s.pace.watched && ctx.Err() == nil {
		e := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.watch(ctx, e)
	}
}

// watch starts a watch.
func (s *supervisor) watch(ctx context.Context, e *supervised) {
	id := e.manifest.ID
	ctx, e.stop = context.WithCancelCause(ctx)
	stop := e.stop
	e.state, e.began, e.rejoin = watched, time.Now(), false
	e.activity.Store(e.began.UnixNano())
	e.busy.Store(false)
	s.watching[id] = e
	s.log.Debug().Str("job", id).Msg("watching job")
	emit := func(*collect.Item) error { e.activity.Store(time.Now().UnixNano()); return nil }
	s.watches.Go(func() {
		sum, err := Wait(ctx, s.f, id, Watch{Emit: emit, Supervised: true, Log: s.log, audits: s.audits, busy: &e.busy})
		if err != nil && context.Cause(ctx) == errLeave {
			err = errLeave
		}
		stop(nil)
		s.ended <- watchEnd{e, sum, err}
	})
}

// leave tells a watch to end; rejoin says that the job waits for another watch after that.
func (s *supervisor) leave(e *supervised, rejoin bool) {
	e.state, e.rejoin = leaving, rejoin
	e.stop(errLeave)
}

// watchEnded takes the end of a watch.
func (s *supervisor) watchEnded(ctx context.Context, end watchEnd) {
	e, now := end.job, time.Now()
	delete(s.watching, e.manifest.ID)
	e.state, e.checkAt = parked, now.Add(s.pace.retry)
	if !e.held { // else the lease that was read is that of another process
		e.released = now
	}
	log := s.log.With().Str("job", e.manifest.ID).Logger()
	switch err := end.err; {
	case err == nil: // its manifest comes in a moment
		log.Info().Uint64("verified", end.sum.Verified).Uint64("dead", end.sum.Counts.Dead).Msg("job done")
	case err == errLeave:
		log.Debug().Bool("rejoin", e.rejoin).Msg("job parked")
		s.park(e, end.sum, now)
	case errors.Is(err, ErrBeyondRepair), errors.Is(err, ErrInputLost):
		log.Error().Err(err).Msg("job is left alone until it is changed")
		s.failed(e.manifest, err)
		s.leaveAlone(e, end.sum)
	case errors.Is(err, fleet.ErrNoJob):
		// Its tombstone comes in a moment. Without one, a server of a cluster has answered that is
		// behind, or the server has lost the manifest.
		e.checkAt = now.Add(s.pace.longest)
	case errors.Is(err, ErrCancelled): // its manifest comes in a moment
	default:
		log.Warn().Err(err).Msg("cannot watch the job, retrying")
	}
	if e.manifest.Finished() {
		s.finished(ctx, e)
	}
}

// park parks a job whose watch has left it, or lets it wait for another watch. An early end must not be
// taken for the end of the work: unless all numbers are accounted for, the job is watched again soon.
func (s *supervisor) park(e *supervised, sum *Summary, now time.Time) {
	switch {
	case e.held: // checked when that ends
	case e.rejoin:
		s.enqueue(e)
	case s.waits(e.manifest):
		e.incomplete = 0
		e.checkAt = s.recheckAt(e, now)
	case s.accountedFor(e, sum):
		e.incomplete = 0
		e.checkAt = now.Add(s.pace.recheck - rand.N(s.pace.recheck/2+1)) // not all again at once
	default:
		e.incomplete++
		e.checkAt = now.Add(min(s.patience(e, s.pace.quiet), s.pace.longest))
	}
	if due := s.recheckAt(e, now); e.state == parked && !e.checkAt.IsZero() && due.Before(e.checkAt) {
		e.checkAt = due // its deadline
	}
}

// accountedFor reports whether each number of a job is queued, or was verified or given up in the
// watch that ended with sum. It compares counts:
//
//	verified + given up + queued >= Count
//
// A range that is verified and still queued, because its ack was lost, counts twice and may hide a
// missing one. The redelivery of that range changes the queue, so that the job is watched again.
func (s *supervisor) accountedFor(e *supervised, sum *Summary) bool {
	if s.needsNothing(e) {
		return true
	}
	return sum != nil && e.manifest.State != task.Open && sum.Verified+sum.Counts.Dead+e.queue.Ranges.Len() >= e.manifest.Count
}

// leaveAlone keeps the supervisor away from a job until its manifest is another. If the manifest has
// changed while the watch ended, the verdict may be about the former one: the job is checked once more.
func (s *supervisor) leaveAlone(e *supervised, sum *Summary) {
	if sum != nil && !bytes.Equal(sum.Job.Encode(), e.manifest.Encode()) {
		return
	}
	e.state = leftAlone
	s.setAbandoned(e.manifest.ID, true)
}
