// Package worker runs tasks: it pulls deliveries into slots, has a Kind compute
// them, keeps the server informed while that lasts, stores what came of it and
// settles the delivery, and hands everything back when the program is to end.
//
// A delivery is one handed-out message. It waits in a buffer (short tasks only),
// runs in a slot, and is settled; until the server has confirmed the last step it
// is held, and the heartbeat speaks for it. Only the computation can fail a
// delivery: a server that cannot be reached only makes it take longer.
//
//	Source --deliver--> buffer --> slot (Kind.Run) --> settle --> Outbox, Handle
//	pull.go             slot.go                        settle.go
//
// The package knows no messaging and no mathematics: both come in as interfaces.
// It does not decide when a returned range is queued again, nor what a wrong
// result means for a worker.
package worker

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// ErrRestart is wrapped by the error that Run returns when only a new process
// helps: the source says so, or no slot is left.
var ErrRestart = errors.New("worker: needs a restart")

// ErrForgotten is returned by a Handle when the server does not know of the delivery
// any more, such as after its process was killed: it will hand the task out again.
var ErrForgotten = errors.New("worker: the server has forgotten that it handed this out")

// A Handle settles one handed-out message. Its methods may be called from
// several goroutines.
type Handle interface {
	// InProgress resets the server's redelivery timer; it does not wait.
	InProgress() error
	// Ack takes the task off the queue. It returns once the server confirmed it and
	// may be called again after an error; so may NakWithDelay and Term.
	Ack(ctx context.Context) error
	// NakWithDelay has the task delivered again after d.
	NakWithDelay(ctx context.Context, d time.Duration) error
	// Term takes the task off the queue as hopeless.
	Term(ctx context.Context, reason string) error
}

// A Delivery is one handed-out message. Who gave it to deliver leaves it to the
// worker: it is not touched again.
type Delivery struct {
	task.Address
	Attempt    int    // how often it has been handed out, from 1
	MaxDeliver int    // after how many attempts it is given up
	Schema     string // value of the header task.SchemaHeader
	Data       []byte // a task.Task
	Handle     Handle

	state      state     // guarded by Worker.mu
	slot       *slot     // where it runs; guarded by Worker.mu
	walk       uint64    // Worker.walks when it arrived; guarded by Worker.mu
	sweep      uint64    // Worker.sweeps when it arrived; guarded by Worker.mu
	next       *Delivery // in the queue that it is in; guarded by Worker.mu
	older      *Delivery // in Worker.held; guarded by Worker.mu
	younger    *Delivery // in Worker.held; guarded by Worker.mu
	outcome    outcome   // owned by the slot while running, then by who settles it
	deaths     int       // processes that died while they computed it, by the ledger; never changed
	alone      bool      // the last of a number, whose turn it is; guarded by Worker.mu
	spoken     time.Time // when the server last heard of it, its arrival included; guarded by Worker.mu
	lapsed     bool      // once that was longer ago than AckWait; guarded by Worker.mu
	urgent     bool      // the server has heard nothing for most of AckWait; never changed
	wasSettled bool      // the last step was confirmed; written by who settles it
}

// state says who has a held delivery.
type state uint8

const (
	waiting   state = iota // in the buffer
	running                // in a slot
	settling               // waiting for the server
	abandoned              // no longer held: its computation did not come back
)

// A Source hands out tasks.
type Source interface {
	// Pull asks for at most n >= 1 tasks and calls deliver for each as it arrives,
	// from the calling goroutine. It returns when the request has ended: all came,
	// or nothing was there for a short while. The end of ctx stops it from asking
	// again, but what the server has already handed out is still delivered before it
	// returns. An error is for the log, and Pull is called again after a pause,
	// unless the error wraps ErrRestart.
	Pull(ctx context.Context, n int, deliver func(*Delivery)) error
	// Shun says that this worker could not do a task of the class, so that for a
	// while none is asked for: what it hands back would come again and again. It may be
	// called while Pull runs.
	Shun(class task.Class)
}

// An Outbox stores what a delivery leaves behind. Each call returns nil once it is
// stored or was already there, and retries as long as ctx lasts. The methods may
// be called from several goroutines.
type Outbox interface {
	Result(ctx context.Context, job string, r task.Range, payload []byte) error    // a task.Result
	Return(ctx context.Context, a task.Address, payload []byte) error              // a task.Return
	Failed(ctx context.Context, a task.Address, attempt int, payload []byte) error // a task.Failure
	Dead(ctx context.Context, job string, r task.Range, payload []byte) error      // a task.Failure
}

// A Kind does the work of one sort of task. Run is called from several goroutines.
type Kind interface {
	// Run appends to *done the answers of numbers, in order, one at a time. An error
	// or a panic concerns number len(*done). It returns context.Cause(ctx) within
	// 100 ms after ctx ends, with what is finished in *done.
	//
	// Factors in *done are read until the next call of Run in the same slot.
	Run(ctx context.Context, numbers []nat.Nat, o RunOptions, done *[]task.Factorization) error
}

// RunOptions come with one call of Kind.Run.
type RunOptions struct {
	// Budget is the wall-clock time for each number, 0 for a Budgeter its own. What is not
	// finished then is answered as task.Composite, without an error.
	Budget time.Duration
	// Certify asks for proofs of the primes of 2^64 and more, as far as the budget goes.
	Certify bool
	// Factors is memory for the factors of the answers, which are appended: what it holds and
	// its room serve the next Run of the same slot, when nobody needs the answers any more. May
	// be nil.
	Factors *[]task.Factor
	// Tick says that the computation moves. It is cheap (a few ns), is to be called at
	// least every 100 ms, and only from the goroutine that called Run.
	Tick func()
	// Progress says what is done with the number at hand, if that takes long. It is cheap, and
	// to be called like Tick, but as often as it has something new to say.
	Progress func(Progress)
}

// A Budgeter is a Kind that knows how long a number may take if its task does not say.
type Budgeter interface {
	Budget(n nat.Nat) time.Duration
}

// A Ledger remembers, beyond the end of the process, which tasks were being computed.
// Its methods may be called from several goroutines.
type Ledger interface {
	// Deaths returns how many earlier processes ended while they computed a.
	Deaths(a task.Address) int
	// Begin notes that slot, counted from 0, computes a; End that it does no more.
	Begin(slot int, a task.Address)
	End(slot int)
}

// A Config is what New needs to know.
type Config struct {
	Name    string // of the worker, in results and failures
	Version string // of the program, likewise

	// Slots is how many tasks run at a time; 0 = one for each CPU.
	Slots int
	// AckWait is the redelivery timer of the server; 0 = 30 s. Heartbeats go out every
	// sixth of it.
	AckWait time.Duration
	// DrainTimeout bounds the time from the end of Run's context to Run's return;
	// 0 = 25 s. Computations may go on for half of it.
	DrainTimeout time.Duration
	// Budget is the time for one number when its task names none; 0 = what the kind says, if
	// it is a Budgeter, else 30 s.
	Budget time.Duration
	// Grace is how long a number may take beyond twice its budget before its
	// computation counts as stuck; 0 = 30 s.
	Grace time.Duration
	// MaxMemory is how many bytes of heap, of the whole process, may be in use before a
	// computation is ended for it; 0 = no limit.
	MaxMemory uint64
	// Ledger remembers what ran when the process died; nil = only the server's count of
	// deliveries tells.
	Ledger Ledger
	// Kinds are the sorts of tasks that this worker can do, by name. Others it hands
	// back.
	Kinds map[string]Kind
	Log   zerolog.Logger
}

// defaultBudget is the time for one number if nobody says.
const defaultBudget = 30 * time.Second

func (c Config) withDefaults() Config {
	c.Slots = cmp.Or(max(c.Slots, 0), runtime.GOMAXPROCS(0))
	c.AckWait = cmp.Or(max(c.AckWait, 0), 30*time.Second)
	c.DrainTimeout = cmp.Or(max(c.DrainTimeout, 0), 25*time.Second)
	c.Budget = max(c.Budget, 0)
	c.Grace = cmp.Or(max(c.Grace, 0), 30*time.Second)
	return c
}

// A Worker runs the tasks of one Source.
//
// A delivery that is waiting is in buffer or finals and held, one that is running is a
// slot's current and held, one that is settling is held and either in unsettled or
// in somebody's hands.
type Worker struct {
	config Config
	source Source
	outbox Outbox
	heap   func() uint64 // bytes in use; of the guard

	// Written by Run before it starts a goroutine.
	settleCtx context.Context // lives until the drain's timeout
	slots     []*slot

	quit    chan struct{} // closed by Run when it returns: the heartbeat ends
	stop    chan struct{} // closed by startDrain: the puller asks no more
	hurry   chan struct{} // closed by Hurry: computations are to stop now
	drained chan struct{} // closed by whoever settles the last delivery of a drain
	fatal   chan error    // of capacity 1: why Run must end by itself; never closed

	hurryOnce sync.Once
	helpers   sync.WaitGroup // puller, heartbeat, settlers

	// mu guards everything below, and the fields of slots and deliveries that say so.
	// It is never held while a method of an interface runs.
	mu sync.Mutex

	work       sync.Cond // nextLocked may have something, or the drain has begun; slots wait
	hunger     sync.Cond // wantLocked may have become positive, or the drain has begun; the puller waits
	errand     sync.Cond // a delivery is in unsettled, or Run ends; settlers wait
	room       sync.Cond // unsettled has become shorter; slots wait
	pullerIdle bool      // the puller waits for hunger

	held      heldList // every delivery from its arrival to its end
	buffer    queue    // waiting for a slot
	finals    queue    // last deliveries of single numbers, likewise
	unsettled queue    // waiting for a settler

	busy         int // slots that run or settle a delivery
	lost         int // slots whose computation was abandoned
	ahead        int // sum of slot.ahead: how many tasks may wait in buffer
	settlers     int // goroutines of settler
	idleSettlers int // of these, waiting for errand
	left         int // deliveries of a drain that were not settled
	lasts        int // held deliveries that are the last of a single number
	spared       int // of these, handed back since sparedSince

	draining    bool
	closed      bool               // Run ends: settlers end
	pullerGone  bool               // no further delivery arrives
	quarantined bool               // no pulling until Release
	halt        error              // why no computation may run now: errDrained, errQuarantined or nil
	pulling     bool               // Pull has not returned
	endPull     context.CancelFunc // ends the current Pull; nil between two

	cancelled map[string]time.Time // job -> when it may be forgotten
	warned    map[string]bool      // unsupported schemas and kinds that were reported

	sparedSince time.Time

	walks  uint64      // how often the heartbeat has gone round
	walked time.Time   // when it last did
	sweeps uint64      // how often the buffer was looked through
	beats  []*Delivery // owned by the heartbeat: whom to speak for

	tasks, numbers, failures uint64
	cpu                      time.Duration
}

// New returns a worker that has not begun. Its Run may be called once.
func New(c Config, s Source, o Outbox) *Worker {
	w := &Worker{
		config: c.withDefaults(), source: s, outbox: o, heap: heapInUse,
		quit: make(chan struct{}), stop: make(chan struct{}), hurry: make(chan struct{}),
		drained: make(chan struct{}), fatal: make(chan error, 1),
		cancelled: make(map[string]time.Time), warned: make(map[string]bool),
	}
	for _, c := range []*sync.Cond{&w.work, &w.hunger, &w.errand, &w.room} {
		c.L = &w.mu
	}
	for i := range w.config.Slots {
		w.slots = append(w.slots, newSlot(i, w.limit(0)))
	}
	return w
}

// Run works until ctx ends and then drains: it pulls no more, returns what waits,
// lets computations go on for half of Config.DrainTimeout, and settles everything.
// It returns nil after a complete drain. Otherwise the error says how many tasks
// were left to the server's redelivery.
//
// Run also drains when it cannot go on by itself; the error then wraps ErrRestart.
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
		w.config.Log.Error().Err(fatal).Msg("worker cannot go on")
	}
	return errors.Join(fatal, w.drain(endSettling))
}

// fail has Run end with err. Only the first of several is told.
func (w *Worker) fail(err error) {
	select {
	case w.fatal <- err:
	default:
	}
}
