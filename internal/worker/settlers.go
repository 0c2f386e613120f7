package worker

// Settling takes round trips. A long task waits for them in its slot. Short tasks are left to settlers,
// and the slot takes the next one.
const (
	// maxSettlers is how many short tasks settle at once. With r for the time to settle one, at most
	// maxSettlers/r are settled: 5,000 tasks a second for r = 100 ms.
	maxSettlers = 512
	// maxUnsettled short tasks wait for a settler, before slots wait too. They bound the memory while the
	// server is away.
	maxUnsettled = 512
)

// settleLaterLocked leaves d, with its outcome, to a settler. It never waits, so deliver and the heartbeat may
// call it. maxUnsettled does not bind it.
//
// Each delivery in unsettled needs a settler that wakes up or is busy: an idle one is signalled if there is
// one for each, else a new one starts. At maxSettlers all are busy or signalled, and each looks again when it
// has settled its delivery.
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

// settler settles the deliveries in unsettled, until Run ends. It holds mu except while it settles. Idle settlers
// do not end before: the next burst of short tasks needs them, and a goroutine costs a few KiB.
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

// releaseLocked removes a delivery that has ended. Until the last of the last attempts is released nothing else
// may start, so slots and puller may wait for it. In a drain the last release lets Run return.
func (w *Worker) releaseLocked(d *Delivery) {
	w.held.remove(d)
	w.checkOnceLocked()
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
