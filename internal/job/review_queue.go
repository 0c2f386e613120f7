package job

import (
	"context"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// A snapshot is how the queue of the job stood at one moment.
type snapshot struct {
	queued task.Set // in TASKS or in RETURNS

	// end is the end of what was ever queued by then. Chunks are queued in order: below one
	// that was queued, all were.
	end uint64
}

// listQueue lists the queue. For an open job the end of what is covered is noted before: all
// chunks up to there were queued when the queue is listed.
func (v *reviewer) listQueue() {
	v.queue = snapshot{end: v.job.Count}
	if v.job.State == task.Open {
		v.queue.end = v.coveredEnd()
	}
	v.operate(reviewQueue, func(ctx context.Context, a *answer) (err error) {
		a.backlog, err = v.l.access.backlog(ctx)
		return err
	})
}

// coveredEnd returns the end of the last covered range; 0 if nothing is covered.
func (v *reviewer) coveredEnd() (end uint64) {
	for r := range v.l.collector.Covered().Ranges() {
		end = r.End()
	}
	return end
}

// queueListed notes the queue, and asks how far the results go. Only the feeder's own chunks
// move the end, so that a forged return cannot.
func (v *reviewer) queueListed(b *fleet.Backlog) {
	v.queue.queued = b.Ranges
	if v.job.State == task.Open {
		v.queue.end = min(max(v.queue.end, b.Fed), v.l.access.stored())
	}
	if v.l.goal == goalShow { // the stored results were dealt with before the review
		v.listLetters()
		return
	}
	v.operate(reviewLast, func(ctx context.Context, a *answer) (err error) {
		a.last, err = v.l.access.lastResult(ctx)
		return err
	})
}

// awaitResults waits until the results up to last are dealt with.
func (v *reviewer) awaitResults(last uint64) {
	v.step, v.last = reviewResults, last
	v.timer.Reset(reviewEvery)
	v.resultsDealtWith()
}

// resultsDealtWith is called when more results are dealt with.
func (v *reviewer) resultsDealtWith() {
	if v.step == reviewResults && v.l.dealtWith >= v.last {
		v.timer.Stop()
		v.listLetters()
	}
}
