package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// A checker verifies stored results on all cores and removes those that are wrong. It belongs to the
// goroutine that follows the results; the loop gets what is verified.
//
// A batch is dealt with in this order:
//
//	verify on all cores, but no result whose positions others have answered (check_verify.go)
//	strikes for the workers of wrong results
//	the loop accepts the right results
//	wrong results are removed from the stream
//	the loop learns that all results up to the last of the batch are dealt with
//
// So a review that waits for the last result finds the range of a refused result neither covered nor
// stored, and the range is requeued. A refused result has to be removed: a subject holds one message,
// so that the same worker could not store a right answer for the range.
//
// If the process dies in between, the next one verifies the results that were not removed again, and
// a result that has earned a strike earns no second one.
type checker struct {
	streams  *streams
	log      zerolog.Logger
	check    func(context.Context, collect.Arrival) (collect.Checked, error) // safe for concurrent use
	trust    *fleet.Trust
	audits   *auditor
	early    *atomic.Bool // of the loop
	deliver  func(batch)
	replicas bool     // several workers are to answer each position: no result is useless because another one is there
	recent   task.Set // positions of the results that the last batch verified
	doubts   doubts
	excused  task.Set                // ranges of results that were excused
	refusals map[task.Range][]string // workers whose results were refused; of at most maxRefusedRanges ranges

	collector coverage               // nil = useless results are not bounded
	workers   map[string]*usefulness // at most maxBounded
}

// A coverage knows which positions are verified or given up. It is safe for concurrent use.
type coverage interface {
	Covers(r task.Range) bool   // all of r, which is not empty
	Overlaps(r task.Range) bool // some of r
}

// An outcome is what verification says of one result.
type outcome struct {
	checked collect.Checked
	unread  bool          // its worker is quarantined: the result is refused without verification
	dropped bool          // its worker has too many useless results: it is removed without verification
	took    time.Duration // verification
	err     error         // a *collect.Refused, or an error of the store
}

// take deals with the results of a batch, whose last sequence is last. arrivals may be empty: last
// then counts messages that are not results. An error ends the job in this process; the results
// before the one that has caused it are accepted all the same.
func (c *checker) take(ctx context.Context, arrivals []collect.Arrival, last uint64) error {
	outcomes, refuted := c.verify(ctx, arrivals)
	verified, refused, err := c.sort(ctx, arrivals, outcomes)
	if err == nil {
		err = c.punish(ctx, refuted)
	}
	if err != nil {
		c.deliver(batch{verified: verified})
		err = errors.Join(err, c.streams.fleet.DropResults(ctx, refused))
		c.deliver(batch{}) // it is received once the loop has accepted the others: err ends the loop
		return err
	}
	if len(refused) == 0 {
		c.deliver(batch{verified: verified, last: last})
		return nil
	}
	c.deliver(batch{verified: verified})
	if err := c.streams.fleet.DropResults(ctx, refused); err != nil {
		return err
	}
	c.stopQuarantined(arrivals, outcomes)
	c.deliver(batch{last: last, removed: true})
	return nil
}

// sort divides the results, in order, into verified ones and the sequences of refused ones. It stops
// at the first error, which ends the job; the results behind it are in neither.
func (c *checker) sort(ctx context.Context, arrivals []collect.Arrival, outcomes []outcome) (verified []collect.Checked, refused []uint64, _ error) {
	verified = make([]collect.Checked, 0, len(arrivals))
	for i := range outcomes {
		o, seq := &outcomes[i], arrivals[i].Seq
		var refusal *collect.Refused
		switch {
		case o.unread, o.dropped:
			refused = append(refused, seq)
			if o.unread {
				c.streams.fleet.CountRejected()
			}
		case errors.As(o.err, &refusal):
			refused = append(refused, seq)
			if err := c.refuse(ctx, refusal, seq); err != nil {
				return verified, refused, err
			}
		case o.err != nil:
			return verified, refused, o.err
		default:
			c.doubts.verify(arrivals[i].Worker, o.checked.Elapsed())
			verified = append(verified, o.checked)
		}
	}
	for _, r := range c.doubts.lies() {
		if err := c.strike(ctx, c.logOf(r.Refused), r.Refused, r.seq); err != nil {
			return verified, refused, err
		}
	}
	return verified, refused, nil
}

// stopQuarantined tells each quarantined worker that is still sending results to stop.
func (c *checker) stopQuarantined(arrivals []collect.Arrival, outcomes []outcome) {
	notified := make(map[string]bool)
	for i := range arrivals {
		worker := arrivals[i].Worker
		if !outcomes[i].unread || notified[worker] {
			continue
		}
		notified[worker] = true
		if err := c.trust.Stop(worker); err != nil {
			c.log.Debug().Err(err).Msg("cannot tell a worker that it is quarantined")
		}
	}
}

const (
	// maxRefusals is how many refused results of one range end the job. The third quarantines its
	// worker, whose results then count no more, so that one bad worker alone does not end a job.
	maxRefusals = 5
	// maxRefusedRanges bounds the memory for counting, since a hostile worker chooses the ranges.
	// Beyond it counting starts anew.
	maxRefusedRanges = 4096
)

// refuse deals with a result that is wrong: its worker gets a strike, and is quarantined with the
// third, unless its task may have been wrong (doubts). The error wraps ErrBeyondRepair once so many results
// for one range were refused that no worker seems able to answer it.
func (c *checker) refuse(ctx context.Context, refused *collect.Refused, seq uint64) error {
	log := c.logOf(refused)
	if !c.isFault(ctx, refused) {
		log.Debug().Err(refused.Err).Msg("a result was dropped: its range is not stored")
		return nil
	}
	c.streams.fleet.CountRejected()
	if refused.Excused && !c.excused.Overlaps(refused.Range) { // a second time, its number may be beyond such workers
		c.excused.Add(refused.Range)
		c.trust.Complain(refused.Worker, fleet.ComplaintUnfinished)
		log.Debug().Err(refused.Err).Msg("an unfinished answer was refused: its range is requeued")
		return nil
	}
	if refused.OtherTask {
		c.trust.Complain(refused.Worker, fleet.ComplaintTask)
		c.doubts.log(log, refusal{refused, seq})
		c.doubts.add(refusal{refused, seq})
		return nil
	}
	return c.strike(ctx, log, refused, seq)
}

// logOf returns a logger that names the worker and the range.
func (c *checker) logOf(refused *collect.Refused) zerolog.Logger {
	return c.log.With().Str("worker", refused.Worker).Stringer("range", refused.Range).Logger()
}

// strike gives the worker of a wrong result a strike; see refuse.
func (c *checker) strike(ctx context.Context, log zerolog.Logger, refused *collect.Refused, seq uint64) error {
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

// countRefusal counts a refused result of a worker that is not quarantined. The results of workers
// that were quarantined since are taken off the count.
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
// are not stored may be the fault of a store that has lost them, unless the sealed job never had so
// many. If the manifest cannot be read, the worker gets no strike.
func (c *checker) isFault(ctx context.Context, refused *collect.Refused) bool {
	if !errors.Is(refused.Err, collect.ErrNoInput) {
		return true
	}
	j, err := c.streams.manifest(ctx)
	return err == nil && j.State != task.Open && refused.Range.End() > j.Count
}
