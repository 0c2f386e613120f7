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

// reviewSweeper is the time after which a review is repeated that has found a dead letter of the
// sweeper whose task is still queued. The sweeper stores the letter first and removes the task a
// round trip later.
const reviewSweeper = 500 * time.Millisecond

// listLetters lists the dead letters.
func (v *reviewer) listLetters() {
	v.operate(reviewDead, func(ctx context.Context, a *answer) (err error) {
		a.letters, err = v.l.access.deadLetters(ctx)
		return err
	})
}

// lettersListed gives up the ranges that have a dead letter. The holder then looks for missing ranges.
func (v *reviewer) lettersListed(letters []fleet.DeadLetter) {
	if err := v.giveUp(letters); err != nil {
		v.fail(err)
		return
	}
	switch {
	case v.l.goal == goalShow:
		v.l.show()
	case !v.l.holding || len(v.missing()) == 0:
		v.idle()
	default:
		// A return that was requeued between the listings of TASKS and of RETURNS is in
		// neither of them; see the package comment.
		v.operate(reviewQueueAgain, func(ctx context.Context, a *answer) (err error) {
			a.backlog, err = v.l.access.backlog(ctx)
			return err
		})
	}
}

// giveUp gives up the ranges of dead letters. That is final in this process, so that a letter must
// be more than a claim. It does not count
//
//   - if the job has no such numbers, or before they were queued: it is forged;
//   - while its range is queued: the task may still be answered;
//   - once its range is covered: the collector ignores it;
//   - if a quarantined worker has written it.
//
// A letter of the sweeper comes a moment before its task leaves the queue: another review follows.
func (v *reviewer) giveUp(letters []fleet.DeadLetter) error {
	stored, soon := v.l.access.stored(), false
	for i := range letters {
		d := &letters[i]
		switch {
		case d.Range.End() > stored || d.Range.Count > task.MaxCount:
		case v.l.trust.Quarantined(d.Writer):
		case d.Range.End() > v.queue.end || v.queue.queued.Overlaps(d.Range):
			if d.Authoritative() && !v.l.collector.Covered().Contains(d.Range) {
				soon = true
				v.l.overdue.drop(d.Range) // a worker may keep another task of the range
			}
		default:
			if err := v.l.collector.GiveUp(v.l.ctx, d.Range, d.Err); err != nil {
				return err
			}
		}
	}
	if soon {
		time.AfterFunc(reviewSweeper, v.l.requestReview)
	}
	return v.l.flush()
}

// missing returns the ranges below the end of the queue that are neither covered nor queued, in
// ascending order. Requires that the queue was listed and the results that were stored then are dealt
// with. Covered ranges include those that were given up.
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

// queueListedAgain requeues the ranges that are missing from both listings of the queue. The requeued
// tasks have a new round, so that a range can be requeued any number of times.
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

// rangesRequeued ends the review. Input that cannot be read is lost if that is so for longer than an
// election takes; before, a server that was cut off from its cluster may not have it yet. Of an open
// job, or one that this process feeds, the input may be about to be stored again.
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
