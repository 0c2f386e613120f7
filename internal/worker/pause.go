package worker

import "time"

// A Pause says why a worker takes no new tasks for a while. The zero value means that it takes them.
type Pause struct {
	// State is StatePaused or StateSleeping; "" = the worker takes tasks.
	//
	//	StatePaused    running tasks, and those that were pulled ahead for slots, are computed
	//	StateSleeping  waiting tasks are returned at once, and running ones after half of Config.DrainTimeout, as in a drain
	State string
	// Reason is for people, one line such as "sleeping until 22:00".
	Reason string
}

// SetPause begins, changes or ends a pause. A worker that is paused stays alive: it sends heartbeats and obeys orders. A
// change of the state is logged; another reason for the same state is not. A drain that has begun continues.
//
// Unlike a drain, a sleep has no end at which results are given up: those that cannot be stored yet are stored later.
func (w *Worker) SetPause(p Pause) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.paused.State
	w.paused = p
	if p.State == before || w.draining {
		return
	}
	if before == StateSleeping {
		w.wakeUpLocked()
	}
	switch p.State {
	case "":
		w.config.Log.Info().Msg("worker takes tasks again")
		w.wakePullerLocked()
		w.wakeForOthersLocked()
		return
	case StateSleeping:
		w.fallAsleepLocked()
	}
	w.config.Log.Info().Str("reason", p.Reason).Msg("worker takes no new tasks")
	w.endPullLocked()
}

// fallAsleepLocked returns the waiting tasks, and has the running ones end as in a drain.
func (w *Worker) fallAsleepLocked() {
	w.emptyBufferLocked()
	w.stopPartsLocked(errAsleep)
	w.sleeps++
	this := w.sleeps
	w.sleepTimer = time.AfterFunc(w.config.DrainTimeout/2, func() { w.haltSleeper(this) })
}

// haltSleeper interrupts all running computations if the worker is in its sleep of that number.
func (w *Worker) haltSleeper(sleep int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.paused.State == StateSleeping && w.sleeps == sleep {
		w.haltLocked(errAsleep)
	}
}

// wakeUpLocked ends a sleep. Computations that it has interrupted stay interrupted.
func (w *Worker) wakeUpLocked() {
	w.sleepTimer.Stop()
	if w.halt == errAsleep {
		w.halt = nil
	}
}

// leavesLocked reports whether tasks that have not begun are returned.
func (w *Worker) leavesLocked() bool {
	return w.draining || w.quarantined || w.paused.State == StateSleeping || w.onceDone
}

// pullsLocked reports whether the worker may request tasks.
func (w *Worker) pullsLocked() bool { return !w.leavesLocked() && w.paused.State == "" }
