package worker

import "time"

// serve runs deliveries in s until the drain. It is the goroutine of s.
func (w *Worker) serve(s *slot) {
	for d := w.take(s); d != nil; d = w.take(s) {
		began := s.clock
		w.compute(s, d)
		w.finish(s, d, s.clock.Sub(began))
	}
}

// take waits for a delivery and makes it the current one of s. It returns nil once the drain has begun
// and no task waits.
//
// The caller of work.Signal wakes one slot, but another may take the delivery first. So a slot that wakes up
// looks again. A slot that takes a task makes room for another one, and so does one that waits.
func (w *Worker) take(s *slot) *Delivery {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.nextLocked()
	for ; d == nil; d = w.nextLocked() {
		if w.draining && w.buffer.len == 0 {
			return nil
		}
		w.wakePullerLocked()
		w.work.Wait()
		s.clock = time.Time{}
	}
	if s.clock.IsZero() {
		s.clock = time.Now()
	}
	d.state, d.slot = running, s
	w.busy++
	s.current, s.numberSince = d, s.clock
	s.hint.Store(nil)
	if w.isCancelledLocked(d.Job) {
		s.interruptLocked(errCancelled)
	}
	w.wakePullerLocked()
	return d
}

// nextLocked returns the delivery that a free slot takes, or nil if it has to wait: nothing else
// starts while a last attempt is held. Several last attempts take slots at once, and wait there for their turn:
// so each can be interrupted like a running task.
func (w *Worker) nextLocked() *Delivery {
	if w.lastAttempts.len > 0 {
		return w.lastAttempts.pop()
	}
	if w.heldLastAttempts > 0 {
		return nil
	}
	return w.buffer.pop()
}

// finish frees the slot and has d settled: a long task in the slot, a short one by a settler. A long task
// settles in its slot because another one that starts meanwhile could not be settled either while the server
// is away: the slots would fill the memory with answers.
//
// current and the interrupted context are replaced in one step under mu, so that no interruption that is meant
// for d reaches the next task. mu is released while the slot settles d or waits for settlers; the slot counts
// as busy then. clock becomes zero after each wait: that time does not count against the next number.
func (w *Worker) finish(s *slot, d *Delivery, elapsed time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cancelled := s.interruption == errCancelled
	s.current = nil
	if s.interruption != nil {
		s.renewContextLocked()
	}
	if d.state == hung {
		w.regainSlotLocked(d)
		return
	}
	if cancelled && !d.expendable {
		d.outcome.drop()
	}
	w.countLocked(d)
	if d.outcome.verdict.Computed() {
		w.updatePaceLocked(s, elapsed)
		if !d.expendable {
			w.config.Recorder.Ran(elapsed)
		}
	}
	w.noteOnceLocked(d)
	d.state = settling
	clear(s.done)
	clear(s.factors)
	if elapsed < shortTask {
		w.awaitSettleRoomLocked(s)
		if d.joinable() {
			w.gatherLocked(d)
		} else {
			w.settleLaterLocked(d)
		}
	} else {
		w.mu.Unlock()
		w.settle(d)
		w.mu.Lock()
		w.releaseLocked(d)
		s.clock = time.Time{}
	}
	s.part.asked = false
	w.busy--
}
