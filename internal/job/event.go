package job

import (
	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

// An event is a message from another goroutine to the loop. The loop calls apply on its own
// goroutine, so that apply may use all that the loop owns, and must not wait for events.
// Applying an event twice has the effect of applying it once. The values of an event, such as
// its manifest, are not changed once it was sent.
type event interface{ apply(l *loop) }

// inputConfirmed means that the stored numbers are those of the feeder's input. Before that
// event no answer is printed, because it could be the answer to other numbers.
type inputConfirmed struct{}

func (inputConfirmed) apply(l *loop) { l.confirm() }

// inputSealed means that the feeder has stored and queued all of its input. job is the
// manifest that says so.
type inputSealed struct{ job *task.Job }

func (e inputSealed) apply(l *loop) {
	l.job, l.feeding = e.job, false
	if l.goal == goalFed {
		l.finish(ending{kind: fed})
		return
	}
	l.confirm()
	l.review.request()
}

// manifestChanged has the manifest as another process, or the feeder of this one, has written
// it. A delayed event may bring an older manifest back: completion then waits for the newer.
type manifestChanged struct{ job *task.Job }

func (e manifestChanged) apply(l *loop) {
	l.job = e.job
	if end, ok := manifestEnding(e.job); ok {
		l.finish(end)
		return
	}
	if e.job.State != task.Sealed && e.job.State != task.Done {
		return
	}
	if !l.hasFeeder && !l.sized { // else the feeder counts the numbers
		l.sized = true
		l.watch.Progress.Submitted(e.job.Count, e.job.Work)
		l.watch.Progress.Seal()
	}
	l.review.request()
}

// A batch has the verified ones of the results that have arrived. It is one event however many
// results it has, so that the cost of an event does not count.
type batch struct {
	verified []collect.Checked

	// last is the sequence up to which all stored results are dealt with: verified, or
	// removed from the stream. 0 = not known yet.
	last    uint64
	removed bool // refused results were removed: their ranges are to be found missing
}

func (b batch) apply(l *loop) {
	for i := range b.verified {
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
	if b.removed {
		l.review.request()
	}
	if b.last > 0 {
		l.dealtWith = b.last
		l.review.resultsDealtWith()
	}
}

// caughtUp means that all results that were stored when the process began are in earlier
// batches.
type caughtUp struct{ trust trust }

func (e caughtUp) apply(l *loop) {
	if l.upToDate {
		return
	}
	l.upToDate, l.trust = true, e.trust
	l.review.begin()
	l.beginReminders()
}

// leaseChanged means that this process became the holder of the job, or is no longer. Between
// the loss of the lease and this event there may be two holders. That is harmless: each step
// of a holder may be done twice.
type leaseChanged struct{ held bool }

func (e leaseChanged) apply(l *loop) {
	l.holding = e.held
	if e.held {
		l.review.request()
	}
}

// reminded means that an operation of the reminder has ended.
type reminded struct{ err error }

func (e reminded) apply(l *loop) {
	l.reminding = false
	if e.err != nil && l.ctx.Err() == nil {
		l.watch.Log.Debug().Err(e.err).Msg("remind the workers of quarantines: tried again in 5 s")
	}
}
