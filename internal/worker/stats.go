package worker

import (
	"time"

	"factorfleet/internal/task"
)

// States of a worker, as its Stats name them.
const (
	StateRunning     = "running"
	StateDraining    = "draining"
	StatePaused      = "paused"   // it takes no new tasks for a while
	StateSleeping    = "sleeping" // it takes no tasks at this time of the day, and has returned all
	StateQuarantined = "quarantined"
)

// Stats say what a worker is doing and has done since its start.
type Stats struct {
	State    string `json:"state"`           // one of the States above
	Pause    string `json:"pause,omitempty"` // why it takes no tasks for a while: Pause.Reason
	Slots    int    `json:"slots"`           // as configured
	Busy     int    `json:"busy"`            // slots that run or settle a task
	Lost     int    `json:"lost"`            // slots whose computation hangs
	Held     int    `json:"held"`            // tasks waiting, running or being settled
	Tasks    uint64 `json:"tasks"`           // deliveries that slots have taken and finished
	Numbers  uint64 `json:"numbers"`         // numbers answered
	Failures uint64 `json:"failures"`        // numbers that failed, undecodable tasks, hanging computations
	// SieveFailures are tasks of parts that were dropped because of an error: they have no yield, or not all.
	SieveFailures uint64        `json:"sieve_failures,omitempty"`
	CPU           time.Duration `json:"cpu_ns"` // spent on the numbers answered, and on tasks of parts
	// Activities are the present numbers that take long, at most MaxActivities.
	Activities []Activity `json:"activities,omitempty"`
}

// Stats returns the present values.
func (w *Worker) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := Stats{
		State: StateRunning, Slots: len(w.slots), Busy: w.busy, Lost: w.lostSlots, Held: w.held.len,
		Tasks: w.tasks, Numbers: w.numbers, Failures: w.failures, CPU: w.cpu, SieveFailures: w.sieveFailures, Activities: w.activitiesLocked(),
	}
	switch {
	case w.draining:
		s.State = StateDraining
	case w.quarantined:
		s.State = StateQuarantined
	case w.paused.State == StateSleeping && w.held.len > 0:
		s.State, s.Pause = StateDraining, w.paused.Reason
	case w.paused.State != "":
		s.State, s.Pause = w.paused.State, w.paused.Reason
	}
	return s
}

// A Status is the content of a worker's heartbeat in FACTOR_WORKERS.
type Status struct {
	Name     string    `json:"name"`
	Instance string    `json:"instance"`
	Version  string    `json:"version"`
	Kernels  string    `json:"kernels,omitempty"` // the level of kernels of its engine
	Host     string    `json:"host"`
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	Sieves   bool      `json:"sieves,omitempty"` // it runs tasks of task.KindSieve; an earlier version rejects them
	Sieve    uint64    `json:"sieve,omitempty"`  // with Sieves: its task.SieveRevision; 0 = 1, of a version that does not state it
	ECM      bool      `json:"ecm,omitempty"`    // the same of task.KindECM
	// Offers are the labels of the worker and the commands that it runs, sorted: task.Serves says which tasks it takes.
	// Without task.OfferLarge it accepts numbers of at most MaxDigits digits, if that is not 0. Numbers of more than
	// MemoryDigits digits, if that is not 0, may need more memory than it has: it takes them only if no other worker does.
	Offers       []string `json:"offers,omitempty"`
	MaxDigits    int      `json:"max_digits,omitempty"`
	MemoryDigits int      `json:"memory_digits,omitempty"`
	Stats
	// Holding names the deliveries in slots, "<job>.<range>.<round>" each, and such that wait for long: see
	// Worker.Holding. There are at most HoldingPerSlot for each slot, and as many as fit into the heartbeat. A
	// task that no heartbeat names may be queued again.
	Holding []string  `json:"holding,omitempty"`
	Seen    time.Time `json:"seen"` // the server's time of the heartbeat
}

// SievesAs reports whether the worker runs sieve tasks of a revision.
func (s *Status) SievesAs(revision uint64) bool { return s.Sieves && max(s.Sieve, 1) == revision }

// Serves reports whether the worker takes tasks of a route, "" for those that any worker takes.
func (s *Status) Serves(route string) bool { return task.Serves(s.Offers, route) }

// IsQuarantined reports whether the worker has heard that it is quarantined.
func (s *Status) IsQuarantined() bool { return s.State == StateQuarantined }

// countLocked adds the outcome of a delivery that a slot has finished. Deliveries that were returned before they
// ran are not counted.
func (w *Worker) countLocked(d *Delivery) {
	o := &d.outcome
	w.tasks++
	w.numbers += uint64(o.numbers)
	w.cpu += o.cpu
	w.failures += uint64(len(o.failures) + len(o.hopeless))
	if o.letter != nil {
		w.failures++
	}
	if o.sieveFailed {
		w.sieveFailures++
	}
}
