package worker

import (
	"context"
	"sync"
	"time"

	"factorfleet/internal/task"
)

// maxYields is how many yields of one task may be on their way to the server at once. Two are enough to keep the
// computation from waiting, and bound the memory to 768 KiB a slot while the server is away. After that a task of a part
// waits, and drops nothing: what it has found is expensive, and it ends only when its yields are stored anyway.
const maxYields = 2

// waitTick is the time between two ticks of a computation that waits for the server.
const waitTick = 50 * time.Millisecond

// yields stores the yields of one task in the background. Its methods are called by the slot's goroutine only.
type yields struct {
	w    *Worker
	s    *slot
	kind string        // of the yields
	cpu  time.Duration // of all yields

	last bool // a yield was sent beside maxYields others

	computing context.Context // of the computation
	ctx       context.Context // of the calls of Outbox
	cancel    context.CancelFunc
	unwatch   func() bool
	free      chan struct{} // has an element for each yield that may be sent now; capacity maxYields
	stored    sync.WaitGroup
}

// newYields returns yields of the given kind of the task in s, whose computation ends with computing. What is on its way then is still
// stored, unless the job was cancelled, the worker quarantined, or the computation was at fault. The caller calls close.
func (w *Worker) newYields(computing context.Context, s *slot, kind string) *yields {
	y := &yields{w: w, s: s, kind: kind, computing: computing, free: make(chan struct{}, maxYields)}
	for range maxYields {
		y.free <- struct{}{}
	}
	y.ctx, y.cancel = context.WithCancel(w.settleCtx)
	y.unwatch = context.AfterFunc(computing, func() {
		if cause := context.Cause(computing); cause != errDrained && cause != errAsleep && cause != errPreempted {
			y.cancel()
		}
	})
	return y
}

// share is RunOptions.Share of s.
func (w *Worker) share(s *slot, part string, r task.Range, v task.Yield) bool {
	if s.yields == nil {
		s.yields = w.newYields(s.ctx, s, task.KindSieve)
	}
	return s.yields.try(part, r, v)
}

// endSharing drops the yields of the computation that has ended in s.
func (s *slot) endSharing() {
	if s.yields != nil {
		s.yields.close()
		s.yields = nil
	}
}

// ready reports whether fewer than maxYields are on their way.
func (y *yields) ready() bool { return len(y.free) > 0 }

// wait stores a yield of job, and waits while maxYields are on their way. Once the computation is to end it does not
// wait: one more yield goes beside the others, and further ones are dropped.
func (y *yields) wait(job string, r task.Range, v task.Yield) {
	y.cpu += v.CPU
	for {
		select {
		case <-y.free:
			y.send(job, r, v, true)
			return
		case <-y.computing.Done():
			if !y.last {
				y.last = true
				y.send(job, r, v, false)
			}
			return
		case <-y.ctx.Done():
			return
		case <-time.After(waitTick):
			y.s.tick()
		}
	}
}

// try stores a yield of job unless maxYields are on their way, and reports whether it does.
func (y *yields) try(job string, r task.Range, v task.Yield) bool {
	select {
	case <-y.free:
		y.send(job, r, v, true)
		return true
	default:
		return false
	}
}

// send has a yield stored. counted says that it was taken from free.
func (y *yields) send(job string, r task.Range, v task.Yield, counted bool) {
	v.Kind, v.Worker, v.Version = y.kind, y.w.config.Name, y.w.config.Version
	payload := v.Encode()
	y.stored.Go(func() {
		if err := y.w.outbox.Result(y.ctx, job, r, payload); err != nil {
			y.w.config.Log.Debug().Str("job", job).Stringer("range", r).Err(err).Msg("cannot store a yield")
		}
		if counted {
			y.free <- struct{}{}
		}
	})
}

// join waits until all yields are stored, or dropped.
func (y *yields) join() { y.stored.Wait() }

// close drops the yields that are still on their way.
func (y *yields) close() {
	y.unwatch()
	y.cancel()
}
