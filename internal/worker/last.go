package worker

import (
	"errors"
	"time"

	"factorfleet/internal/task"
)

// Numbers that a worker held when it died come back together, with the one that killed
// it: those beside it, and those that it had answered a moment ago. Were they to die
// with it three times they would be given up like it. So:
//
//   - The last delivery of a single number is computed alone: nothing else is computed
//     here meanwhile, no other last delivery waits for the server, nothing is pulled.
//   - Before it begins it leaves a mark, the record of a third failed attempt. Nobody is
//     given up for a delivery that was lost before: the sweeper looks for the mark, and
//     queues a number without it for one more.
//   - Of several that come together all but one go back, to have theirs later or
//     elsewhere, with a header that says so, since the killer may be one of them.
//
// No more than mostSpared in spareEvery are sent back, so that a crowd of numbers that
// fail without harm makes no crowd of returns; those wait for their turn.
const (
	mostSpared = 256
	spareEvery = time.Minute
	lastPoll   = 5 * time.Millisecond
)

// errBegun is what the mark says.
var errBegun = errors.New("the last attempt has begun")

// last reports whether d is the last delivery of a single number.
func (d *Delivery) last() bool { return d.Range.Count == 1 && d.Attempt >= d.MaxDeliver }

// spareLocked hands d back, the last of a number, if it is to be spared.
func (w *Worker) spareLocked(d *Delivery, now time.Time) bool {
	w.endPullLocked()
	if now.Sub(w.sparedSince) >= spareEvery {
		w.spared, w.sparedSince = 0, now
	}
	why := task.Return{Reason: task.Postponed, Detail: "another number has its last attempt here"}
	switch {
	case d.deaths >= d.MaxDeliver:
		return false
	case d.Attempt > d.MaxDeliver: // by its header's account: the sweeper knows whether it had begun
		why.Detail = "its last delivery was lost"
	case w.lasts == 1 || w.spared == mostSpared:
		return false
	default:
		w.spared++
	}
	d.outcome.handBack(d.Range, why)
	w.settleLaterLocked(d)
	return true
}

// nextLocked returns what a free slot is to begin with; nil if it has to wait. Beside
// the last delivery of a number nothing else begins.
func (w *Worker) nextLocked() *Delivery {
	if w.finals.len > 0 {
		return w.finals.pop()
	}
	if w.lasts > 0 {
		return nil
	}
	return w.buffer.pop()
}

// beginLast waits until nobody whom the last delivery of s could take with it, or who
// could take it along, is left, and leaves the mark. It reports false if computations
// are to stop.
func (w *Worker) beginLast(s *slot, d *Delivery, t *task.Task) bool {
	for ; ; time.Sleep(lastPoll) {
		alone, stop := w.tryAlone(s)
		if stop {
			return false
		}
		if alone {
			break
		}
	}
	s.now = time.Time{} // it has waited
	err := w.outbox.Failed(w.settleCtx, d.Address, d.MaxDeliver, w.failure(d, t, t.Numbers, errBegun, 0))
	return err == nil
}

func (w *Worker) tryAlone(s *slot) (alone, stop bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.interruption != nil || w.lapsedLocked(s.current, time.Now()) {
		return false, true
	}
	if w.pulling { // others may have been handed out with it
		w.endPullLocked()
		return false, false
	}
	for d := w.held.oldest; d != nil; d = d.younger {
		waits := d.last() && !d.alone // for its turn, too
		if d != s.current && (d.state == running && !waits || d.state == settling && d.last()) {
			return false, false
		}
	}
	s.current.alone = true
	return true, false
}
