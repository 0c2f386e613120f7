// Package worker runs tasks. It pulls deliveries into slots, has a Kind compute them, sends heartbeats
// meanwhile, stores the results, settles the deliveries, and returns unfinished work when the program
// ends.
//
// A delivery waits in a buffer (short tasks and last attempts only), runs in a slot, and is settled. It
// is held until the server has confirmed the last step, and heartbeats are sent for held deliveries.
// Only the computation can fail a delivery: an unreachable server only delays it.
//
//	Source --deliver--> buffer -----> slot ------> Kind.Run --> settle --> Outbox, Handle
//	pull.go             arrival.go    serve.go     run.go       settle.go, settlers.go
//
// Package attempt decides what becomes of a delivery, here its decisions are executed: arrival.go when
// it arrives, compute.go when a slot is free, run.go and hang.go when a computation ends early or not at
// all, settle.go when it is settled.
//
// The package knows neither NATS nor mathematics: both are interfaces. It does not decide when a
// returned range is queued again, nor what a wrong result means for a worker.
package worker

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A Worker runs the tasks of one Source.
//
// Each held delivery is in one place: a waiting one in buffer or lastAttempts, a running one is the
// current of a slot, a settling one is in unsettled or with the goroutine that settles it.
type Worker struct {
	config Config
	source Source
	outbox Outbox
	heap   func() uint64 // bytes in use; called by the memory guard

	// Written by Run before it starts a goroutine.
	settleCtx context.Context // ends at the drain's timeout
	slots     []*slot

	quit    chan struct{} // closed by Run when it returns: the heartbeat ends
	stop    chan struct{} // closed by startDrain: the puller ends
	halted  chan struct{} // closed by StopComputing
	drained chan struct{} // closed by the goroutine that settles the last delivery of a drain
	fatal   chan error    // of capacity 1: why Run must end by itself; never closed

	haltOnce sync.Once
	helpers  sync.WaitGroup // puller, heartbeat, guard, settlers

	// mu guards everything below, and the fields of slots and deliveries that say so. It is never
	// held while a method of an interface runs.
	mu sync.Mutex

	work       sync.Cond // nextLocked may return something, or the drain has begun; slots wait
	demand     sync.Cond // demandLocked may have become positive, or the drain has begun; the puller waits
	settleWork sync.Cond // a delivery is in unsettled, or Run ends; settlers wait
	settleRoom sync.Cond // unsettled has become shorter; slots wait
	pullerIdle bool      // the puller waits for demand

	held         heldList      // every delivery from its arrival to its end
	buffer       deliveryQueue // waiting for a slot
	lastAttempts deliveryQueue // waiting until nothing else runs
	unsettled    deliveryQueue // waiting for a settler

	busy           int       // slots that run or settle a delivery
	lostSlots      int       // slots whose computation hangs
	ahead          int       // sum of slot.ahead: how many tasks may wait in buffer
	settlers       int       // goroutines of settler
	idleSettlers   int       // of these, waiting for settleWork
	leftUnsettled  int       // deliveries of a drain that were released without being settled
	heldLasts      int       // held deliveries that are last attempts
	postponed      int       // last attempts postponed for others since postponedSince
	postponedSince time.Time // start of the present postponeWindow

	draining    bool
	closed      bool               // Run ends: settlers end
	pullerGone  bool               // no further delivery arrives
	quarantined bool               // no pulling until Release
	halt        error              // why no computation may run now: errDrained, errQuarantined or nil
	pulling     bool               // Pull has not returned
	endPull     context.CancelFunc // ends the present Pull; nil between two

	cancelled map[string]time.Time // job -> when it may be removed from here
	warned    map[string]bool      // unsupported schemas and kinds that were logged

	scans       uint64      // how many times the heartbeat has looked through held
	scanned     time.Time   // the time of the last of these
	staleChecks uint64      // how many times the buffer was checked for stale tasks
	beats       []*Delivery // owned by the heartbeat: deliveries to send a heartbeat for

	tasks, numbers, failures uint64
	cpu                      time.Duration
}

// New returns a worker that has not started. Its Run may be called once.
func New(c Config, s Source, o Outbox) *Worker {
	w := &Worker{
		config: c.withDefaults(), source: s, outbox: o, heap: heapInUse,
		quit: make(chan struct{}), stop: make(chan struct{}), halted: make(chan struct{}),
		drained: make(chan struct{}), fatal: make(chan error, 1),
		cancelled: make(map[string]time.Time), warned: make(map[string]bool),
	}
	for _, c := range []*sync.Cond{&w.work, &w.demand, &w.settleWork, &w.settleRoom} {
		c.L = &w.mu
	}
	for i := range w.config.Slots {
		w.slots = append(w.slots, newSlot(i, w.limit(0)))
	}
	return w
}

// Run works until ctx ends and then drains: it stops pulling, returns waiting tasks, lets computations
// continue for half of Config.DrainTimeout, and settles everything. It returns nil after a complete
// drain. Otherwise the error says how many tasks are left to the server's redelivery.
//
// Run also drains when the worker cannot continue; the error then wraps ErrRestart.
func (w *Worker) Run(ctx context.Context) error {
	settleCtx, endSettling := context.WithCancelCause(context.WithoutCancel(ctx))
	defer endSettling(errEnded)
	w.settleCtx = settleCtx

	w.config.Log.Info().Int("slots", w.config.Slots).Stringer("ack_wait", w.config.AckWait).Msg("worker ready")
	for _, s := range w.slots {
		go w.serve(s)
	}
	w.helpers.Go(w.pull)
	w.helpers.Go(w.heartbeat)
	if w.config.MaxMemory > 0 {
		w.helpers.Go(w.guard)
	}

	var fatal error
	select {
	case <-ctx.Done():
	case fatal = <-w.fatal:
		w.config.Log.Error().Err(fatal).Msg("worker stops: it needs a restart")
	}
	return errors.Join(fatal, w.drain(endSettling))
}

// fail makes Run end with err. Only the first of several errors is reported.
func (w *Worker) fail(err error) {
	select {
	case w.fatal <- err:
	default:
	}
}
