package job

import (
	"context"
	"errors"
	"time"

	"factorfleet/internal/task"
)

const (
	reviewEvery   = 30 * time.Second       // at most between two reviews; and the time that the results may take
	reviewQuiet   = 2 * time.Second        // without an answer before the first review; doubles up to reviewEvery
	reviewSpacing = 100 * time.Millisecond // at least between two reviews, however often one is requested
)

// A reviewer compares the job's stored input with what became of it, gives up what has a
// dead letter, and requeues what is missing. It is a state machine in the loop. A step that
// reads or changes a stream is one operation, in a goroutine of its own; its answer is the
// event that leads to the next step (review_operation.go).
//
//	off           until the stored results are dealt with
//	 v
//	idle          waits for a request, or until no answer has arrived for a while  <──┐
//	 v                                                                                │
//	spaced        until reviewSpacing after the last review began                     │
//	 v                                                                                │
//	manifest      reads the manifest                                                  │
//	 v                                                                                │
//	feeder        only the holder, of an open job: is there a feeder?                 │
//	 v                                                                                │
//	seal          if there was none for cutOffAfter: seals the job as cut off         │
//	 v                                                                                │
//	queue         lists TASKS, then RETURNS                                           │
//	 v                                                                                │
//	last          reads the sequence of the last message of RESULTS                   │
//	 v                                                                                │
//	results       waits until the results up to that sequence are dealt with          │
//	 v                                                                                │
//	dead          lists DEAD, gives up; missing = stored - covered - queued  ────────>┤
//	 v                                                                                │
//	queue again   only the holder, if a range is missing: lists the queue again  ────>┤
//	 v                                                                                │
//	requeue       requeues the ranges that are missing from both lists  ─────────────>┘
//
// Invariant: TASKS, RETURNS, RESULTS and DEAD are read in this order. A range moves from one
// stream to the next in this order only. So a review sees each range at least once, and does
// not take a range that moves meanwhile for a missing one. Covered means verified in this
// process, never merely listed.
//
// An error in any step ends the review. The next review tries again, unless the error ends
// the job.
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
