package worker

import "time"

// Settling takes round trips. A long task waits for them in its slot. Short tasks are left to settlers,
// and the slot takes the next one.
const (
	maxSettlers  = 512 // short tasks whose round trips overlap
	maxUnsettled = 512 // short tasks that wait for a settler, before slots wait too
)

// settleLaterLocked leaves d, with its outcome, to a settler.
func (w *Worker) settleLaterLocked(d *Delivery) {
	d.state = settling
	w.unsettled.push(d)
	if w.unsettled.len <= w.idleSettlers {
		w.settleWork.Signal()
	} else if w.settlers < maxSettlers {
		w.settlers++
		w.helpers.Go(w.settler)
	}
}

// awaitSettleRoomLocked blocks the goroutine of s while too many tasks wait for a settler.
func (w *Worker) awaitSettleRoomLocked(s *slot) {
	for w.unsettled.len >= maxUnsettled {
		w.settleRoom.Wait()
		s.clock = time.Time{}
	}
}

// settler settles the deliveries in unsettled, until Run ends.
func (w *Worker) settler() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for w.unsettled.len == 0 {
			if w.closed {
				return
			}
			w.idleSettlers++
			w.settleWork.Wait()
			w.idleSettlers--
		}
		d := w.unsettled.pop()
		w.settleRoom.Signal()
		w.mu.Unlock()
		w.settle(d)
		w.mu.Lock()
		w.releaseLocked(d)
	}
}

// releaseLocked removes a delivery that has ended.
func (w *Worker) releaseLocked(d *Delivery) {
	w.held.remove(d)
	if d.last() {
		if w.heldLastAttempts--; w.heldLastAttempts == 0 {
			w.work.Broadcast()
			w.wakePullerLocked()
		}
	}
	if w.draining {
		if !d.wasSettled {
			w.leftUnsettled++
		}
		w.checkDrainedLocked()
	}
}
