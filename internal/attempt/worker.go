package attempt

import (
	"fmt"

	"factorfleet/internal/task"
)

// A Host is the state of a worker on which the decision about a new delivery depends.
type Host struct {
	Leaving     bool // it drains, sleeps or is quarantined
	NotHere     bool // the task names it as a worker that is not to compute it
	OtherLast   bool // it holds another last attempt
	MayPostpone bool // it may postpone one delivery more: see Decision.Limited
	Full        bool // an expendable delivery waits for each of its slots
}

// Arrive decides what a worker does with a delivery that it has just received.
//
// Several last attempts that arrive together may hold the number that killed the worker before. One of
// them is computed here, the others are postponed.
func Arrive(d Delivery, h Host) Decision {
	switch {
	case h.Leaving, d.Expendable && (d.Attempt > 1 || h.Full):
		return Unstarted(d)
	case h.NotHere && !d.Expendable:
		if do := Unstarted(d); do.Reason != task.Drained {
			return do
		}
		return Decision{Action: Return, Reason: task.Elsewhere, Detail: NotHereDetail}
	case !d.Last():
		return Decision{Action: Compute}
	case d.Deaths >= LastOf(d.Most):
		return Decision{Action: ComputeAlone}
	case d.Attempt > LastOf(d.Most): // the sweeper knows whether the last attempt had started
		return postpone("its last delivery has lapsed")
	case h.OtherLast && h.MayPostpone:
		do := postpone("another number has its last attempt here")
		do.Limited = true
		return do
	}
	return Decision{Action: ComputeAlone}
}

// Unstarted decides how a worker returns a delivery that it has not started to compute. The
// next round must not hide earlier deliveries: a harmful number would have three deliveries more.
func Unstarted(d Delivery) Decision {
	switch {
	case d.Expendable:
		return Decision{Action: Drop}
	case d.Last():
		return postpone("")
	case d.redeliveredTogether():
		return split(d)
	}
	return Decision{Action: Return, Reason: task.Drained}
}

// Stale decides about a delivery that waits behind tasks that take longer than expected. A single
// number of a later attempt stays: its return would give it three deliveries more.
func Stale(d Delivery) Decision {
	if d.Attempt > 1 && d.Count == 1 && !d.Expendable {
		return Decision{Action: Compute}
	}
	return Unstarted(d)
}

// A Content says whether a worker can compute what a task asks for.
type Content uint8

const (
	Known         Content = iota // the numbers of the range, of a known kind
	UnknownSchema                // of a later version of the wire format
	Unreadable                   // no task, or one with another count of numbers
	UnknownKind                  // of a kind that this worker does not know
)

// Start decides what a worker does with a delivery when a slot is free for it.
func Start(d Delivery, c Content) Decision {
	switch {
	case d.Expendable && (c != Known || d.Attempt > 1):
		return Decision{Action: Drop}
	case d.Expendable:
		return Decision{Action: Compute}
	case c == UnknownSchema || c == UnknownKind:
		return Decision{Action: Return, Reason: task.Unsupported}
	case c == Unreadable:
		return Decision{Action: Reject}
	case d.redeliveredTogether():
		return split(d)
	case d.Count == 1 && d.Deaths >= LastOf(d.Most):
		return Decision{Action: GiveUp}
	case d.Last():
		return Decision{Action: ComputeAlone}
	}
	return Decision{Action: Compute}
}

// A Cause says why a computation ended before all numbers had an answer.
type Cause uint8

const (
	NumberFailed Cause = iota // an error, a panic, no answer in time, too much memory
	JobCancelled
	WorkerQuarantined
	WorkerLeaves
	NumberHopeless  // the computation says that no attempt here can succeed
	NumberElsewhere // the computation says that another worker may succeed
)

// A Part is a decision about a part of a range.
type Part struct {
	Range task.Range
	Decision
	Failed bool // it is the number that failed: its failure record is stored
}

// Interrupted decides about the numbers without answer when a computation of r has ended for cause.
// The first of them has index at, 0 <= at < r.Count, and is the one that failed after NumberFailed.
//
//	cause              concerns                     decision
//	JobCancelled       all numbers                  Drop
//	WorkerQuarantined  all numbers, because results Return
//	                   of the worker are refused
//	WorkerLeaves       the numbers from index at on Return
//	NumberElsewhere    the number at index at       Return, it has not failed
//	NumberHopeless     the number at index at       FailForGood: a dead letter, whatever the attempt
//	NumberFailed       the number at index at       Return if r has others, else Fail
//
// After each of the last three the worker computes the numbers behind it next.
func Interrupted(cause Cause, r task.Range, at uint64) Part {
	number := task.Range{First: r.First + at, Count: 1}
	switch {
	case cause == JobCancelled:
		return Part{Range: r, Decision: Decision{Action: Drop}}
	case cause == WorkerQuarantined:
		return Part{Range: r, Decision: Decision{Action: Return, Reason: task.Drained}}
	case cause == WorkerLeaves:
		return Part{Range: task.Span(number.First, r.End()), Decision: Decision{Action: Return, Reason: task.Drained}}
	case cause == NumberElsewhere:
		return Part{Range: number, Decision: Decision{Action: Return, Reason: task.Elsewhere}}
	case cause == NumberHopeless:
		return Part{Range: number, Decision: Decision{Action: FailForGood}, Failed: true}
	case r.Count > 1:
		return Part{Range: number, Decision: Decision{Action: Return, Reason: task.Isolate}, Failed: true}
	}
	return Part{Range: number, Decision: Decision{Action: Fail}, Failed: true}
}

// Hung decides about a range whose computation does not end although it was interrupted. The number
// at hand has index at, 0 <= at < r.Count. The parts cover r in order.
//
// The number that hangs is the one at hand or a later one, because an index is reported only between
// two numbers. So the numbers behind it are split, and those before it are not.
func Hung(r task.Range, at uint64) (parts []Part) {
	failed := Interrupted(NumberFailed, r, at)
	if before := task.Span(r.First, failed.Range.First); before.Count > 0 {
		parts = append(parts, Part{Range: before, Decision: Decision{
			Action: Return, Reason: task.Isolate, Detail: "a later number of the chunk hangs",
		}})
	}
	parts = append(parts, failed)
	if behind := task.Span(failed.Range.End(), r.End()); behind.Count > 0 {
		parts = append(parts, Part{Range: behind, Decision: Decision{
			Action: Return, Reason: task.Isolate, Pieces: Pieces(behind.Count), Detail: "an earlier number of the chunk hangs",
		}})
	}
	return parts
}

func postpone(detail string) Decision {
	return Decision{Action: Return, Reason: task.Postponed, Detail: detail}
}

func split(d Delivery) Decision {
	return Decision{
		Action: Return, Reason: task.Isolate, Pieces: Pieces(d.Count),
		Detail: fmt.Sprintf("attempt %d of several numbers: an earlier worker died on them", d.Attempt),
	}
}
