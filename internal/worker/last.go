package worker

import (
	"time"

	"factorfleet/internal/task"
)

// Numbers that a worker held when it died come back together, with the one that killed
// it: those beside it, and those that it had answered a moment ago. Were they to die
// with it three times they would be given up like it. So the last delivery of a single
// number is computed only when no other such number runs here or waits for the server;
// nothing is pulled meanwhile, and those that came with it go back, to have their last
// attempt later: with a header that says so, since the killer may be one of them.
//
// No more than mostSpared in spareEvery are spared, so that a crowd of numbers that fail
// without harm makes no crowd of returns.
const (
	mostSpared = 256
	spareEvery = time.Minute
	lastMost   = 10 * time.Second // then tasks are pulled again, be it done or not
	lastPoll   = 5 * time.Millisecond
)

// last reports whether d is the last delivery of a single number.
func (d *Delivery) last() bool { return d.Range.Count == 1 && d.Attempt >= d.MaxDeliver }

// spareLocked hands d back, the last of a number, if it is to be spared.
func (w *Worker) spareLocked(d *Delivery, now time.Time) bool {
	w.endPullLocked()
	if w.lasts == 1 {
		w.lastSince = now
	}
	if now.Sub(w.sparedSince) >= spareEvery {
		w.spared, w.sparedSince = 0, now
	}
	if w.lasts == 1 || w.spared == mostSpared || d.Attempt > d.MaxDeliver {
		return false
	}
	w.spared++
	d.outcome.handBack(d.Range, task.Return{Reason: task.Spared, Detail: "another number has its last attempt here"})
	w.settleLaterLocked(d)
	return true
}

// awaitAlone waits until nobody whom the delivery of s could take with it is left. It
// reports false if computations are to stop.
func (w *Worker) awaitAlone(s *slot) bool {
	for ; ; time.Sleep(lastPoll) {
		switch alone, stop := w.tryAlone(s); {
		case stop:
			return false
		case alone:
			s.now = time.Time{} // it has waited
			return true
		}
	}
}

func (w *Worker) tryAlone(s *slot) (alone, stop bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.interruption != nil {
		return false, true
	}
	if w.pulling { // others may have been handed out with it
		w.endPullLocked()
		return false, false
	}
	for d := w.held.oldest; d != nil; d = d.younger {
		if d != s.current && d.last() && (d.state == settling || d.alone) {
			return false, false
		}
	}
	s.current.alone = true
	return true, false
}
