package job

import (
	"context"

	"factorfleet/internal/collect"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// An event is a message from another goroutine to the loop. The loop calls apply on its own
// goroutine, so that apply may use all that the loop owns, and must not wait for events or for
// another goroutine of the loop. Applying an event twice has the effect of applying it once, since
// a feeder that has lost its lease sends its events again. The values of an event, such as its
// manifest, are not changed once it was sent.
type event interface{ apply(l *loop) }

// inputConfirmed means that all numbers that were stored when the feeder began are those of its
// input, and that more may follow. See loop.confirm.
type inputConfirmed struct{}

func (inputConfirmed) apply(l *loop) { l.confirm() }

// inputSealed means that the feeder has stored and queued all of its input, and has compared with
// it what was stored before. job is the manifest that says so; its state is Sealed or Done.
type inputSealed struct{ job *task.Job }

func (e inputSealed) apply(l *loop) {
	l.job, l.feeding = e.job, false
	l.shownThrottle = "" // the feeder has replaced it
	l.dispatch.step()
	if l.goal == goalFed {
		l.finish(ending{kind: fed})
		return
	}
	l.confirm()
	l.review.request()
}

// manifestChanged has the manifest as another process, or the feeder of this one, has written it.
// The feeder's event and the follower's value have no common order, so that an older manifest may
// replace a newer one. The follower then brings the newer one again: completion only waits. A
// manifest that ends the job has ended the loop before, see putManifest.
type manifestChanged struct{ job *task.Job }

func (e manifestChanged) apply(l *loop) {
	before := l.job
	l.job = e.job
	l.watch.Progress.Limit(plan.LimitsOf(e.job))
	l.dispatch.changed(before)
	l.deadline.look()
	if e.job.State != task.Sealed && e.job.State != task.Done {
		return
	}
	l.size()
	l.review.request()
}

// size tells Progress how many numbers the job has, once its input is stored. A feeder counts them as it reads them.
func (l *loop) size() {
	if l.hasFeeder || l.sized || l.job.State != task.Sealed && l.job.State != task.Done {
		return
	}
	l.sized = true
	l.watch.Progress.Submitted(plan.TallyOf(l.job))
	l.watch.Progress.Seal()
}

// A batch has the verified ones of the results that have arrived, in the order of their sequences.
// It is one event however many results it has, so that the cost of an event is negligible.
type batch struct {
	verified []collect.Checked

	// last is the sequence up to which all stored results of the job are dealt with: they are in
	// this or earlier batches, or removed from the stream. 0 = a later batch says it.
	last    uint64
	removed bool // refused results were removed: a review will find their ranges missing
}

func (b batch) apply(l *loop) {
	for i := range b.verified {
		if l.ctx.Err() != nil { // nothing is printed after the end
			return
		}
		if err := l.accept(&b.verified[i]); err != nil {
			l.finish(endingOf(err))
			return
		}
	}
	if len(b.verified) > 0 {
		if err := l.flush(); err != nil {
			l.finish(endingOf(err))
			return
		}
	}
	if len(b.verified) > 0 {
		l.overdue.answered(b.verified)
		l.dispatch.answered(b.verified)
		l.deadline.look()
	}
	if b.removed {
		l.review.request()
	}
	if b.last > 0 {
		l.dealtWith = b.last
		l.review.resultsDealtWith()
	}
}

// caughtUp means that all results that were stored when the process began are in earlier batches.
// Before that event there is no review: it would take every answered range for a missing one.
type caughtUp struct{ trust trust }

func (e caughtUp) apply(l *loop) {
	if l.upToDate {
		return
	}
	l.upToDate, l.trust = true, e.trust
	l.showAnswered()
	l.review.begin()
	l.beginReminders()
	l.overdue.look()
	l.dispatch.step()
	l.deadline.look()
}

// leaseChanged means that this process became the holder of the job, or is no longer. A new holder
// reviews the job at once, because the one before may have died. Between the loss of the lease and
// this event there may be two holders. That is harmless: each step of a holder may be done twice.
type leaseChanged struct{ held bool }

func (e leaseChanged) apply(l *loop) {
	l.holding = e.held
	l.dispatch.held()
	if e.held {
		l.review.request()
		l.overdue.look()
		l.deadline.look()
	}
}

// reminded means that an operation of the reminder has ended.
type reminded struct{ err error }

func (e reminded) apply(l *loop) {
	l.reminding = false
	if e.err != nil && l.ctx.Err() == nil {
		l.watch.Log.Debug().Err(e.err).Msg("remind the workers of quarantines; the next try is in 5 s")
	}
}

// The ways from other goroutines into the loop. None of them blocks after the end of the loop.

// start runs part in a goroutine of its own. If it returns an error, the loop ends. Only the
// goroutine of run calls it.
func (l *loop) start(part func(context.Context) error) {
	l.group.Go(func() {
		if err := part(l.ctx); err != nil {
			l.finish(endingOf(err))
		}
	})
}

// post sends an event from another goroutine to the loop, and waits for room. It drops the
// event if the loop has ended.
func (l *loop) post(e event) {
	select {
	case l.events <- e:
	case <-l.ctx.Done():
	}
}

// finish ends the loop with e, unless another ending came first. Any goroutine may call it, at any
// time; it does not block. The ending is stored before the context ends, so that the errors that
// the end of the context causes come second.
func (l *loop) finish(e ending) {
	select {
	case l.ends <- e:
	default:
	}
	l.cancel()
}

// deliver sends a batch or caughtUp, and waits until the loop has received it: it is applied before
// any later event of the same goroutine is received. It drops the event if the loop has ended.
func (l *loop) deliver(e event) {
	select {
	case l.batches <- e:
	case <-l.ctx.Done():
	}
}

// putManifest sends a manifest. One that ends the job ends the loop at once, even if the loop waits for
// the server or for its output. The manifest is put first, so that the loop that has ended finds it.
// Any goroutine may call it, at any time; it does not block.
func (l *loop) putManifest(j *task.Job) {
	l.noteEarly(j)
	l.noteThrottle(j)
	l.manifests.put(j)
	if end, ok := manifestEnding(j); ok {
		l.finish(end)
	}
}

// requestReview requests a review soon. Any goroutine may call it, at any time; it does not block.
func (l *loop) requestReview() { l.requests.put(struct{}{}) }

// A latest is a mailbox: a channel of capacity 1 with the newest value that was not received yet.
// It is for values of which only the last one counts. A manifest that is replaced before it was
// received is not missed: if it ends the job, putManifest has ended the loop with it.
type latest[T any] chan T

// put replaces the value. It never blocks: its callers follow streams for all jobs of the
// process, and the output of one job must not hold up the others.
func (c latest[T]) put(v T) {
	for {
		select {
		case c <- v:
			return
		default:
		}
		select {
		case <-c:
		default:
		}
	}
}
