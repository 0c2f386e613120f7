package job

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// A checker verifies stored results on all cores and removes those that do not hold. It
// belongs to the goroutine that follows the results; the loop gets what is verified.
//
// A batch is dealt with in this order:
//
//	verify on all cores -> strikes for wrong results -> loop accepts the right ones
//	-> wrong ones are removed from the stream -> loop learns that all up to last is dealt with
//
// So a review never mistakes a refused result for one that is still to be verified, or for
// an answer.
type checker struct {
	streams  *streams
	log      zerolog.Logger
	check    func(context.Context, collect.Arrival) (collect.Checked, error) // safe for concurrent use
	trust    *fleet.Trust
	deliver  func(batch)
	refusals map[task.Range][]string // workers whose results were refused; of at most maxRefusedRanges ranges
}

// An outcome is what verification says of one result.
type outcome struct {
	checked collect.Checked
	unread  bool  // its worker is quarantined: the result is refused without a look
	err     error // a *collect.Refused, or an error of the store
}

// take deals with the results of a batch, whose last sequence is last.
func (c *checker) take(ctx context.Context, arrivals []collect.Arrival, last uint64) error {
	outcomes := c.verify(ctx, arrivals)
	verified, refused, err := c.sort(ctx, arrivals, outcomes)
	if err != nil {
		c.deliver(batch{verified: verified})
		return errors.Join(err, c.streams.fleet.DropResults(ctx, refused))
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

// verify checks the results on all cores.
func (c *checker) verify(ctx context.Context, arrivals []collect.Arrival) []outcome {
	outcomes := make([]outcome, len(arrivals))
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(arrivals)) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(arrivals)); i = next.Add(1) - 1 {
				a, o := &arrivals[i], &outcomes[i]
				if o.unread = c.trust.Refuses(a.Worker, a.Seq); !o.unread {
					o.checked, o.err = c.check(ctx, *a)
				}
			}
		})
	}
	group.Wait()
	return outcomes
}

// sort divides the results, in order, into verified ones and the sequences of refused ones.
// It stops at the first error, which ends the job; the results from there on are in neither.
func (c *checker) sort(ctx context.Context, arrivals []collect.Arrival, outcomes []outcome) (verified []collect.Checked, refused []uint64, _ error) {
	verified = make([]collect.Checked, 0, len(arrivals))
	for i := range outcomes {
		o, seq := &outcomes[i], arrivals[i].Seq
		var refusal *collect.Refused
		switch {
		case o.unread:
			refused = append(refused, seq)
		case errors.As(o.err, &refusal):
			refused = append(refused, seq)
			if err := c.refuse(ctx, refusal, seq); err != nil {
				return verified, refused, err
			}
		case o.err != nil:
			return verified, refused, o.err
		default:
			verified = append(verified, o.checked)
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
			c.log.Debug().Err(err).Msg("tell a worker that it is quarantined")
		}
	}
}
