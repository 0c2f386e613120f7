package attempt

import (
	"fmt"

	"factorfleet/internal/task"
)

// A Host is the state of a worker on which the decision about a new delivery depends.
type Host struct {
	Leaving     bool // it drains or is quarantined
	OtherLast   bool // it holds another last attempt
	MayPostpone bool // it has postponed fewer deliveries than its limit of the minute
}

// Arrive decides what a worker does with a delivery that it has just received.
//
// Several last attempts that arrive together may hold the number that killed the worker before. One of
// them is computed here, the others are postponed.
func Arrive(d Delivery, h Host) Decision {
	switch {
	case h.Leaving:
		return Unstarted(d)
	case !d.Last():
		return Decision{Action: Compute}
	case d.Deaths >= MaxDeliver:
		return Decision{Action: ComputeAlone}
	case d.Attempt > MaxDeliver: // the sweeper knows whether the last attempt had started
		return postpone("its last delivery has lapsed")
	case h.OtherLast && h.MayPostpone:
		return postpone("another number has its last attempt here")
	}
	return Decision{Action: ComputeAlone}
}

// Unstarted decides how a worker returns a delivery that it has not started to compute. The
// next round must not hide earlier deliveries: a harmful number would have three deliveries more.
func Unstarted(d Delivery) Decision {
	switch {
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
	if d.Attempt > 1 && d.Count == 1 {
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
	case c == UnknownSchema || c == UnknownKind:
		return Decision{Action: Return, Reason: task.Unsupported}
	case c == Unreadable:
		return Decision{Action: Reject}
	case d.redeliveredTogether():
		return split(d)
	case d.Count == 1 && d.Deaths >= MaxDeliver:
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
)

// Interrupted decides about the numbers that have no answer when the computation of a range of count
// numbers has ended for cause. After WorkerQuarantined the decision concerns all numbers of the range:
// the supervisor refuses results of that worker. After WorkerLeaves it concerns the numbers without
// answer, after NumberFailed only the number that failed: the others are computed next.
func Interrupted(cause Cause, count uint64) Decision {
	switch {
	case cause == JobCancelled:
		return Decision{Action: Drop}
	case cause == WorkerQuarantined, cause == WorkerLeaves:
		return Decision{Action: Return, Reason: task.Drained}
	case count > 1:
		return Decision{Action: Return, Reason: task.Isolate}
	}
	return Decision{Action: Fail}
}

// A Part is a decision about a part of a range.
type Part struct {
	Range task.Range
	Decision
	Failed bool // the number that failed: its failure record is stored
}

// Hung decides about a range whose computation does not end although it was interrupted. The number
// at hand has index at, 0 <= at < r.Count. The parts cover r in order.
//
// The number that hangs is the one at hand or a later one, because an index is reported only between
// two numbers. So the numbers behind it are split, and those before it are not.
func Hung(r task.Range, at uint64) []Part {
	number := task.Range{First: r.First + at, Count: 1}
	if r.Count == 1 {
		return []Part{{Range: number, Decision: Decision{Action: Fail}, Failed: true}}
	}
	var parts []Part
	if before := task.Span(r.First, number.First); before.Count > 0 {
		parts = append(parts, Part{Range: before, Decision: Decision{
			Action: Return, Reason: task.Isolate, Detail: "a later number of the chunk hangs",
		}})
	}
	parts = append(parts, Part{Range: number, Decision: Interrupted(NumberFailed, r.Count), Failed: true})
	if behind := task.Span(number.End(), r.End()); behind.Count > 0 {
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
