package worker

// noteOnceLocked stops the arrival and the start of tasks if d, which a slot has finished, is the one task of Config.Once.
// A task counts if it was computed, whether its numbers have answers or have failed. One that was returned or cancelled
// does not.
func (w *Worker) noteOnceLocked(d *Delivery) {
	if w.config.Once && !w.onceDone && d.outcome.verdict.Computed() {
		w.onceDone = true
		w.endPullLocked()
		w.emptyBufferLocked()
	}
}

// checkOnceLocked ends Run when nothing is held after the one task of Config.Once. Until then its settlement is repeated as
// usual: a drain would limit the time for it.
func (w *Worker) checkOnceLocked() {
	if w.onceDone && w.held.len == 0 {
		select {
		case <-w.enough:
		default:
			close(w.enough)
		}
	}
}
