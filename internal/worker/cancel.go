package worker

import "time"

// rememberCancel is how long tasks of a cancelled job may still arrive: its holder
// says so for a minute and purges the queue.
const rememberCancel = 5 * time.Minute

// Cancel ends all work for a job: what runs stops within 100 ms, and that and what
// still arrives of the job is acked without a result.
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

// forgetLocked drops the jobs that were cancelled long ago.
func (w *Worker) forgetLocked(now time.Time) {
	for job, until := range w.cancelled {
		if now.After(until) {
			delete(w.cancelled, job)
		}
	}
}
