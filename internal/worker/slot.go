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
	errCancelled   = errors.New("worker: job cancelled")
	errOverdue     = errors.New("worker: number took too long")
	errSilent      = errors.New("worker: computation does not tick")
	errMemory      = errors.New("worker: out of memory")
)

// A slot runs one task at a time, on its own goroutine.
//
// Its context serves one task after another until it is cancelled. current and interruption change
// under Worker.mu, so a task is never interrupted for a reason that concerns its predecessor.
type slot struct {
	index int // in Worker.slots

	// Owned by the slot's goroutine.
	done        []task.Factorization
	room        []task.Factor        // memory of done
	base        int                  // index in the task's numbers of the first of done
	ticks       uint64               // calls of tick
	clock       time.Time            // when it last read the clock; zero if it has waited since
	tick        func()               // RunOptions.Tick of every task of the slot
	setProgress func(NumberProgress) // RunOptions.Progress, likewise

	// Written by the slot's goroutine, read by the heartbeat.
	progress atomic.Uint64 // ticks<<indexBits | index of the present number
	report   atomic.Pointer[progressReport]
	limit    atomic.Int64 // nanoseconds that a number may take

	// Guarded by Worker.mu.
	current       *Delivery  // what it runs; nil while it is idle
	task          *task.Task // the content of current while Kind.Run computes it, else nil
	interruption  error      // cause with which ctx was cancelled
	ctx           context.Context
	cancel        context.CancelCauseFunc
	lastProgress  uint64        // progress at the heartbeat's last scan
	stillFor      time.Duration // for how long scans have seen no progress, or no end after an interruption
	numberSince   time.Time     // when a scan first saw the present number
	fault         error         // why the heartbeat or the guard interrupted it; nil if they did not
	interruptedAt time.Time     // when they did
	samples       int           // tasks measured
	pace          time.Duration // moving average of the time of a task
	ahead         int           // how many tasks may wait for it
	baseline      baseline      // of the memory guard
}

// indexBits is the width of an index 0 <= i <= task.MaxCount in slot.progress.
const indexBits = 13

const indexMask = 1<<indexBits - 1

func newSlot(index int, limit time.Duration) *slot {
	s := &slot{index: index}
	s.tick = func() {
		s.ticks++
		s.progress.Store(s.ticks<<indexBits | uint64(s.base+len(s.done)))
	}
	s.setProgress = func(p NumberProgress) { s.report.Store(&progressReport{s.base + len(s.done), p}) }
	s.limit.Store(int64(limit))
	s.renewContextLocked()
	return s
}

// renewContextLocked gives the slot a context that has not ended.
func (s *slot) renewContextLocked() {
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.interruption, s.fault, s.interruptedAt = nil, nil, time.Time{}
}

// interruptLocked ends the computation of the present task. The first cause counts.
func (s *slot) interruptLocked(cause error) {
	if s.current != nil && s.interruption == nil {
		s.interruption = cause
		s.cancel(cause)
	}
}
