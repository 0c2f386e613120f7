package job

import (
	"context"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// An answer is the event of an operation that has ended, with what it has read: one of job to
// letters, as the step requires. After an error that one is not valid.
type answer struct {
	operation uint64 // number of the operation, see reviewer
	job       *task.Job
	feeder    string // process that has the feeder's lease; "" = none
	backlog   *fleet.Backlog
	last      uint64                // sequence of the last stored result
	letters   []fleet.DeadLetter    // of the sweeper
	claims    []fleet.FailureRecord // letters of workers
	records   []fleet.FailureRecord // other failure records
	listing   time.Duration         // of the three
	wait      time.Duration         // until numbers that have to wait are reviewed again; 0 = none has to
	err       error
}

// operate moves to step, and runs op in a goroutine of its own. op fills the answer and uses nothing
// else that the loop owns. Meanwhile the loop applies other events: the collector may cover more
// ranges, the manifest may change, and the lease may be lost.
func (v *reviewer) operate(step reviewStep, op func(ctx context.Context, a *answer) error) {
	v.step = step
	v.operation++
	a := answer{operation: v.operation}
	v.l.group.Go(func() {
		a.err = op(v.l.ctx, &a)
		v.l.post(a)
	})
}

// apply takes the answer of the operation that runs, and does the next step. The steps feeder, refute
// and requeue have to see errors too; an error of any other step ends the review.
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
		v.rangesRequeued(a.wait, a.err)
	case v.step == reviewRefute:
		v.recordsRefuted(a.err)
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
		v.listing = a.listing
		v.lettersListed(a.letters, a.claims, a.records)
	case v.step == reviewQueueAgain:
		v.queueListedAgain(a.backlog)
	}
}

// cutOffAfter is how long an open job must have no feeder before it is sealed. A new submitter needs
// a moment between the manifest and its lease, and one that has lost its lease requests it every
// second.
const cutOffAfter = 3 * time.Second

// manifestRead ends the loop if the job was cancelled or removed: the follower of the manifest may
// be late, and nothing of such a job must be requeued. Results prints the answers of a cancelled job.
func (v *reviewer) manifestRead(j *task.Job) {
	v.job = j
	if end, ok := manifestEnding(j); ok && v.l.goal != goalShow {
		v.l.job = j
		v.l.finish(end)
		return
	}
	v.checkFeeder()
}

// checkFeeder looks for the feeder of an open job, because the holder seals the job of a feeder that
// has died. A process that is to feed the job itself does not: it will take the lease. Nor does one that
// knows a newer manifest than the review: its own feeder may have sealed the job in the meantime.
func (v *reviewer) checkFeeder() {
	if v.job.State != task.Open || v.l.job.State != task.Open || v.l.feeding || !v.l.holding {
		v.noFeeder = time.Time{}
		v.listQueue()
		return
	}
	v.operate(reviewFeeder, func(ctx context.Context, a *answer) (err error) {
		a.feeder, err = v.l.access.feederHolder(ctx)
		return err
	})
}

// feederKnown seals the job as cut off if it had no feeder for cutOffAfter. What is stored is then
// computed to its end, and the manifest says that the input was longer. If the feeder's process is
// alive and was only unreachable, it opens the job again (feeder.reopen, feeder.seal).
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
			v.l.watch.Status("waiting for the input of this job: its submitter is still reading it, or has just died")
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

// A snapshot is how the queue of the job stood when it was listed.
type snapshot struct {
	queued task.Set // in TASKS, or for a short time in RETURNS: see returnedWatch

	// end is the end of what was ever queued by then, as far as it is known: all chunks below it
	// were queued before the listing. For a sealed job it is the number of numbers. A feeder queues
	// in order, so that for an open job it is the end of the last range that is covered before the
	// listing, or that is listed with its first round.
	end uint64
}

// listQueue lists the queue. The end of what is covered is noted before, not after: a range that is
// answered during the listing would move the end beyond chunks that were queued after the listing.
func (v *reviewer) listQueue() {
	v.queue = snapshot{end: v.job.Count}
	if v.job.State == task.Open {
		v.queue.end = v.coveredEnd()
	}
	v.l.dispatch.listingBegins()
	v.l.replicas.listingBegins()
	unknown := v.supplies() && !v.l.feeding
	v.operate(reviewQueue, func(ctx context.Context, a *answer) (err error) {
		if unknown {
			if err := v.l.access.reload(ctx); err != nil {
				return err
			}
		}
		a.backlog, err = v.l.access.backlog(ctx)
		return err
	})
}

// supplies reports whether the job is open and its feeder stores numbers without queueing them: all that is stored is
// then the holder's to queue.
func (v *reviewer) supplies() bool { return v.job.State == task.Open && v.job.Throttled }

// coveredEnd returns the end of the last covered range; 0 if nothing is covered.
func (v *reviewer) coveredEnd() (end uint64) {
	for r := range v.l.collector.Covered().Ranges() {
		end = r.End()
	}
	return end
}

// queueListed notes the queue, and requests the sequence of the last result. Only chunks of the first
// round move the end, which are the feeder's: a worker cannot move it by a forged return.
func (v *reviewer) queueListed(b *fleet.Backlog) {
	v.ignoreLate(b)
	v.queue.queued = b.Ranges
	if v.job.State == task.Open {
		v.queue.end = min(max(v.queue.end, b.Fed), v.l.access.stored())
	}
	if v.supplies() {
		v.queue.end = v.l.access.stored()
	}
	v.tasks = b.Tasks
	if v.l.goal == goalShow { // the stored results were dealt with before the review
		v.listLetters()
		return
	}
	v.operate(reviewLast, func(ctx context.Context, a *answer) (err error) {
		a.last, err = v.l.access.lastResult(ctx)
		return err
	})
}

// awaitResults waits until the results up to last are dealt with. last = 0 means that there are none.
func (v *reviewer) awaitResults(last uint64) {
	v.step, v.last = reviewResults, last
	v.timer.Reset(reviewEvery)
	v.resultsDealtWith()
}

// resultsDealtWith is called when more results are dealt with. If another watcher removes the result
// last before this process has read it, no batch reaches last until a later result arrives: then the
// timer ends the review.
func (v *reviewer) resultsDealtWith() {
	if v.step == reviewResults && v.l.dealtWith >= v.last {
		v.timer.Stop()
		v.listLetters()
	}
}
