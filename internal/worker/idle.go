package worker

// Idle returns nil if the worker holds a delivery, or if a computation hangs in a lost slot. Otherwise it returns a
// channel that is closed when the next delivery arrives. Until then there is nothing to look after: so an idle worker
// needs no tickers, each of which would cost it more than all its heartbeats.
func (w *Worker) Idle() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held.len > 0 || w.lostSlots > 0 {
		return nil
	}
	if w.arrival == nil {
		w.arrival = make(chan struct{})
	}
	return w.arrival
}
