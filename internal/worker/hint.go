package worker

import (
	"bytes"

	"factorfleet/internal/task"
)

// Hint passes on what a supervisor tells of a number that this worker computes. Other hints are ignored, so the
// supervisor repeats them. Supervisors repeat them for as long as the number has no answer, so equal ones change nothing.
func (w *Worker) Hint(h *task.Hint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.slots {
		d := s.current
		if d == nil || d.expendable || d.Job != h.Job || !d.Range.Contains(task.Range{First: h.Position, Count: 1}) {
			continue
		}
		if old := s.hint.Load(); old == nil || !bytes.Equal(old.Encode(), h.Encode()) {
			s.hint.Store(h)
		}
	}
}

// presentHint is RunOptions.Hint of the slot. Only its goroutine calls it, so that it reads current without the lock.
func (s *slot) presentHint() *task.Hint {
	h := s.hint.Load()
	if h == nil || s.current == nil || h.Position != s.current.Range.First+uint64(s.base+len(s.done)) {
		return nil
	}
	return h
}
