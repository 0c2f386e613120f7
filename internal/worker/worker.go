package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"factorfleet/internal/task"
)

// A Worker runs the tasks of one Source.
//
// Each held delivery is in one place: a waiting one in buffer or lastAttempts, a running one is the
// current of a slot, a settling one is in unsettled or with the goroutine that settles it.
type Worker struct {
	// Never changed after New.
	config Config
	source Source
	outbox Outbox
	// heap returns the bytes in use. Only the guard calls it.
	heap func() uint64

	// Written by Run before it starts a goroutine, and not changed afterwards. settleCtx ends at the
	// drain's timeout; it is that of all calls of Outbox and Handle.
	settleCtx context.Context
	slots     []*slot

	// Channels are closed once, and never carry values except fatal.
	quit    chan struct{} // closed by endDrain: heartbeat and guard end
	stop    chan struct{} // closed by startDrain: pauses of the puller end
	halted  chan struct{} // closed by StopComputing
	enough  chan struct{} // closed by releaseLocked: with Config.Once, the one task has ended
	drained chan struct{} // closed by the goroutine that settles the last delivery of a drain
	// fatal has capacity 1, and carries the first reason why Run must end by itself.
	fatal chan error

	haltOnce sync.Once
	// helpers counts puller, heartbeat, guard and settlers. Slots are not counted: a hanging computation
	// never returns.
	helpers sync.WaitGroup

	// Owned by the heartbeat. beats are the deliveries to which a scan sends heartbeats; scanned is when
	// the last scan was, and scannedCPU the CPU time of the process then.
	beats      []*Delivery
	scanned    time.Time
	scannedCPU time.Duration

	// mu guards everything below, and the fields of slots and deliveries that say so. It is never
	// held while a method of an interface runs.
	mu sync.Mutex

	// Conditions, each with the goroutines that wait for it: see the package comment.
	work, demand, settleWork, settleRoom sync.Cond
	// pullerIdle saves demandLocked after most changes: the puller waits for demand.
	pullerIdle bool
	// arrival is closed when the next delivery arrives; nil if no goroutine waits for that. See Idle.
	arrival chan struct{}

	// held has every delivery from its arrival to its end, the oldest first.
	held heldList
	// buffer has deliveries that wait for a slot, lastAttempts those that wait until nothing else runs,
	// unsettled those that wait for a settler, and
	// gathered those that may be settled with others: see gather.go. A delivery is in at most one of them.
	buffer, lastAttempts, unsettled, gathered deliveryQueue
	// groups is how many goroutines settle groups of gathered: 0 <= groups <= maxGroups, and at least 1 while gathered
	// is not empty.
	groups int

	// 0 <= busy + lostSlots <= len(slots). busy slots run or settle a delivery. A lost slot has a
	// computation that hangs; it is not busy.
	busy, lostSlots int
	// prefetch is the sum of slot.prefetch: how many tasks may wait in buffer.
	prefetch int
	// partAt is when the last task of a part has arrived; zero if that is long ago.
	partAt time.Time
	// 0 <= idleSettlers <= settlers <= maxSettlers. Idle ones wait for settleWork.
	settlers, idleSettlers int
	// heldLastAttempts counts the last attempts in held, in any state.
	heldLastAttempts int
	// postponed counts the last attempts that were postponed for others since postponedSince, the start
	// of the present postponeWindow.
	postponed      int
	postponedSince time.Time

	// draining, closed and pullerGone never become false again. They become true in the order draining,
	// closed. closed: Run ends, settlers end. pullerGone: no further delivery arrives.
	draining, closed, pullerGone bool
	// leftUnsettled counts deliveries of a drain that were released without being settled.
	leftUnsettled int
	// quarantined: nothing is pulled until Release.
	quarantined bool
	// paused says why no task is pulled for a while. sleeps counts the sleeps; sleepTimer interrupts what still runs in
	// the last one.
	paused     Pause
	sleeps     int
	sleepTimer *time.Timer
	// onceDone: with Config.Once, the one task was computed; nothing is pulled or begun any more.
	onceDone bool
	// halt is why no computation may run now: errDrained, errQuarantined, errAsleep or nil.
	halt error
	// pulling: Pull has not returned, so deliveries may still arrive. endPull ends the requests of the
	// present Pull; it is nil if there is none, or if it was called.
	pulling bool
	endPull context.CancelFunc
	// pullErr is why the last request for tasks has failed; nil if it has not.
	pullErr error
	// pullingOthers: the present Pull is one of PullOthers.
	pullingOthers bool

	// cancelled maps a job to when it is no longer cancelled. warned has what was logged once, such as
	// unsupported kinds, a bounded number: see isNewWarning.
	cancelled map[string]time.Time
	// finishing maps a job that ends early to when the order is forgotten.
	finishing map[string]time.Time
	warned    map[string]bool

	// scans counts the scans of the heartbeat, staleChecks the checks of the buffer for stale tasks.
	// A delivery remembers both when it arrives. So the ages of deliveries are counted without a clock,
	// and a suspended process ages nothing.
	scans, staleChecks uint64

	// For Stats: see its fields of the same names.
	tasks, numbers, failures, sieveFailures uint64
	cpu                                     time.Duration
}

// New returns a worker that has not started. Its Run may be called once.
func New(c Config, s Source, o Outbox) *Worker {
	w := &Worker{
		config: c.withDefaults(), source: s, outbox: o, heap: heapInUse,
		quit: make(chan struct{}), stop: make(chan struct{}), halted: make(chan struct{}), enough: make(chan struct{}),
		drained: make(chan struct{}), fatal: make(chan error, 1),
		cancelled: make(map[string]time.Time), finishing: make(map[string]time.Time), warned: make(map[string]bool),
	}
	for _, c := range []*sync.Cond{&w.work, &w.demand, &w.settleWork, &w.settleRoom} {
		c.L = &w.mu
	}
	for i := range w.config.Slots {
		s := newSlot(i, w.limit(0), w.storeFinished)
		s.share = func(part string, r task.Range, v task.Yield) bool { return w.share(s, part, r, v) }
		w.slots = append(w.slots, s)
	}
	return w
}

// Run works until ctx ends and then drains: it stops pulling, returns waiting tasks, lets computations
// continue for half of Config.DrainTimeout, and settles everything. It returns nil after a complete
// drain. Otherwise the error says how many tasks are left to the server's redelivery.
//
// Run also drains when the worker cannot continue; the error then wraps ErrRestart. With Config.Once it drains after one
// task.
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
	case <-w.enough:
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
