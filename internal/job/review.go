package job

import (
	"context"
	"errors"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

const (
	reviewEvery   = 30 * time.Second       // at most between two reviews; and the time that the results may take
	reviewQuiet   = 2 * time.Second        // without an answer before the first review; doubles up to reviewEvery
	reviewSpacing = 100 * time.Millisecond // at least between two reviews, however often one is requested
)

// A reviewer compares the job's stored input with what became of it, gives up what has a
// dead letter, and requeues what is missing. It is a state machine in the loop. Each step
// with a stream is one operation in a goroutine of its own, whose answer is the next event:
//
//	off ──> idle ──> spaced ──> manifest ──┬─────────────> queue ──> last ──> results ──> dead ──┬──> idle
//	                                       └> feeder ──┬──> ^                                     │
//	                                                   └> seal ─> ^       queue again <── missing ┘
//	                                                                            └──> requeue ──> idle
//
//	off       the stored results are not dealt with yet
//	idle      waits for a request, or until no answer has arrived for a while
//	spaced    was requested, but the last review began less than reviewSpacing ago
//	manifest  reads the manifest
//	feeder    the job is open, and this process is its holder: is there a feeder?
//	seal      there was none for cutOffAfter: the job is sealed as cut off
//	queue     lists TASKS, then RETURNS
//	last      reads the sequence of the last message of RESULTS
//	results   waits until the results up to that sequence are dealt with
//	dead      lists DEAD, gives up, and computes missing = stored - covered - queued
//	queue again, requeue   only the holder: lists the queue once more, and requeues
//
// Invariant: TASKS, RETURNS, RESULTS, DEAD are read in this order. A range moves from one to
// the next only in this direction, so that a review sees it at least once, and never takes a
// range on its way for a missing one. Covered means verified in this process, never merely
// listed.
//
// An error in any step ends the review; unless it ends the job, the next review tries again.
type reviewer struct {
	l     *loop
	step  reviewStep
	timer *time.Timer // for idle, spaced, results

	requested bool
	started   time.Time     // when the last review began
	pause     time.Duration // without an answer before the next review
	operation uint64        // number of the operation that runs; answers of others are ignored

	// Of the review that runs.
	job   *task.Job // the manifest as it was before the queue was listed
	queue snapshot
	last  uint64 // sequence of the last result when the queue had been listed

	noFeeder time.Time // since when an open job has no feeder; zero = it has one
	noInput  time.Time // since when missing ranges cannot be read from the input; zero = they can
	reported bool      // the user knows that another process feeds the job
}

type reviewStep uint8

const (
	reviewOff reviewStep = iota
	reviewIdle
	reviewSpaced
	reviewManifest
	reviewFeeder
	reviewSeal
	reviewQueue
	reviewLast
	reviewResults
	reviewDead
	reviewQueueAgain
	reviewRequeue
)

func (v *reviewer) init(l *loop) {
	v.l, v.pause = l, reviewQuiet
	v.timer = time.NewTimer(reviewEvery)
	v.timer.Stop()
}

// begin starts the reviewer, once all stored results are dealt with.
func (v *reviewer) begin() {
	if v.step != reviewOff {
		return
	}
	if v.l.goal == goalShow {
		v.requested = true
	}
	v.idle()
}

// request asks for a review soon. What has happened before it begins, it will see.
func (v *reviewer) request() {
	switch v.step {
	case reviewSpaced:
	case reviewIdle:
		v.requested = true
		v.idle()
	default:
		v.requested = true
	}
}

// idle waits for the next review.
func (v *reviewer) idle() {
	v.step = reviewIdle
	if !v.requested {
		v.timer.Reset(v.pause)
		return
	}
	v.requested, v.pause = false, reviewQuiet
	if wait := reviewSpacing - time.Since(v.started); wait > 0 {
		v.step = reviewSpaced
		v.timer.Reset(wait)
		return
	}
	v.start()
}

// timeout is called when the timer has expired.
func (v *reviewer) timeout() {
	switch v.step {
	case reviewIdle:
		quiet := time.Since(v.l.lastAccepted)
		if quiet < v.pause && time.Since(v.started) < reviewEvery {
			v.timer.Reset(min(v.pause, v.pause-quiet+time.Millisecond))
			return
		}
		v.pause = min(2*v.pause, reviewEvery)
		v.start()
	case reviewSpaced:
		v.start()
	case reviewResults:
		v.fail(errors.New("the results arrive too slowly for a review"))
	}
}

// start begins a review.
func (v *reviewer) start() {
	v.timer.Stop()
	v.started = time.Now()
	v.operate(reviewManifest, func(ctx context.Context, a *answer) (err error) {
		a.job, err = v.l.access.manifest(ctx)
		return err
	})
}

// fail ends the review with an error, and the loop if the error is of a kind that no later
// review can help against.
func (v *reviewer) fail(err error) {
	end := endingOf(err)
	if end.kind != failed || v.l.goal == goalShow {
		v.l.finish(end)
		return
	}
	v.l.watch.Log.Debug().Err(err).Msg("the review failed: it is repeated")
	v.idle()
}

// An answer is what an operation of a review returns.
type answer struct {
	operation uint64
	job       *task.Job
	feeder    string
	backlog   *fleet.Backlog
	last      uint64
	letters   []fleet.DeadLetter
	err       error
}

// operate moves to step, and runs op in a goroutine of its own.
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
		v.job = a.job
		v.checkFeeder()
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
