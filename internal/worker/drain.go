package worker

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Causes with which the context of settling ends.
var (
	errEnded        = errors.New("worker: ended")
	errDrainTimeout = errors.New("worker: drain timeout")
)

// lastWords is how long calls may take to return after the drain's timeout.
const lastWords = time.Second

// drain ends all work:
//
//	at once    no more pulling; what waits is handed back
//	half time  computations stop, also when hurried; what they finished is stored, the rest handed back
//	full time  storing stops; what is not settled is left to the server
//
// It returns as soon as everything is settled. endSettling ends settleCtx.
func (w *Worker) drain(endSettling context.CancelCauseFunc) error {
	half := time.NewTimer(w.config.DrainTimeout / 2)
	defer half.Stop()
	full := time.NewTimer(w.config.DrainTimeout)
	defer full.Stop()
	hurry := w.hurry

	w.startDrain()
	for {
		select {
		case <-w.drained:
			left := w.endDrain()
			w.helpers.Wait() // none has anything left to do
			return leftError(left)
		case <-half.C:
			w.haltComputations()
		case <-hurry:
			hurry = nil
			w.haltComputations()
		case <-full.C:
			endSettling(errDrainTimeout)
			select {
			case <-w.drained:
			case <-time.After(lastWords):
			}
			return leftError(w.endDrain())
		}
	}
}

func leftError(left int) error {
	if left == 0 {
		return nil
	}
	return fmt.Errorf("worker: drain: %d unsettled tasks left to redelivery", left)
}

// startDrain stops the intake.
func (w *Worker) startDrain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.config.Log.Info().Int("running", w.busy).Int("held", w.held.len).Msg("worker draining")
	w.draining = true
	close(w.stop)
	w.endPullLocked()
	w.emptyBufferLocked()
	w.work.Broadcast()
	w.hunger.Broadcast()
	w.checkDrainedLocked()
}

// haltComputations interrupts all that runs, and all that would still begin.
func (w *Worker) haltComputations() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.haltLocked(errDrained)
}

// haltLocked interrupts all computations for cause. There is no way back from a
// drain.
func (w *Worker) haltLocked(cause error) {
	if w.halt != errDrained {
		w.halt = cause
	}
	for _, s := range w.slots {
		s.interruptLocked(cause)
	}
}

// haltDetailLocked says to a person why tasks are handed back.
func (w *Worker) haltDetailLocked() string {
	if w.quarantined {
		return errQuarantined.Error()
	}
	return errDrained.Error()
}

// checkDrainedLocked is called after anything that a complete drain depends on.
func (w *Worker) checkDrainedLocked() {
	if w.draining && w.pullerGone && w.held.len == 0 {
		select {
		case <-w.drained:
		default:
			close(w.drained)
		}
	}
}

// endDrain ends the helpers and returns how many deliveries were not settled.
func (w *Worker) endDrain() (left int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.quit)
	w.closed = true
	w.errand.Broadcast()
	left = w.left + w.held.len
	w.config.Log.Info().Int("left", left).Uint64("tasks", w.tasks).Uint64("numbers", w.numbers).Msg("worker ended")
	return left
}

// Hurry shortens the drain: computations stop now, what they finished is stored and
// the rest handed back. Before the drain it is remembered.
func (w *Worker) Hurry() { w.hurryOnce.Do(func() { close(w.hurry) }) }

// Quarantine stops the worker from pulling and hands all its work back, without
// results: they would be refused. It does not wait.
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
