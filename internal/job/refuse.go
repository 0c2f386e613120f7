package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

const (
	maxRefusals      = 5    // refused results of one range that end the job
	maxRefusedRanges = 4096 // ranges whose refusals are counted: a hostile worker chooses them
)

// refuse deals with a result that does not verify: its worker gets a strike. The error wraps
// ErrBeyondRepair once so many results for one range were refused that no worker seems able
// to answer it. Results of quarantined workers do not count for that.
func (c *checker) refuse(ctx context.Context, refused *collect.Refused, seq uint64) error {
	log := c.log.With().Str("worker", refused.Worker).Stringer("range", refused.Range).Logger()
	if !c.isFault(ctx, refused) {
		log.Debug().Err(refused.Err).Msg("a result was dropped: its range is not stored")
		return nil
	}
	standing, fresh, err := c.trust.Strike(ctx, refused.Worker, fleet.Strike{
		Time: time.Now().UTC(), Job: c.streams.id, Range: refused.Range.String(), Seq: seq, Reason: refused.Err.Error(),
	})
	if err != nil {
		return err
	}
	// Repeated refusals of the same worker are logged at debug level, so that a hostile
	// worker cannot flood the log.
	event := log.Debug()
	if fresh {
		event = log.Warn()
	}
	event.Err(refused.Err).Int("strikes", len(standing.Strikes)).Msg("a result was refused: its range is requeued")
	if standing.Quarantined != nil {
		if fresh {
			log.Warn().Msg("worker quarantined: its results are refused until it is released")
		}
		return nil
	}
	return c.countRefusal(refused)
}

// countRefusal counts a refused result of a worker that is not quarantined.
func (c *checker) countRefusal(refused *collect.Refused) error {
	if len(c.refusals) >= maxRefusedRanges {
		clear(c.refusals)
	}
	workers := append(slices.DeleteFunc(c.refusals[refused.Range], c.trust.Quarantined), refused.Worker)
	c.refusals[refused.Range] = workers
	if len(workers) >= maxRefusals {
		return fmt.Errorf("%w: %d results for %v were refused, the last: %w", ErrBeyondRepair, len(workers), refused.Range, refused.Err)
	}
	return nil
}

// isFault reports whether a refused result is its worker's fault. An answer to numbers that
// are not stored may be the fault of a store that has lost them, unless the sealed job never
// had so many.
func (c *checker) isFault(ctx context.Context, refused *collect.Refused) bool {
	if !errors.Is(refused.Err, collect.ErrNoInput) {
		return true
	}
	j, err := c.streams.manifest(ctx)
	return err == nil && j.State != task.Open && refused.Range.End() > j.Count
}
