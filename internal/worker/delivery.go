package worker

import (
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/task"
)

// A Delivery is one message of FACTOR_TASKS that the server has sent to this worker. The Source that
// passes it to deliver does not touch it afterwards.
//
// The worker sets Data to nil once it is decoded, because a delivery may be held for hours.
type Delivery struct {
	task.Address
	Attempt int    // attempt number, from 1: see attempt.Number
	Most    int    // task.Task.MaxAttempts
	NotHere bool   // the task names this worker in its header schema.HeaderNot
	Schema  string // value of the header task.SchemaHeader
	Data    []byte // a task.Task
	Handle  Handle

	Anywhere bool // no other worker has more memory: see Config.MemoryDigits

	// Never changed after the arrival, like the fields above. deaths is how many processes died while they
	// computed it, by the ledger. urgent says that the server has not heard of it for most of AckWait.
	deaths int
	urgent bool
	// expendable: it is a task of a part, see attempt.Delivery.
	expendable bool

	// Owned by the slot while running, then by the goroutine that settles it. wasSettled: the last step is
	// confirmed, or is no longer this worker's.
	outcome    outcome
	wasSettled bool
	backoff    []time.Duration // task.Task.Backoff, once it is decoded
	noun       string          // task.Noun of its kind, once it is decoded

	// The rest is guarded by Worker.mu.

	state state
	slot  *slot // where it runs or ran; nil before
	// scan and staleCheck are Worker.scans and Worker.staleChecks when it arrived.
	scan, staleCheck uint64
	// next is its successor in its deliveryQueue, older and younger are its neighbours in Worker.held.
	next, older, younger *Delivery
	// alone: it is a last attempt that may start, and no other task runs beside it.
	alone bool
	// announced: supervisors were told that it runs, or are being told.
	announced bool
	// heard is when the server last heard of it, at first its arrival. lapsed: the server has not heard of
	// it for AckWait. lapsed stays true.
	heard  time.Time
	lapsed bool
	// stored has the positions whose partial results are stored: see partial.go.
	stored task.Set
}

// A state is where a held delivery is. It changes in this order only; waiting may be followed by settling.
type state uint8

const (
	waiting  state = iota // in the buffer, or among the last attempts
	running               // in a slot
	settling              // with a settler or its slot, for the server
	hung                  // not held any more: its computation does not end, a copy of it is settled
)

// facts returns what the rules of attempts need to know of d.
func (d *Delivery) facts() attempt.Delivery {
	return attempt.Delivery{Attempt: d.Attempt, Count: d.Range.Count, Deaths: d.deaths, Most: d.Most, Expendable: d.expendable}
}

// last reports whether d is the last attempt at a single number.
func (d *Delivery) last() bool { return d.facts().Last() }

// addressOf returns the address of the part r of d. Returns and failure records of several parts differ by it.
func (d *Delivery) addressOf(r task.Range) task.Address {
	a := d.Address
	a.Range = r
	return a
}
