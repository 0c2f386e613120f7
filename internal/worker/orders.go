package worker

// Quarantine stops pulling and returns all work without results: the supervisor would refuse
// them. It does not wait.
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

// Release ends a quarantine.
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
