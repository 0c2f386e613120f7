package worker

import (
	"errors"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A Recorder counts what a worker does, for metrics. Its methods are called from several goroutines, some of them while
// Worker.mu is held: they call nothing of this package, and wait for nothing that lasts.
type Recorder interface {
	// Answered: items are the answers to numbers, which have the same length, of a task of a kind. The answers of a job
	// that is cancelled meanwhile count, too. The Recorder keeps neither slice.
	Answered(kind string, numbers []nat.Nat, items []task.Factorization)
	// Ran: a slot has computed a task for the wall-clock time elapsed, with or without success.
	Ran(elapsed time.Duration)
	// RanPart: a slot has computed a task of a part for the CPU time cpu. failed: it was dropped because of an error.
	RanPart(kind string, cpu time.Duration, failed bool)
	// Failed: the computation of a number has failed, or a message is not a task.
	Failed(why FailureCause)
	// Redelivered: the server redelivers a task that this worker had, because of it.
	Redelivered(why RedeliveryCause)
	// Returned: ranges of tasks were handed back to be queued again.
	Returned(ranges int)
}

// A FailureCause says why a number failed, for Recorder.
type FailureCause string

const (
	FailedError     FailureCause = "error"     // the computation returned an error or panicked
	FailedOvertime  FailureCause = "overtime"  // it took much longer than its budget
	FailedSilent    FailureCause = "silent"    // it gave no sign of life, and ended when interrupted
	FailedHang      FailureCause = "hang"      // it did not end when interrupted: its slot is lost
	FailedMemory    FailureCause = "memory"    // the process used too much memory
	FailedDeaths    FailureCause = "deaths"    // earlier processes died while they computed it
	FailedMalformed FailureCause = "malformed" // the message is not a task
)

// FailureCauses are all of them.
var FailureCauses = []FailureCause{FailedError, FailedOvertime, FailedSilent, FailedHang, FailedMemory, FailedDeaths, FailedMalformed}

// A RedeliveryCause says why the server redelivers a task that a worker had, for Recorder.
type RedeliveryCause string

const (
	RedeliveredFailure   RedeliveryCause = "failure"   // its number failed, and is tried again
	RedeliveredLapsed    RedeliveryCause = "lapsed"    // the server has not heard of the task for its ack wait
	RedeliveredForgotten RedeliveryCause = "forgotten" // the server does not know the delivery, such as after a restart
	RedeliveredUnsettled RedeliveryCause = "unsettled" // the server did not confirm the end of the task
)

// RedeliveryCauses are all of them.
var RedeliveryCauses = []RedeliveryCause{RedeliveredFailure, RedeliveredLapsed, RedeliveredForgotten, RedeliveredUnsettled}

// nothing is the Recorder of a worker whose Config has none.
type nothing struct{}

func (nothing) Answered(string, []nat.Nat, []task.Factorization) {}
func (nothing) Ran(time.Duration)                                {}
func (nothing) RanPart(string, time.Duration, bool)              {}
func (nothing) Failed(FailureCause)                              {}
func (nothing) Redelivered(RedeliveryCause)                      {}
func (nothing) Returned(int)                                     {}

// failureCause returns the FailureCause of a computation whose context has ended because of cause; nil = it has not ended.
func failureCause(cause error) FailureCause {
	switch cause {
	case errOverdue:
		return FailedOvertime
	case errSilent:
		return FailedSilent
	case errMemory:
		return FailedMemory
	}
	return FailedError
}

// recordSettled records how d has ended; err says why a step of end, or before it, was not done.
func (w *Worker) recordSettled(d *Delivery, end attempt.End, err error) {
	r := w.config.Recorder
	switch {
	case errors.Is(err, ErrForgotten):
		r.Redelivered(RedeliveredForgotten)
	case errors.Is(err, errLapsed):
		r.Redelivered(RedeliveredLapsed)
	case err != nil:
		r.Redelivered(RedeliveredUnsettled)
	case end == attempt.Nak:
		r.Redelivered(RedeliveredFailure)
	}
	if n := len(d.outcome.returns); n > 0 && err == nil {
		r.Returned(n)
	}
}
