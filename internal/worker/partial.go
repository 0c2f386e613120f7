package worker

import (
	"context"
	"slices"
	"time"
)

// A task of several numbers may run for minutes, and its worker may be killed. So the finished numbers are stored on
// the way, each time as the result of the range that was finished since the last one. A kill then costs at most the
// number at hand and the numbers that were finished in the last Config.StoreEvery.
//
//	timer     makes storing due Config.StoreEvery after the start of the task, and after each partial result
//	slot      at its next tick: encodes what is finished, and starts a goroutine that stores it
//	settle    waits for that goroutine, stores the rest, and then acks
//
// The computation waits for none of this. While a partial result waits for the server, or for room in the store,
// no other one is encoded: what is finished meanwhile becomes one result. So a task stores at most one partial
// result in Config.StoreEvery, and takes no more memory than without.
//
// An answer whose time the Kind has not set yet is stored without a time. That is so for at most one group of easy
// numbers before the number at hand.

// A partial is a result of a part of a running task, which a goroutine stores.
type partial struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when the goroutine ends
	left   []payload     // what is not stored; owned by the goroutine until done
}

// busy reports whether p waits for the server.
func (p *partial) busy() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// startStoring makes storing due after the time every, if the task in s has several numbers.
func (s *slot) startStoring(every time.Duration, numbers int) {
	switch s.due.Store(false); {
	case numbers == 1: // it is finished only when the task is
	case s.storing == nil:
		s.storing = time.AfterFunc(every, func() { s.due.Store(true) })
	default:
		s.storing.Reset(every)
	}
}

// stopStoring: the task of s has ended.
func (s *slot) stopStoring() {
	if s.storing != nil {
		s.storing.Stop()
	}
}

// storeFinished stores the numbers of the task in s that were finished since the last result. The tick of s calls it
// while storing is due. It stays due if there is nothing to store yet, or if the last partial result waits for the
// server.
//
// Nothing waits for the goroutine of a computation that hangs: it ends with settleCtx.
func (w *Worker) storeFinished(s *slot) {
	d, t := s.current, s.task
	from, end := s.base+s.encoded, s.base+len(s.done)
	o := &d.outcome
	fresh := end > from && end <= len(t.Numbers)
	if !fresh && len(o.results) == 0 || o.partial.busy() {
		return
	}
	o.joinPartial()
	now := time.Now()
	if !w.mayStore(s, d, now) {
		return
	}
	if fresh {
		w.answer(s, d, t, now)
	}
	ctx, cancel := context.WithCancel(w.settleCtx)
	o.partial = &partial{cancel: cancel, done: make(chan struct{}), left: slices.Clone(o.results)}
	o.results = nil
	go w.storePartial(ctx, d, o.partial)
}

// mayStore reports whether a partial result of d, which runs in s, may be stored now. If so, the next one is due
// Config.StoreEvery later. If d has lapsed, none is due any more: another worker computes its numbers by now, and
// most of its answers will be duplicates. They are stored at the end.
func (w *Worker) mayStore(s *slot, d *Delivery, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d.state == hung || s.interruption != nil {
		return false
	}
	s.due.Store(false)
	if w.lapsedLocked(d, now) {
		return false
	}
	s.storing.Reset(w.config.StoreEvery)
	return true
}

// storePartial stores p, and notes in d.stored which ranges are stored.
func (w *Worker) storePartial(ctx context.Context, d *Delivery, p *partial) {
	defer close(p.done)
	defer p.cancel()
	for len(p.left) > 0 {
		part := p.left[0]
		if err := w.outbox.Result(ctx, d.Job, part.r, part.data); err != nil {
			about(w.config.Log.Debug(), d).Err(err).Msg("cannot store the finished numbers of a task that runs")
			return
		}
		p.left = p.left[1:]
		w.mu.Lock()
		d.stored.Add(part.r)
		w.mu.Unlock()
	}
}

// joinPartial waits until the partial result is stored, or cannot be. What is left of it becomes a result to store.
func (o *outcome) joinPartial() {
	if o.partial == nil {
		return
	}
	<-o.partial.done
	o.results = append(o.partial.left, o.results...)
	o.partial = nil
}

// reset removes everything, also what is being stored.
func (o *outcome) reset() {
	if o.partial != nil {
		o.partial.cancel()
	}
	*o = outcome{}
}
