package worker

import (
	"cmp"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/task"
)

// At most maxPostponed last attempts are postponed in a postponeWindow. When many numbers fail without
// harm to their worker, the others wait here for their turn, and FACTOR_RETURNS does not fill up.
const (
	maxPostponed   = 256
	postponeWindow = time.Minute
)

// staleEvery is the time between two checks of the buffer. Tasks are pulled ahead for prefetchWork, a twentieth
// of it. A task that is still there after a whole period waits behind tasks that take longer than expected.
// Another worker can start it sooner. It is returned when two checks have seen it, after 1 to 2 s.
const staleEvery = time.Second

// deliver takes a delivery over from the Source. It runs on the puller's goroutine. The Ledger may read a disk, so
// it is called before mu is taken.
//
// A last attempt ends the requests at once: what arrives with it waits until it has ended. heldLastAttempts
// counts d before placeLocked decides, so the first of several is the one that runs.
func (w *Worker) deliver(d *Delivery) {
	d.expendable = task.IsPartTask(d.Data)
	if w.config.Ledger != nil {
		f := d.facts().WithDeaths(w.config.Ledger.Deaths(d.Address))
		d.Attempt, d.deaths = f.Attempt, f.Deaths
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	d.scan, d.staleCheck, d.heard = w.scans, w.staleChecks, time.Now()
	w.held.add(d)
	if d.expendable {
		w.partAt = d.heard
	}
	if w.arrival != nil {
		close(w.arrival)
		w.arrival = nil
	}
	if d.last() {
		w.heldLastAttempts++
		w.endPullLocked()
		if d.heard.Sub(w.postponedSince) >= postponeWindow {
			w.postponed, w.postponedSince = 0, d.heard
		}
	}
	w.placeLocked(d)
}

// placeLocked executes the decision about a delivery that has arrived. Requires that d is in held. It signals one
// slot: one delivery occupies one.
func (w *Worker) placeLocked(d *Delivery) {
	do := attempt.Arrive(d.facts(), attempt.Host{
		Leaving: w.leavesLocked(), NotHere: d.NotHere, OtherLast: w.heldLastAttempts > 1, MayPostpone: w.postponed < maxPostponed,
		Full: d.expendable && w.partsFullLocked(),
	})
	switch do.Action {
	case attempt.Compute:
		preempt := !d.expendable && w.preemptLocked(d.heard)
		w.buffer.push(d)
		if preempt {
			w.buffer.promote()
		}
	case attempt.ComputeAlone:
		w.lastAttempts.push(d)
	default:
		if do.Limited {
			w.postponed++
		}
		w.returnLocked(d, do, w.leavingDetailLocked())
		return
	}
	w.work.Signal()
}

// returnLocked has all of d returned or dropped, as decided. detail is for people, unless the decision has one. Requires
// that d is held, in no queue and in no slot.
func (w *Worker) returnLocked(d *Delivery, do attempt.Decision, detail string) {
	if do.Action == attempt.Drop {
		d.outcome.drop()
	} else {
		d.outcome.handBack(d.Range, asReturn(do, detail))
	}
	w.settleLaterLocked(d)
}

// asReturn returns the message of a decision to return a range.
func asReturn(do attempt.Decision, detail string) task.Return {
	return task.Return{Reason: do.Reason, Pieces: uint32(do.Pieces), Detail: cmp.Or(do.Detail, detail)}
}

// leavingDetailLocked says, for people, why a worker that leaves returns its tasks.
func (w *Worker) leavingDetailLocked() string {
	switch {
	case w.quarantined:
		return errQuarantined.Error()
	case w.paused.State == StateSleeping && !w.draining:
		return errAsleep.Error()
	}
	return errDrained.Error()
}

// emptyBufferLocked returns all waiting tasks.
func (w *Worker) emptyBufferLocked() {
	for _, q := range []*deliveryQueue{&w.lastAttempts, &w.buffer} {
		for d := q.pop(); d != nil; d = q.pop() {
			w.returnLocked(d, attempt.Unstarted(d.facts()), w.leavingDetailLocked())
		}
	}
}

// returnStale returns the tasks that have waited too long in the buffer. The buffer is in the order of arrival,
// and a task that stays is put at its end as if it had just arrived. So staleCheck ascends, and the check ends
// at the first task that is not stale. Only the heartbeat's goroutine calls it.
func (w *Worker) returnStale() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.staleChecks++
	if w.unsettledLocked() >= maxUnsettled {
		// Slots wait for the server: that time does not count. Without this, a server that delivers but
		// does not store would move the whole queue into unsettled.
		for d := w.buffer.head; d != nil; d = d.next {
			d.staleCheck = w.staleChecks
		}
	}
	for w.buffer.head != nil && w.staleChecks-w.buffer.head.staleCheck >= 2 {
		d := w.buffer.pop()
		do := attempt.Stale(d.facts())
		if do.Action == attempt.Compute {
			d.staleCheck = w.staleChecks
			w.buffer.push(d)
			continue
		}
		w.returnLocked(d, do, "waited behind longer tasks")
	}
	w.wakePullerLocked()
}
