package worker

import (
	"context"
	"errors"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// ErrRestart is wrapped by the error that Run returns when only a new process helps: the source
// has failed for good, or the computations of all slots hang.
var ErrRestart = errors.New("worker: needs a restart")

// ErrForgotten is returned by a Handle when the server does not know the delivery, for example
// because the server was killed and restarted: it will redeliver the task.
var ErrForgotten = errors.New("worker: the server has no record of this delivery")

// Errors that a Kind may wrap. They say more of the present number than that it has failed.
var (
	// ErrNever: no attempt at this worker can succeed. The number counts as given up here, whatever the attempt; another
	// worker that is alive must confirm it.
	ErrNever = errors.New("never to be tried again")
	// ErrElsewhere: this worker cannot compute the number now, but another one may. It is no failed attempt.
	ErrElsewhere = errors.New("left to another worker")
)

// A Source delivers tasks.
type Source interface {
	// Pull requests at most n >= 1 tasks and calls deliver for each as it arrives, from the calling
	// goroutine. It returns when the request has ended: all that the server has now have arrived, or there was
	// none for less than a minute. One task more of each other class may arrive, if tasks of several classes come at the
	// same moment. The end of ctx ends the requests, but tasks that the server has already sent
	// are still delivered before Pull returns. An error is logged and Pull is called again after a
	// pause, unless the error wraps ErrRestart. The worker makes one call of Pull or PullOthers at a time.
	Pull(ctx context.Context, n int, deliver func(*Delivery)) error
	// PullOthers is Pull of one task of a class in which there are no tasks of parts, for a worker whose slots all run
	// tasks of parts.
	PullOthers(ctx context.Context, deliver func(*Delivery)) error
	// SkipClass stops requests for tasks of the class for a while, because this worker has returned one as
	// unsupported and would receive it again. It may be called while Pull runs.
	SkipClass(class task.Class)
}

// A Handle settles one delivery. Its methods may be called from several goroutines.
type Handle interface {
	// InProgress resets the server's redelivery timer. It does not wait. An error means that the server will
	// not hear of it: the delivery lapses if that continues for AckWait.
	InProgress() error
	// Ack removes the task from the queue. It returns nil once the server has confirmed that. It may
	// be called again after an error; so may NakWithDelay and Term.
	Ack(ctx context.Context) error
	// NakWithDelay has the task redelivered after d.
	NakWithDelay(ctx context.Context, d time.Duration) error
	// Term removes the task from the queue as hopeless; reason is one line.
	Term(ctx context.Context, reason string) error
}

// A GroupAcker is a Handle that can ack other deliveries together with its own.
type GroupAcker interface {
	// AckGroup is Ack for this delivery and others, handles of the same source. After an error any of them may be acked.
	AckGroup(ctx context.Context, others []Handle) error
}

// An Outbox stores what is to be stored before a delivery is settled. Each method returns nil once the
// payload is stored, or was stored before, and retries until ctx ends. The methods may be called from
// several goroutines.
type Outbox interface {
	Result(ctx context.Context, job string, r task.Range, payload []byte) error    // a task.Result
	Return(ctx context.Context, a task.Address, payload []byte) error              // a task.Return
	Failed(ctx context.Context, a task.Address, attempt int, payload []byte) error // a task.Failure
	Dead(ctx context.Context, job string, r task.Range, payload []byte) error      // a task.Failure
}

// A Kind computes tasks of one kind. Run is called from several goroutines.
type Kind interface {
	// Run appends to *done the answers of numbers, in order, one at a time. An error or a panic
	// concerns number len(*done). Within 100 ms after the end of ctx, Run returns context.Cause(ctx),
	// with all finished answers in *done.
	//
	// The worker reads the factors in *done until the next call of Run in the same slot.
	Run(ctx context.Context, numbers []nat.Nat, o RunOptions, done *[]task.Factorization) error
}

// RunOptions are the options of one call of Kind.Run.
type RunOptions struct {
	// Budget is the CPU time for each number, on all cores together; 0 = what Budgeter.Budget says. A number that is
	// not finished by then is answered as task.Composite, without an error.
	Budget time.Duration
	// Work is the ECM effort that was spent on each number before: task.Task.WorkDigits.
	Work float64
	// Sleep is the wall-clock time that each number takes: task.Task.Sleep.
	Sleep time.Duration
	// Certify requests proofs of the primes of 2^64 and more, as far as the budget allows.
	Certify bool
	// Job, Range and Attempt are those of the numbers: Range.Count is their count. Slot is the slot, from 0, that calls
	// Run: a slot makes one call at a time. Format is task.Task.Format.
	Job     string
	Range   task.Range
	Attempt int
	Slot    int
	Format  task.Format
	// Known has divisors of some numbers, by index, ascending: hints of the submitter. One: a number is enough answered
	// with one proper factor, and the rest of it may stay Composite.
	Known []task.Known
	One   bool
	// Factors is memory for the factors of the answers, to which Run appends. Its content and its
	// capacity serve the next Run of the same slot. It may be nil.
	Factors *[]task.Factor
	// Tick reports that the computation is alive. Run calls it at least every 100 ms, from its own
	// goroutine only. It takes a few ns; once in Config.StoreEvery it encodes the answers in *done, which are final
	// but for their times, and has them stored. So an unfinished answer has its time before the next tick. A
	// number that takes long should begin with a tick: a tick also tells the worker which number is the present
	// one, len(*done).
	Tick func()
	// Progress reports how far Run is with the present number, if that number takes long. Run calls it
	// from its own goroutine, when the report has changed. It takes some 100 ns.
	Progress func(NumberProgress)
	// Finish reports whether the present number and those behind it are to end now, as if their budget were spent. Run
	// calls it from any goroutine, as often as it likes.
	Finish func() bool
	// Hint returns the newest hint about the present number, nil if there is none. It is the same pointer until another
	// hint arrives. Run may call it from its own goroutine only, as often as it likes.
	Hint func() *task.Hint
	// Share has the relations of the coefficients of r stored as a yield of a part, which a hint has named. It takes
	// over y.Relations, and sets Kind, Worker and Version. It does not wait: while maxYields are on their way it
	// returns false. What is not stored when Run returns is dropped. Run calls it from its own goroutine.
	Share func(part string, r task.Range, y task.Yield) bool
}

// A Budgeter is a Kind that has a budget for each number, for tasks that name none.
type Budgeter interface {
	// Budget returns the CPU time that n may take.
	Budget(n nat.Nat) time.Duration
}

// A Ledger records, beyond the end of the process, which tasks are being computed. Its methods may be
// called from several goroutines.
type Ledger interface {
	// Deaths returns how many earlier processes ended while they computed a.
	Deaths(a task.Address) int
	// Begin records that slot, counted from 0, computes a; End that it has stopped.
	Begin(slot int, a task.Address)
	End(slot int)
}
