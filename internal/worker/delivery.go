package worker

import (
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/task"
)

// A Delivery is one message of FACTOR_TASKS that the server has sent to this worker. The Source that
// passes it to deliver does not touch it afterwards.
type Delivery struct {
	task.Address
	Attempt int    // attempt number, from 1: see attempt.Number
	Schema  string // value of the header task.SchemaHeader
	Data    []byte // a task.Task
	Handle  Handle

	// Never changed after the arrival.
	deaths int  // processes that died while they computed it, by the ledger
	urgent bool // the server has not heard of it for most of AckWait

	// Owned by the slot while running, then by the goroutine that settles it.
	outcome    outcome
	wasSettled bool // the last step is confirmed, or no longer this worker's

	// Guarded by Worker.mu.
	state      state
	slot       *slot     // where it runs
	scan       uint64    // Worker.scans when it arrived
	staleCheck uint64    // Worker.staleChecks when it arrived
	next       *Delivery // in its deliveryQueue
	older      *Delivery // in Worker.held
	younger    *Delivery // in Worker.held
	alone      bool      // it is a last attempt, and no other task runs beside it
	heard      time.Time // when the server last heard of it; its arrival at first
	lapsed     bool      // the server has not heard of it for AckWait; stays true
}

// A state is where a held delivery is.
type state uint8

const (
	waiting  state = iota // in the buffer, or among the last attempts
	running               // in a slot
	settling              // with a settler or its slot, for the server
	hung                  // not held any more: its computation does not end, a copy of it is settled
)

// facts returns what the rules of attempts need to know of d.
func (d *Delivery) facts() attempt.Delivery {
	return attempt.Delivery{Attempt: d.Attempt, Count: d.Range.Count, Deaths: d.deaths}
}

// last reports whether d is the last attempt at a single number.
func (d *Delivery) last() bool { return d.facts().Last() }

// at returns the address of the part r of d.
func (d *Delivery) at(r task.Range) task.Address {
	a := d.Address
	a.Range = r
	return a
}
