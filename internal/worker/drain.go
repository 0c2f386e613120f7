package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorfleet/internal/text"
)

// Causes with which the context of settling ends.
var (
	errEnded        = errors.New("worker: ended")
	errDrainTimeout = errors.New("worker: drain timeout")
)

// endGrace is how long calls may take to return after the drain's timeout. With the default of 25 s, Run
// returns within 26 s. Container platforms kill a process 30 s after SIGTERM.
const endGrace = time.Second

// drain ends all work. The package comment has its time line. It returns as soon as everything is settled.
// endSettling ends settleCtx.
//
// Half of the time is for the server: answers that were computed for hours are worth waiting for a cluster
// that elects a leader. The end of a computation takes 100 ms.
//
// A timeout does not wait for helpers and slots, which may hang in an interface.
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
	return fmt.Errorf("worker: drain: %s will be redelivered", text.Count(uint64(left), "unsettled task"))
}

// startDrain stops the arrival of tasks. A Pull may still deliver what the server had sent: placeLocked returns
// that. Slots and puller wake up to see draining.
func (w *Worker) startDrain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.config.Log.Info().Int("running", w.busy).Int("held", w.held.len).Msg("worker draining")
	w.draining = true
	close(w.stop)
	w.endPullLocked()
	w.emptyBufferLocked()
	w.stopPartsLocked(errDrained)
	w.work.Broadcast()
	w.demand.Broadcast()
	w.checkDrainedLocked()
}

// haltComputations interrupts all running computations, and those for which resume makes a new context later.
func (w *Worker) haltComputations() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.haltLocked(errDrained)
}

// haltLocked interrupts all computations for cause. A drain is final: Release does not undo it. Nor does the end of a
// sleep undo a quarantine.
func (w *Worker) haltLocked(cause error) {
	if w.halt == nil || w.halt == errAsleep || cause == errDrained {
		w.halt = cause
	}
	for _, s := range w.slots {
		s.interruptLocked(cause)
	}
}

// checkDrainedLocked is called after any change on which the end of a drain depends: draining, pullerGone
// and held. All three conditions together are final: without a puller nothing arrives.
func (w *Worker) checkDrainedLocked() {
	if w.draining && w.pullerGone && w.held.len == 0 {
		select {
		case <-w.drained:
		default:
			close(w.drained)
		}
	}
}

// endDrain ends the helpers and returns how many deliveries were not settled. It is called once.
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
