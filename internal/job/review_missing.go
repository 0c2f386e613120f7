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

// listLetters lists the dead letters. The holder lists the failure records too, but not in each review: a worker may
// have stored very many.
func (v *reviewer) listLetters() {
	records := v.l.holding && v.l.goal == goalEnd && time.Since(v.recordsListed) >= reviewEvery
	if records {
		v.recordsListed = time.Now()
	}
	v.operate(reviewDead, func(ctx context.Context, a *answer) (err error) {
		began := time.Now()
		if a.letters, a.claims, err = v.l.access.deadLetters(ctx); err == nil && records {
			a.records, err = v.l.access.failureRecords(ctx)
		}
		a.listing = time.Since(began)
		return err
	})
}

// lettersListed gives up the ranges that have a dead letter of the sweeper. The holder then holds refuted failure
// records against their workers, and looks for missing ranges.
func (v *reviewer) lettersListed(letters []fleet.DeadLetter, claims, records []fleet.FailureRecord) {
	v.claims = claims
	if err := v.giveUp(letters); err != nil {
		v.fail(err)
		return
	}
	v.l.deadline.look()
	switch {
	case v.l.goal == goalShow:
		v.l.show()
	case !v.l.holding:
		v.idle()
	default:
		v.refute(records)
	}
}

// refute writes strikes for refuted failure records, if there are any.
func (v *reviewer) refute(records []fleet.FailureRecord) {
	selected := v.l.refutable(slices.Concat(v.claims, records))
	if len(selected) == 0 {
		v.findMissing()
		return
	}
	v.operate(reviewRefute, func(ctx context.Context, _ *answer) error { return v.l.access.refute(ctx, selected) })
}

// refutable returns which records the holder is to examine. The failure of an item says nothing about its worker: a command
// may fail on one machine and work on another one.
func (l *loop) refutable(records []fleet.FailureRecord) []fleet.FailureRecord {
	if task.IsExec(l.job.Kind) {
		return nil
	}
	return l.access.refutable(records, l.review.isVerified)
}

// isVerified reports whether a number has a verified answer.
func (v *reviewer) isVerified(number task.Range) bool {
	return v.l.collector.Covered().Contains(number) && !v.given.Overlaps(number)
}

// recordsRefuted continues the review, also after an error: the next review examines the records again.
func (v *reviewer) recordsRefuted(err error) {
	if err != nil && v.l.ctx.Err() == nil {
		v.l.watch.Log.Debug().Err(err).Msg("cannot examine failure records, retrying")
	}
	v.findMissing()
}

// findMissing looks for missing ranges.
func (v *reviewer) findMissing() {
	if !v.l.holding || v.isPaused() {
		v.idle()
		return
	}
	if len(v.missing()) == 0 {
		v.handOver(nil, nil)
		v.idle()
		return
	}
	// A return that was requeued between the listings of TASKS and of RETURNS is in
	// neither of them; see the package comment.
	v.operate(reviewQueueAgain, func(ctx context.Context, a *answer) (err error) {
		a.backlog, err = v.l.access.backlog(ctx)
		return err
	})
}

// isPaused reports whether the job is paused, as far as this process knows. It then removes what is queued.
func (v *reviewer) isPaused() bool {
	if v.job.Paused && v.l.job.Paused && (len(v.tasks) > 0 || v.returned.all.Len() > 0) {
		v.l.dispatch.purge()
	}
	return v.job.Paused || v.l.job.Paused
}

// handOver gives the missing ranges of a throttled job to the dispatcher. voted are those that wait for another worker.
func (v *reviewer) handOver(missing []task.Range, voted []collect.Split) {
	if v.job.Throttled {
		v.l.dispatch.listed(missing, voted, v.tasks, &v.returned.all, v.queue.end)
	}
}

// giveUp gives up the ranges of the sweeper's dead letters. That is final in this process. A letter does not count
//
//   - if the job has no such numbers, or before they were queued: it is forged;
//   - while its range is queued: the task may still be answered;
//   - once its range is covered: the collector ignores it.
//
// A letter comes a moment before its task leaves the queue: another review follows.
func (v *reviewer) giveUp(letters []fleet.DeadLetter) error {
	stored, soon := v.l.access.stored(), false
	for i := range letters {
		d := &letters[i]
		switch {
		case d.Range.End() > stored || d.Range.Count > task.MaxCount:
		case d.Range.End() > v.queue.end || v.queue.queued.Overlaps(d.Range):
			if !v.l.collector.Covered().Contains(d.Range) {
				soon = true
				v.l.overdue.drop(d.Range) // a worker may keep another task of the range
			}
		default:
			v.given.Add(d.Range)
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

// claimed divides missing ranges into single numbers of which workers have stored dead letters, and the rest. A
// letter for several numbers says only that its task was unreadable, and letters of quarantined workers say
// nothing: their ranges are in the rest. So are numbers of a throttled job that were not queued yet.
func (v *reviewer) claimed(missing []task.Range) (numbers, rest []task.Range) {
	if len(v.claims) == 0 {
		return nil, missing
	}
	var left task.Set
	for _, r := range missing {
		left.Add(r)
	}
	for _, p := range v.claims {
		if p.Range.Count == 1 && left.Contains(p.Range) && !v.l.trust.Quarantined(p.Worker) && !v.keepsBack(p.Range) {
			left.Remove(p.Range)
			numbers = append(numbers, p.Range)
		}
	}
	return numbers, slices.Collect(left.Ranges())
}

// queueListedAgain decides about the ranges that are missing from both listings of the queue. They are requeued,
// with a new round, so that a range can be requeued any number of times. Numbers with dead letters of workers are
// requeued or given up.
func (v *reviewer) queueListedAgain(b *fleet.Backlog) {
	b.IgnoreReturns(&v.late)
	v.queue.queued.AddSet(&b.Ranges)
	v.tasks = b.Tasks
	missing := v.missing()
	if !v.l.holding || v.isPaused() {
		v.idle()
		return
	}
	if len(missing) == 0 {
		v.handOver(nil, nil)
		v.idle()
		return
	}
	numbers, rest := v.claimed(missing)
	var voted []collect.Split
	if v.l.replicated {
		voted, rest = v.voted(rest)
		v.l.replicas.found(voted)
	}
	if v.job.Throttled {
		v.tasks = slices.Concat(v.tasks, numbers) // the sweeper's rules queue them, whatever the limits are
		v.handOver(rest, voted)
		rest = nil
	}
	if len(rest)+len(numbers) == 0 {
		v.idle()
		return
	}
	v.l.requeued += uint64(len(rest) + len(numbers))
	if len(rest) > 0 {
		v.logResuming(len(rest))
	}
	j, claimed := v.job, v.votesOf(numbers)
	v.operate(reviewRequeue, func(ctx context.Context, a *answer) (err error) {
		if len(rest) > 0 {
			err = v.l.access.requeue(ctx, j, rest)
		}
		if len(claimed) > 0 && err == nil {
			a.wait, err = v.l.access.decideClaims(ctx, j, claimed)
		}
		return err
	})
}

// keepsBack reports whether the dispatcher of a throttled job is to queue a missing range, whatever workers say about it.
func (v *reviewer) keepsBack(r task.Range) bool { return v.job.Throttled && v.l.dispatch.notQueued(r) }

// voted divides missing ranges into those that some worker has answered and another one is to answer, and the rest.
func (v *reviewer) voted(missing []task.Range) (voted []collect.Split, rest []task.Range) {
	for _, r := range missing {
		for _, s := range v.l.collector.Voted(r) {
			if len(s.Workers) > 0 && !v.keepsBack(s.Range) {
				voted = append(voted, s)
			} else {
				rest = append(rest, s.Range)
			}
		}
	}
	return voted, rest
}

// votesOf returns numbers with the workers that have voted about each.
func (v *reviewer) votesOf(numbers []task.Range) (list []collect.Split) {
	for _, number := range numbers {
		list = append(list, v.l.collector.Voted(number)...)
	}
	return list
}

func (v *reviewer) logResuming(ranges int) {
	text := "resuming: 1 range was unfinished"
	if ranges > 1 {
		text = fmt.Sprintf("resuming: %d ranges were unfinished", ranges)
	}
	v.l.watch.Log.Info().Str("job", v.job.ID).Msg(text)
}

// rangesRequeued ends the review. Input that cannot be read is lost if that is so for longer than an
// election takes; before, a server that was cut off from its cluster may not have it yet. Of an open
// job, or one that this process feeds, the input may be about to be stored again.
func (v *reviewer) rangesRequeued(wait time.Duration, err error) {
	if !errors.Is(err, collect.ErrNoInput) || v.job.State == task.Open || v.l.feeding {
		v.noInput = time.Time{}
		if err != nil {
			v.fail(err)
			return
		}
		// What is missing once may be missing again: a worker that is quarantined can still take tasks and
		// remove them from the queue. The next review is not later than after a short silence.
		v.pause = min(max(reviewAgain, listingShare*time.Since(v.started)), reviewQuiet)
		if wait > 0 {
			v.pause = max(wait, reviewQuiet)
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
