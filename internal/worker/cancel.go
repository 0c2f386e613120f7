package worker

import "time"

// rememberCancel is how long tasks of a cancelled job may still arrive: the process that cancels it
// sends the order for a minute and purges the queue.
const rememberCancel = 5 * time.Minute

// Cancel ends all work for a job. Its running tasks stop within 100 ms. They, and tasks of the
// job that arrive later, are acked without a result.
func (w *Worker) Cancel(job string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cancelled[job] = time.Now().Add(rememberCancel)
	for _, s := range w.slots {
		if s.current != nil && s.current.Job == job {
			s.interruptLocked(errCancelled)
		}
	}
}

func (w *Worker) isCancelledLocked(job string) bool {
	if len(w.cancelled) == 0 {
		return false
	}
	_, ok := w.cancelled[job]
	return ok
}

// forgetCancelledLocked removes the jobs that were cancelled long ago.
func (w *Worker) forgetCancelledLocked(now time.Time) {
	for job, until := range w.cancelled {
		if now.After(until) {
			delete(w.cancelled, job)
		}
	}
}
