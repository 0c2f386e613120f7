package job

import (
	"context"
	"errors"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// When reviews take place. A review is six to nine requests; the listing of a full queue costs the
// server some tens of milliseconds.
const (
	// reviewEvery is the longest time between two reviews of a job that is answered all the time:
	// lost ranges, which are rare, wait so long. A review fails if the results that were stored
	// when it began are not verified after that time.
	reviewEvery = 30 * time.Second

	// reviewQuiet is the time without an answer before the first review: longer than most tasks
	// take, so that a job whose last tasks run is seldom reviewed. It doubles up to reviewEvery,
	// since a job of hard numbers is quiet for hours.
	reviewQuiet = 2 * time.Second

	// reviewAgain is the same after a review that has requeued ranges, unless the reviews take long: a hostile worker
	// may take them again at once, and nothing tells the reviewer if it has stored their dead letters before. Each
	// review may bring no more than one answer then, of the honest worker that was the first at one of the tasks.
	reviewAgain = 200 * time.Millisecond

	// reviewSpacing is the shortest time between the beginnings of two reviews. So hundreds of
	// dead letters that arrive one by one cause ten reviews a second, not hundreds.
	reviewSpacing = 100 * time.Millisecond

	// listingShare is for how many times the duration of a listing of dead letters the reviewer then waits. A worker may
	// store very many, one by one, and each requests a review: listing 100,000 takes a second. After a review that has
	// requeued ranges, it is for how many times the duration of that review.
	listingShare = 4
)

// A reviewer compares the job's stored input with what became of it, gives up what has a
// dead letter, and requeues what is missing. It is a state machine in the loop. A step that
// reads or changes a stream is one operation, in a goroutine of its own; its answer is the
// event that leads to the next step (review_steps.go, review_missing.go).
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
//	dead          lists DEAD, gives up                                                │
//	 v                                                                                │
//	refute        only the holder, if there are failure records of answered numbers:  │
//	              writes strikes; missing = stored - covered - queued  ──────────────>┤
//	 v                                                                                │
//	              of a job that is paused the holder removes what is queued           │
//	queue again   only the holder, if a range is missing: lists the queue again  ────>┤
//	              of a throttled job: gives the missing ranges to the dispatcher      │
//	 v                                                                                │
//	requeue       requeues the ranges that are missing from both lists, decides       │
//	              about numbers with dead letters of workers  ───────────────────────>┘
//
// TASKS, RETURNS, RESULTS and DEAD are read in this order. The package comment has the proof that
// a range which moves between them meanwhile is not lost and is rarely requeued without need.
//
// Every watcher reviews, because each has to learn what was given up: that is what the sweeper has a dead letter
// for. Only the holder seals, requeues, and turns the dead letters of workers into one of the sweeper. A process that loses the lease during a review stops before the next of these steps.
//
// An error in any step ends the review. The next review tries again, unless the error ends the
// job. There is always a next review: outside of off, either the timer runs or an operation, which
// ends with its requests.
//
// All fields belong to the loop.
type reviewer struct {
	l     *loop
	step  reviewStep
	timer *time.Timer // for idle, spaced, results

	requested bool          // another review is to follow at once
	started   time.Time     // when the last review began; zero = there was none
	pause     time.Duration // without an answer before the next review, reviewAgain to reviewEvery
	operation uint64        // number of the operation that runs; answers of others are ignored

	// Of the review that runs.
	job   *task.Job    // the manifest as it was before the queue was listed
	queue snapshot     // of the first listing; the second is added to it
	late  task.Set     // ranges whose returns do not count any more
	tasks []task.Range // of the last listing
	last  uint64       // sequence of the last result when the queue had been listed

	claims []fleet.FailureRecord // dead letters of workers, when DEAD had been listed
	given  task.Set              // ranges of the sweeper's letters that counted, in all reviews

	returned returnedWatch

	listing       time.Duration // of the last listing of dead letters
	recordsListed time.Time     // when the failure records were last listed; zero = never

	noFeeder time.Time // since when an open job has no feeder; zero = it has one
	noInput  time.Time // since when missing ranges cannot be read from the input; zero = they can
	reported bool      // the user knows that another process feeds the job
}

// A reviewStep is a state of the reviewer; see there.
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
	reviewRefute
	reviewQueueAgain
	reviewRequeue
)

func (v *reviewer) init(l *loop) {
	v.l, v.pause = l, reviewQuiet
	v.timer = time.NewTimer(reviewEvery)
	v.timer.Stop()
}

// begin starts the reviewer, once all stored results are dealt with. Requires l.trust. Results
// needs one review, at once.
func (v *reviewer) begin() {
	if v.step != reviewOff {
		return
	}
	if v.l.goal == goalShow {
		v.requested = true
	}
	v.idle()
}

// request requests a review soon. A review that has not begun will see what has happened; one that
// runs may not, so that another one follows it.
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

// idle waits for the next review, or starts it if one is requested.
func (v *reviewer) idle() {
	v.step = reviewIdle
	if !v.requested {
		v.timer.Reset(v.pause)
		return
	}
	v.requested, v.pause = false, reviewQuiet
	if wait := max(reviewSpacing, min(listingShare*v.listing, reviewEvery)) - time.Since(v.started); wait > 0 {
		v.step = reviewSpaced
		v.timer.Reset(wait)
		return
	}
	v.start()
}

// timeout is called when the timer has expired. In idle the answers since the timer was set may have
// postponed the review, but no later than reviewEvery after the last one.
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
		v.fail(errors.New("the results that were stored when the review began are not verified yet"))
	}
}

// start begins a review.
func (v *reviewer) start() {
	v.timer.Stop()
	v.started = time.Now()
	v.operate(reviewManifest, func(ctx context.Context, a *answer) (err error) {
		if a.job, err = v.l.access.manifest(ctx); err != nil {
			return err
		}
		return v.l.access.prepare(ctx, a.job)
	})
}

// fail ends the review with an error. It ends the loop if no later review can help against an error
// of that kind (endingOf), or if no later review follows.
func (v *reviewer) fail(err error) {
	end := endingOf(err)
	if end.kind != failed || v.l.goal == goalShow {
		v.l.finish(end)
		return
	}
	v.l.watch.Log.Debug().Err(err).Msg("the review failed and will be repeated")
	v.idle()
}
