package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"factorfleet/internal/task"
)

// Why a computation is interrupted: the causes of a slot's context.
var (
	errDrained     = errors.New("worker: draining")
	errQuarantined = errors.New("worker: quarantined")
	errAsleep      = errors.New("worker: sleeping")
	errCancelled   = errors.New("worker: job cancelled")
	errOverdue     = errors.New("worker: number took too long")
	errSilent      = errors.New("worker: computation does not tick")
	errMemory      = errors.New("worker: out of memory")
	errPreempted   = errors.New("worker: ordinary tasks wait")
)

// A slot runs one task at a time, on its own goroutine.
//
// Its context serves one task after another until it is cancelled, because a new context for each of 10,000
// tasks a second would cost more than they do. current and interruption change under Worker.mu, so a task is
// never interrupted for a reason that concerns its predecessor.
type slot struct {
	index int // in Worker.slots

	// Owned by the slot's goroutine. done has the answers of the present call of Kind.Run, in the memory of
	// the call before; factors is the memory of their factors. base is the index, among the numbers of the
	// task, of the first of done. So base+len(done) is the index of the present number.
	done    []task.Factorization
	factors []task.Factor
	base    int
	ticks   uint64
	named   time.Duration // budget that the task names; 0 = none
	// clock is when the slot has last read the time; zero if it has waited since. The end of one task is
	// the start of the next: this saves a reading of the clock for each task.
	clock time.Time
	// encoded is how many of done are in a result already, and encodedAt the end of the last of these results,
	// at first the start of the call of Kind.Run. See partial.go.
	encoded   int
	encodedAt time.Time
	// tick and setProgress are RunOptions.Tick and RunOptions.Progress of all tasks of the slot.
	tick        func()
	setProgress func(NumberProgress)
	// getHint and share are RunOptions.Hint and RunOptions.Share.
	getHint func() *task.Hint
	share   func(part string, r task.Range, v task.Yield) bool
	// yields are those of the present call of Kind.Run; nil until it shares something.
	yields *yields

	// Written by the slot's goroutine, read by heartbeat, guard and Stats:
	//
	//	progress = ticks << indexBits | index of the present number
	//
	// Both are in one word, so that a reader sees a tick together with the number that it belongs to.
	// limit is how many nanoseconds a number may take.
	progress atomic.Uint64
	report   atomic.Pointer[progressReport]
	limit    atomic.Int64
	// finishAt is from when on the numbers of the task end early, Unix time in ns; 0 = they do not. It is written under
	// mu. finish is RunOptions.Finish, which the computation calls from any of its goroutines.
	finishAt atomic.Int64
	finish   func() bool
	// hint is the last hint about a number of current; nil = none. Hint writes it, under mu.
	hint atomic.Pointer[task.Hint]
	// due: the finished numbers of the task are to be stored. storing is the timer that sets it.
	due     atomic.Bool
	storing *time.Timer

	// The rest is guarded by Worker.mu.

	// current is the delivery that the slot runs, nil while it is idle. task is the content of current
	// while Kind.Run computes it, else nil. So task != nil implies current != nil.
	current *Delivery
	task    *task.Task
	// ctx is the context of Kind.Run. interruption is the cause with which it was cancelled, nil if it was
	// not. Only the slot's goroutine replaces ctx, and only it reads ctx without the lock.
	ctx          context.Context
	cancel       context.CancelCauseFunc
	interruption error
	// fault is why the heartbeat or the guard wants the computation to end, and interruptedAt since when;
	// nil if they do not. faultIndex is the number at which they have found it. interruption may be another
	// cause, which came first.
	fault         error
	faultIndex    int
	interruptedAt time.Time
	// lastProgress is progress at the last scan. stalledFor is for how long scans have seen no progress,
	// or no end after fault. numberSince is when a scan first saw the present number.
	lastProgress uint64
	stalledFor   time.Duration
	numberSince  time.Time
	// samples, pace and prefetch: see updatePaceLocked. samples = 0 means that pace is not known.
	samples  int
	pace     time.Duration
	prefetch int
	baseline baseline // of the memory guard
	part     partState
}

// indexBits is the width of an index 0 <= i <= task.MaxCount = 2^12 in slot.progress. 51 bits are left for
// ticks. They may wrap around: readers only compare two values for equality.
const indexBits = 13

const indexMask = 1<<indexBits - 1

// newSlot returns an idle slot. limit is that of a number before the first task. Its ticks call storeFinished
// while the finished numbers of the task are to be stored.
func newSlot(index int, limit time.Duration, storeFinished func(*slot)) *slot {
	s := &slot{index: index}
	s.tick = func() {
		s.ticks++
		s.progress.Store(s.ticks<<indexBits | uint64(s.base+len(s.done)))
		if s.due.Load() {
			storeFinished(s)
		}
	}
	s.setProgress = func(p NumberProgress) { s.report.Store(&progressReport{s.base + len(s.done), p}) }
	s.getHint, s.finish = s.presentHint, s.mustFinish
	s.limit.Store(int64(limit))
	s.renewContextLocked()
	return s
}

// renewContextLocked gives the slot a context that has not ended. Only the slot's goroutine calls it: a
// context that is replaced while Kind.Run uses it could not be cancelled any more.
func (s *slot) renewContextLocked() {
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.interruption, s.fault, s.interruptedAt = nil, nil, time.Time{}
}

// interruptLocked ends the computation of the present task, if there is one. The first cause counts: it
// decides what becomes of the task, and later ones come from goroutines that do not know of it.
func (s *slot) interruptLocked(cause error) {
	if s.current != nil && s.interruption == nil {
		s.interruption = cause
		s.cancel(cause)
	}
}
