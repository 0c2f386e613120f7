package worker

import (
	"maps"
	"time"
)

// The supervisor's orders. They arrive on goroutines of the program, at any time, and may be repeated.

// rememberCancel is how long tasks of a cancelled job may still arrive: the process that cancels it
// sends the order for a minute and purges the queue.
const rememberCancel = 5 * time.Minute

// Cancel ends all work for a job. Its running tasks stop within 100 ms. They, and tasks of the
// job that arrive later, are acked without a result. Waiting ones are acked when a slot takes them.
func (w *Worker) Cancel(job string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(w.cancelled, func(_ string, until time.Time) bool { return now.After(until) })
	w.cancelled[job] = now.Add(rememberCancel)
	for _, s := range w.slots {
		if s.current != nil && s.current.Job == job {
			s.interruptLocked(errCancelled)
		}
	}
}

// isCancelledLocked reports whether a job was cancelled lately. It is called for each task, and usually no job
// is.
func (w *Worker) isCancelledLocked(job string) bool {
	if len(w.cancelled) == 0 {
		return false
	}
	until, ok := w.cancelled[job]
	return ok && time.Now().Before(until)
}

// Quarantine stops pulling and returns all work without results: the supervisor would refuse
// them. It does not wait for the tasks. Answers that a running task has already are dropped as well.
func (w *Worker) Quarantine() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.quarantined {
		return
	}
	w.config.Log.Warn().Msg("worker quarantined: no more tasks until it is released")
	w.quarantined = true
	w.endPullLocked()
	w.emptyBufferLocked()
	w.haltLocked(errQuarantined)
}

// Release ends a quarantine. Computations that the quarantine has interrupted stay interrupted. A drain that
// has begun meanwhile continues.
func (w *Worker) Release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.quarantined {
		return
	}
	w.config.Log.Info().Msg("worker released from quarantine")
	w.quarantined = false
	if w.halt == errQuarantined {
		w.halt = nil
	}
	w.wakePullerLocked()
}
