package worker

import (
	"context"
	"errors"
	"time"

	"factorfleet/internal/task"
)

// How much is asked for. Long tasks are pulled only into free slots. One round
// trip for each short task would leave slots idle most of the time, so these are
// pulled ahead: by as many as a slot does in aheadWork.
const (
	shortTask  = 10 * time.Millisecond // below it a task is short
	aheadWork  = 50 * time.Millisecond // work in the buffer for each slot
	aheadTasks = 512                   // held for each slot, the running one included
	pullTasks  = 256                   // in one request; MaxRequestBatch of the durables
)

// Pauses of the puller.
const (
	emptyPause = 10 * time.Millisecond  // least time that an empty-handed Pull takes
	errorPause = 100 * time.Millisecond // least time that a failed Pull takes, doubled up to
	errorMost  = 5 * time.Second
)

// pull asks for tasks whenever there is room for them, until the drain begins.
func (w *Worker) pull() {
	defer w.pullDone()
	failures := 0
	for {
		ctx, n := w.awaitHunger()
		if n == 0 {
			return
		}
		begin, came := time.Now(), 0
		err := w.source.Pull(ctx, n, func(d *Delivery) { came++; w.deliver(d) })
		unwanted := ctx.Err() != nil
		w.pullEnded()
		switch {
		case errors.Is(err, ErrRestart):
			w.fail(err)
			return
		case err != nil && !unwanted:
			if failures++; failures == 1 {
				w.config.Log.Warn().Err(err).Msg("cannot pull tasks, trying again")
			}
			w.rest(min(errorPause<<min(failures-1, 10), errorMost) - time.Since(begin))
		case came > 0 || err == nil:
			if failures > 0 {
				w.config.Log.Info().Msg("pulling tasks again")
				failures = 0
			}
			if came == 0 {
				w.rest(emptyPause - time.Since(begin))
			}
		}
	}
}

// awaitHunger returns how many tasks to ask for and a context that ends when they
// are no longer wanted; 0 and nil once the drain has begun.
func (w *Worker) awaitHunger() (context.Context, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		if w.draining {
			return nil, 0
		}
		if n := w.wantLocked(); n > 0 {
			ctx, cancel := context.WithCancel(w.settleCtx)
			w.endPull, w.pulling = cancel, true
			return ctx, n
		}
		w.pullerIdle = true
		w.hunger.Wait()
		w.pullerIdle = false
	}
}

// wantLocked returns how many tasks there is room for, and 0 also while the buffer
// is more than half full and no slot is without work.
func (w *Worker) wantLocked() int {
	if w.draining || w.quarantined || w.lasts > 0 {
		return 0
	}
	free := len(w.slots) - w.lost - w.busy - w.buffer.len
	n := free + w.ahead
	if n <= 0 || free <= 0 && 2*n < w.ahead {
		return 0
	}
	return min(n, pullTasks)
}

// wakePullerLocked is called after anything that wantLocked depends on changed.
func (w *Worker) wakePullerLocked() {
	if w.pullerIdle && w.wantLocked() > 0 {
		w.hunger.Signal()
	}
}

// deliver takes one delivery into the buffer, or hands it back if there is no more
// work here.
func (w *Worker) deliver(d *Delivery) {
	if w.config.Ledger != nil {
		d.deaths = w.config.Ledger.Deaths(d.Address)
		d.Attempt = max(d.Attempt, 1+d.deaths)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	d.walk, d.sweep, d.spoken = w.walks, w.sweeps, time.Now()
	w.held.add(d)
	if d.last() {
		w.lasts++
	}
	if w.draining || w.quarantined {
		w.handBackLocked(d, w.haltDetailLocked())
		return
	}
	switch {
	case !d.last():
		w.buffer.push(d)
	case w.spareLocked(d, d.spoken):
		return
	default:
		w.finals.push(d)
	}
	w.work.Signal()
}

// handBackLocked has a delivery returned that no slot has begun. What its earlier
// deliveries were is not forgotten: a number that does harm would have three more.
func (w *Worker) handBackLocked(d *Delivery, detail string) {
	why := task.Return{Reason: task.Drained, Detail: detail}
	switch {
	case d.last():
		why.Reason = task.Postponed
	case d.Attempt > 1 && d.Range.Count > 1:
		why = isolation(d)
	}
	d.outcome.handBack(d.Range, why)
	w.settleLaterLocked(d)
}

// emptyBufferLocked hands back all that waits.
func (w *Worker) emptyBufferLocked() {
	for _, q := range []*queue{&w.finals, &w.buffer} {
		for d := q.pop(); d != nil; d = q.pop() {
			w.handBackLocked(d, w.haltDetailLocked())
		}
	}
}

// pullEnded releases the context of the Pull that returned.
func (w *Worker) pullEnded() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.endPullLocked()
	w.pulling = false
}

// endPullLocked stops the Pull under way, if any, from asking again.
func (w *Worker) endPullLocked() {
	if w.endPull != nil {
		w.endPull()
		w.endPull = nil
	}
}

func (w *Worker) pullDone() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pullerGone = true
	w.checkDrainedLocked()
}

// rest waits for d or for the drain.
func (w *Worker) rest(d time.Duration) {
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
