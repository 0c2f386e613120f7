package attempt

import (
	"time"

	"factorfleet/internal/task"
)

// Evidence is what the streams say of earlier attempts at a single number. Rules that need more than
// one worker's word add the failure records by worker here.
type Evidence struct {
	Record bool // the last-attempt record of this round is stored
	Spent  int  // deliveries of earlier rounds, by the header of the task
}

// A Returned is a return as the sweeper reads it.
type Returned struct {
	Reason task.Reason
	Count  uint64 // numbers, from 1
	Pieces uint64 // as the worker requests; at most Count ranges are made
	First  bool   // the sweeper has this return for the first time
}

// NeedsEvidence reports whether Decide reads its argument.
func (r Returned) NeedsEvidence() bool { return r.Reason == task.Postponed && r.Count == 1 }

// UnsupportedDelay is the pause before a range that a worker did not support is queued again. It
// bounds how often workers of an old version receive and return the same range.
const UnsupportedDelay = 5 * time.Second

// Decide decides what the sweeper does with a return.
//
// A postponed number has one delivery more. If its last-attempt record exists, its last attempt started
// elsewhere and never ended: the number is given up.
func (r Returned) Decide(e Evidence) Decision {
	switch {
	case r.Reason == task.Unsupported && r.First:
		return Decision{Action: Wait, Delay: UnsupportedDelay}
	case r.NeedsEvidence() && e.Record:
		return Decision{Action: GiveUp}
	case r.NeedsEvidence():
		return Decision{Action: Requeue, Pieces: 1, Spent: MaxDeliver - 1}
	}
	return Decision{Action: Requeue, Pieces: r.Pieces}
}

// An Advisory is the server's message that the deliveries of a task are exhausted, and what the sweeper
// finds when it checks that: without credentials any client can send one.
type Advisory struct {
	Count     uint64        // numbers in the range of the task, from 1
	Try       int           // how many times the sweeper has had the advisory, from 1
	Exhausted bool          // the durable confirms it
	AckWait   time.Duration // of the durable
}

const (
	advisoryTries = 5
	advisoryDelay = time.Second // between two tries at an advisory that the durable does not confirm
)

// Decide decides what the sweeper does with an advisory. A single number waits AckWait in all: its worker
// may be slow to settle it. Unconfirmed advisories are ignored after a few tries: the probe finds every
// exhausted task later.
func (a Advisory) Decide() Decision {
	retry := a.Try < advisoryTries
	switch {
	case a.Exhausted && retry && a.Count == 1:
		return Decision{Action: Wait, Delay: a.AckWait / (advisoryTries - 1)}
	case a.Exhausted:
		return Decision{Action: Conclude}
	case retry:
		return Decision{Action: Wait, Delay: advisoryDelay}
	}
	return Decision{Action: Ignore}
}

// Exhausted decides about a range of count numbers whose task will not be delivered again.
//
// Of several numbers at most one kills its worker, so they are split. A single number without a
// last-attempt record has lost its last delivery before it started: it has one delivery more.
func Exhausted(count uint64, e Evidence) Decision {
	switch {
	case count > 1:
		return Decision{Action: Requeue, Pieces: Pieces(count)}
	case e.Record || e.Spent >= MaxLapsed:
		return Decision{Action: GiveUp}
	}
	return Decision{Action: Requeue, Pieces: 1, Spent: max(e.Spent+1, MaxDeliver-1)}
}
