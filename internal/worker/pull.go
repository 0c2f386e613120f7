package worker

import (
	"context"
	"errors"
	"time"
)

// Pauses of the puller.
const (
	emptyPause = 10 * time.Millisecond  // least duration of a Pull that delivers nothing
	errorPause = 100 * time.Millisecond // least duration of a failed Pull, doubled up to
	errorMost  = 5 * time.Second
)

// pull requests tasks while there is room for them, until the drain begins. It is the puller's goroutine, and the
// only caller of Source.Pull and PullOthers. One request at a time is enough: it names the room for all slots.
//
// A Pull that returns at once, with or without an error, is followed by a pause, so that a broken server does
// not cost a core.
func (w *Worker) pull() {
	defer w.pullDone()
	failures := 0
	for {
		ctx, n := w.awaitDemand()
		if ctx == nil {
			return
		}
		begin, received := time.Now(), 0
		deliver := func(d *Delivery) { received++; w.deliver(d) }
		var err error
		if n > 0 {
			err = w.source.Pull(ctx, n, deliver)
		} else {
			err = w.source.PullOthers(ctx, deliver)
		}
		stopped := ctx.Err() != nil
		w.pullEnded()
		switch {
		case errors.Is(err, ErrRestart):
			w.fail(err)
			return
		case err != nil && !stopped:
			w.notePull(err)
			if failures++; failures == 1 {
				w.config.Log.Warn().Err(err).Msg("cannot pull tasks, retrying")
			}
			w.pause(min(errorPause<<min(failures-1, 10), errorMost) - time.Since(begin))
		case received > 0 || err == nil:
			if failures > 0 {
				w.config.Log.Info().Msg("pulling tasks works again")
				failures = 0
				w.notePull(nil)
			}
			if received == 0 {
				w.pause(emptyPause - time.Since(begin))
			}
		}
	}
}

// notePull records how the last request for tasks has ended, for PullError.
func (w *Worker) notePull(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pullErr = err
}

// PullError returns why the worker cannot request tasks now; nil if its last request was answered, or it has made none.
func (w *Worker) PullError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pullErr
}

// awaitDemand returns how many tasks to request and a context that ends when they are no longer
// wanted; nil once the drain has begun. 0 tasks with a context means: request one ordinary task, for which a task of
// a part ends early. startDrain ends the context by endPull in the same step that sets draining,
// so that no request starts in a drain.
func (w *Worker) awaitDemand() (context.Context, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		if w.draining {
			return nil, 0
		}
		if n := w.demandLocked(); n > 0 {
			ctx, cancel := context.WithCancel(w.settleCtx)
			w.endPull, w.pulling = cancel, true
			return ctx, n
		}
		if until, may := w.mayPullOthersLocked(time.Now()); may {
			ctx, cancel := context.WithDeadline(w.settleCtx, until)
			w.endPull, w.pulling, w.pullingOthers = cancel, true, true
			return ctx, 0
		}
		w.pullerIdle = true
		w.demand.Wait()
		w.pullerIdle = false
	}
}

// demandLocked returns for how many tasks there is room:
//
//	free   = slots - lost - busy - waiting
//	demand = min(free + prefetch, pullTasks)
//
// prefetch is 0 while tasks of parts come: see partsFor.
// It returns 0 while the buffer is more than half full and no slot is free: half of prefetchWork is enough for
// a round trip, and a request for each task that ends would cost more than the task. It returns 0 while a last
// attempt is held, because each delivery that is held then loses an attempt if the worker dies.
func (w *Worker) demandLocked() int {
	if !w.pullsLocked() || w.heldLastAttempts > 0 {
		return 0
	}
	free := len(w.slots) - w.lostSlots - w.busy - w.buffer.len
	prefetch := w.prefetchLocked()
	n := free + prefetch
	if n <= 0 || free <= 0 && 2*n < prefetch {
		return 0
	}
	return min(n, pullTasks)
}

// wakePullerLocked is called after any change on which demandLocked depends and that may increase it. A change
// within take or finish is covered by the next take of the same slot.
func (w *Worker) wakePullerLocked() {
	if (w.pullerIdle || w.pullingOthers) && w.demandLocked() > 0 {
		w.demand.Signal()
		if w.pullingOthers {
			w.endPullLocked()
		}
	}
}

// pullEnded releases the context of the Pull that has returned.
func (w *Worker) pullEnded() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.endPullLocked()
	w.pulling, w.pullingOthers = false, false
}

// endPullLocked stops the present Pull, if any, from further requests. The Pull may deliver more before it returns.
func (w *Worker) endPullLocked() {
	if w.endPull != nil {
		w.endPull()
		w.endPull = nil
	}
}

// pullDone ends the puller: no delivery arrives any more, which a drain waits for.
func (w *Worker) pullDone() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pullerGone = true
	w.checkDrainedLocked()
}

// pause waits for d or for the drain.
func (w *Worker) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-w.stop:
	}
}
