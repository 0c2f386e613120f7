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

// endGrace is how long calls may take to return after the drain's timeout.
const endGrace = time.Second

// drain ends all work:
//
//	at once    pulling stops; waiting tasks are returned
//	half time  computations stop, or earlier by StopComputing; answers are stored, the rest is returned
//	full time  storing stops; tasks that are not settled are left to the server's redelivery
//
// It returns as soon as everything is settled. endSettling ends settleCtx.
func (w *Worker) drain(endSettling context.CancelCauseFunc) error {
	half := time.NewTimer(w.config.DrainTimeout / 2)
	defer half.Stop()
	full := time.NewTimer(w.config.DrainTimeout)
	defer full.Stop()
	halted := w.halted

	w.startDrain()
	for {
		select {
		case <-w.drained:
			left := w.endDrain()
			w.helpers.Wait() // all have ended or are about to
			return leftError(left)
		case <-half.C:
			w.haltComputations()
		case <-halted:
			halted = nil
			w.haltComputations()
		case <-full.C:
			endSettling(errDrainTimeout)
			select {
			case <-w.drained:
			case <-time.After(endGrace):
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

// startDrain stops the arrival of tasks.
func (w *Worker) startDrain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.config.Log.Info().Int("running", w.busy).Int("held", w.held.len).Msg("worker draining")
	w.draining = true
	close(w.stop)
	w.endPullLocked()
	w.emptyBufferLocked()
	w.work.Broadcast()
	w.demand.Broadcast()
	w.checkDrainedLocked()
}

// haltComputations interrupts all running computations, and all that would still start.
func (w *Worker) haltComputations() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.haltLocked(errDrained)
}

// haltLocked interrupts all computations for cause. A drain is final.
func (w *Worker) haltLocked(cause error) {
	if w.halt != errDrained {
		w.halt = cause
	}
	for _, s := range w.slots {
		s.interruptLocked(cause)
	}
}

// checkDrainedLocked is called after any change on which the end of a drain depends.
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
	w.settleWork.Broadcast()
	left = w.leftUnsettled + w.held.len
	w.config.Log.Info().Int("left", left).Uint64("tasks", w.tasks).Uint64("numbers", w.numbers).Msg("worker ended")
	return left
}

// StopComputing makes the drain stop all computations now instead of at half time. Their answers are
// stored and the rest is returned. A call before the drain takes effect when the drain begins.
func (w *Worker) StopComputing() { w.haltOnce.Do(func() { close(w.halted) }) }
