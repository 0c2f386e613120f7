package job

import (
	"context"
	"time"

	"factorfleet/internal/fleet"
)

// A parked job changes nothing in its queue while a worker sits on its tasks. Heartbeats show that: the job is
// watched again when a worker has held one of its ranges for least, then for 2 least, 4 least, and so on. The
// watch issues the range again if it is overdue. In a job of long tasks it finds nothing to do, once for each
// doubling.

// heldTasks is what a supervisor knows of the tasks that workers hold.
type heldTasks struct {
	registry *fleet.Registry
	least    time.Duration // see overdue
}

// followHeartbeats makes the tasks known that workers hold, until ctx ends.
func (s *supervisor) followHeartbeats(ctx context.Context) {
	known, least, err := heartbeatsOf(ctx, s.f)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Warn().Err(err).Msg("cannot search for ranges that are held for too long")
		}
		return
	}
	s.held.Store(&heldTasks{known, least})
}

// isOverdue reports whether a parked job may have an overdue range.
func (s *supervisor) isOverdue(e *supervised, now time.Time) bool {
	known := s.held.Load()
	if known == nil {
		return false
	}
	var first fleet.Holder
	for r, h := range known.registry.HeldRanges(e.manifest.ID) {
		if e.queue.Ranges.Contains(r) && (first.Worker == "" || h.Since.Before(first.Since)) {
			first = h
		}
	}
	if first.Worker == "" {
		e.heldSince = time.Time{}
		return false
	}
	if !first.Since.Equal(e.heldSince) {
		e.heldSince, e.heldLimit = first.Since, known.least
	}
	limit := e.heldLimit
	serving := known.registry.Serving(e.manifest.Queue().Route())
	crowded := serving.FreeSlots(first.Worker) == 0
	if crowded {
		limit *= crowdedFactor
	}
	if now.Sub(first.Since) < limit || crowded && !serving.AnotherRuns(first.Worker) {
		return false
	}
	for e.heldLimit <= now.Sub(first.Since) {
		e.heldLimit *= 2
	}
	return true
}
