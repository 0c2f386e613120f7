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

// missing returns the ranges below the end of the queue that are neither covered nor queued.
func (v *reviewer) missing() []task.Range {
	if v.queue.end == 0 {
		return nil
	}
	var missing []task.Range
	for gap := range v.l.collector.Covered().Gaps(task.Span(0, v.queue.end)) {
		missing = slices.AppendSeq(missing, v.queue.queued.Gaps(gap))
	}
	return missing
}

// queueListedAgain requeues the ranges that are missing from both listings of the queue. A
// range that was answered between the listings may be requeued without need: its second
// answer is a duplicate.
func (v *reviewer) queueListedAgain(b *fleet.Backlog) {
	v.queue.queued.AddSet(&b.Ranges)
	missing := v.missing()
	if len(missing) == 0 || !v.l.holding {
		v.idle()
		return
	}
	text := "resuming: 1 range was unfinished"
	if len(missing) > 1 {
		text = fmt.Sprintf("resuming: %d ranges were unfinished", len(missing))
	}
	v.l.watch.Log.Info().Str("job", v.job.ID).Msg(text)
	v.l.requeued += uint64(len(missing))
	j := v.job
	v.operate(reviewRequeue, func(ctx context.Context, _ *answer) error { return v.l.access.requeue(ctx, j, missing) })
}

// rangesRequeued ends the review. Missing input is a loss if it stays missing for longer than
// an election takes. While the job is open, or this process feeds it, the input may be about
// to be stored again.
func (v *reviewer) rangesRequeued(err error) {
	if !errors.Is(err, collect.ErrNoInput) || v.job.State == task.Open || v.l.feeding {
		v.noInput = time.Time{}
		if err != nil {
			v.fail(err)
			return
		}
		v.idle()
		return
	}
	if v.noInput.IsZero() {
		v.noInput = time.Now()
	}
	if election := v.l.access.election(); time.Since(v.noInput) < election {
		time.AfterFunc(election, v.l.requestReview)
	} else {
		err = fmt.Errorf("%w: %w", ErrInputLost, err)
	}
	v.fail(err)
}
