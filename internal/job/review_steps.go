package job

import (
	"context"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// An answer is the event of an operation that has ended, with what it has read.
type answer struct {
	operation uint64
	job       *task.Job
	feeder    string
	backlog   *fleet.Backlog
	last      uint64
	letters   []fleet.DeadLetter
	err       error
}

// operate moves to step, and runs op in a goroutine of its own. Meanwhile the loop applies
// other events: the collector may cover more ranges, and the lease may be lost.
func (v *reviewer) operate(step reviewStep, op func(ctx context.Context, a *answer) error) {
	v.step = step
	v.operation++
	a := answer{operation: v.operation}
	v.l.group.Go(func() {
		a.err = op(v.l.ctx, &a)
		v.l.post(a)
	})
}

// apply takes the answer of the operation that runs, and does the next step.
func (a answer) apply(l *loop) {
	v := &l.review
	if a.operation != v.operation {
		return
	}
	v.operation++ // a duplicate of the answer is ignored
	switch {
	case v.step == reviewFeeder:
		v.feederKnown(a.feeder, a.err)
	case v.step == reviewRequeue:
		v.rangesRequeued(a.err)
	case a.err != nil:
		v.fail(a.err)
	case v.step == reviewManifest:
		v.manifestRead(a.job)
	case v.step == reviewSeal:
		v.job = a.job
		v.listQueue()
	case v.step == reviewQueue:
		v.queueListed(a.backlog)
	case v.step == reviewLast:
		v.awaitResults(a.last)
	case v.step == reviewDead:
		v.lettersListed(a.letters)
	case v.step == reviewQueueAgain:
		v.queueListedAgain(a.backlog)
	}
}

// cutOffAfter is how long an open job must have no feeder before it is sealed: between two
// looks a feeder may lose its lease and take it again.
const cutOffAfter = 3 * time.Second

// manifestRead ends the loop if the job was cancelled or removed, so that nothing of it is requeued
// even if the follower of the manifest is late. Results prints the answers of every job.
func (v *reviewer) manifestRead(j *task.Job) {
	v.job = j
	if end, ok := manifestEnding(j); ok && v.l.goal != goalShow {
		v.l.job = j
		v.l.finish(end)
		return
	}
	v.checkFeeder()
}

// checkFeeder looks for the feeder of an open job, if this process is to seal the job of a
// feeder that died. Only the holder does, and not while it feeds the job itself.
func (v *reviewer) checkFeeder() {
	if v.job.State != task.Open || v.l.feeding || !v.l.holding {
		v.noFeeder = time.Time{}
		v.listQueue()
		return
	}
	v.operate(reviewFeeder, func(ctx context.Context, a *answer) (err error) {
		a.feeder, err = v.l.access.feederHolder(ctx)
		return err
	})
}

// feederKnown seals the job as cut off if it had no feeder for cutOffAfter. What is stored is
// finished, and the manifest says that the input was longer.
func (v *reviewer) feederKnown(feeder string, err error) {
	switch {
	case err != nil:
		v.noFeeder = time.Time{}
		v.fail(err)
		return
	case feeder != "":
		v.noFeeder = time.Time{}
		if !v.reported {
			v.reported = true
			v.l.watch.Status("another process is still reading the input of this job, or has just died: waiting for it")
		}
	case v.noFeeder.IsZero():
		v.noFeeder = time.Now()
		time.AfterFunc(cutOffAfter, v.l.requestReview)
	case time.Since(v.noFeeder) >= cutOffAfter:
		v.operate(reviewSeal, func(ctx context.Context, a *answer) (err error) {
			a.job, err = v.l.access.sealCutOff(ctx)
			return err
		})
		return
	}
	v.listQueue()
}

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
