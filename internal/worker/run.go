package worker

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/task"
)

// Reasons for which a number fails although its computation returned no error.
var (
	errNoAnswer = errors.New("the computation ended without an answer")
	errTooMany  = errors.New("the computation gave more answers than there are numbers")
)

// run computes all numbers of t. A number that fails among others is returned alone, and the numbers
// behind it are computed next.
//
// Invariant of the loop: the outcome covers the numbers before i, by results and returns. Each iteration
// answers at least one number, or decides about the one at i. Only after the fault of a predecessor the number at
// i is computed once more. A second fault is its own, because call has ticked for it. So the loop ends.
//
// Requires s.current = d and a t whose kind is known.
func (w *Worker) run(s *slot, d *Delivery, t *task.Task) {
	kind := w.config.Kinds[t.Kind]
	each := w.setBudget(s, kind, t)
	w.begin(s, d, t)
	defer w.end(s)
	for i, more := 0, true; more && i < len(t.Numbers); {
		ctx, elapsed, err := w.runFrom(s, d, t, kind, each, i)
		d.outcome.took += elapsed
		if i += len(s.done); i == len(t.Numbers) {
			return
		}
		if w.faultIsPast(s, i, context.Cause(ctx)) {
			more = w.resume(s, d)
			continue
		}
		more = w.endedEarly(s, d, t, i, ctx, elapsed, err)
		i++
	}
}

// runFrom computes the numbers of t from index i on, until all have an answer, one fails or the context
// ends. It adds the answers, which are in s.done, to the outcome, and returns the context. The answers are
// encoded at once, because s.done and s.factors serve the next call.
func (w *Worker) runFrom(s *slot, d *Delivery, t *task.Task, kind Kind, each time.Duration, i int) (context.Context, time.Duration, error) {
	s.base, s.done, s.factors, s.encoded = i, s.done[:0], s.factors[:0], 0 // the earlier answers are encoded
	began := s.clock
	s.encodedAt = began
	ctx, err := w.call(s, d, kind, t, i, each)
	s.clock = time.Now()
	elapsed := s.clock.Sub(began)
	if len(s.done) > len(t.Numbers)-i {
		s.done, s.encoded, err = s.done[:0], 0, errTooMany
	}
	if len(s.done) > s.encoded {
		w.answer(s, d, t, s.clock)
	}
	return ctx, elapsed, err
}

// answer adds to the outcome of d the answers of s.done that are in no result yet. d runs in s, t is its content.
func (w *Worker) answer(s *slot, d *Delivery, t *task.Task, now time.Time) {
	from := s.base + s.encoded
	items := s.done[s.encoded:]
	r := task.Range{First: d.Range.First + uint64(from), Count: uint64(len(items))}
	d.outcome.answer(r, t.Numbers[from:][:len(items)], task.Result{
		Kind: t.Kind, Worker: w.config.Name, Version: w.config.Version, Attempt: uint32(d.Attempt),
		Elapsed: now.Sub(s.encodedAt), Items: items, Budget: s.named,
		Origin: w.originOf(d, t, from, items, s.encodedAt, now),
	})
	w.config.Recorder.Answered(t.Kind, t.Numbers[from:][:len(items)], items)
	d.outcome.noteAsked(t.Numbers[from:][:len(items)], items)
	s.encoded, s.encodedAt = len(s.done), now
}

// endedEarly executes the decision about a computation that has ended before the number of index i had
// an answer. It reports whether the numbers behind it are to be computed.
//
// The cause of ctx says why, not err: a Kind may wrap the cause, or return another error because of it. ctx is
// that of the call, because the slot may have a new one.
func (w *Worker) endedEarly(s *slot, d *Delivery, t *task.Task, i int, ctx context.Context, elapsed time.Duration, err error) bool {
	cause := context.Cause(ctx)
	why := causeOf(cause, err)
	p := attempt.Interrupted(why, d.Range, uint64(i))
	switch {
	case why == attempt.NumberElsewhere:
		d.outcome.handBack(p.Range, asReturn(p.Decision, err.Error()))
		return true
	case !p.Failed:
		d.outcome.add(p, d.Range, fmt.Sprint(cause))
		return false
	}
	switch cause {
	case errOverdue, errSilent, errMemory:
		err = w.interruptionError(s, cause, t)
	}
	if err == nil {
		err = errNoAnswer
	}
	w.config.Recorder.Failed(failureCause(cause))
	d.outcome.addFailed(p, d.Range, w.failure(d, t, t.Numbers[i:i+1], err, elapsed), err)
	return d.Range.Count > 1 && (ctx.Err() == nil || w.resume(s, d))
}

// faultIsPast reports whether a computation was interrupted because of a number before index i, which has an
// answer by now. The number at i has found the context ended, and nothing is wrong with it.
func (w *Worker) faultIsPast(s *slot, i int, cause error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return s.fault != nil && s.fault == cause && s.faultIndex < i
}

// causeOf returns why a computation ended with err. cause is that with which its context has ended; nil = it has not
// ended, and then err says it.
func causeOf(cause, err error) attempt.Cause {
	switch cause {
	case nil:
		switch {
		case errors.Is(err, ErrNever):
			return attempt.NumberHopeless
		case errors.Is(err, ErrElsewhere):
			return attempt.NumberElsewhere
		}
	case errCancelled:
		return attempt.JobCancelled
	case errQuarantined:
		return attempt.WorkerQuarantined
	case errDrained, errAsleep:
		return attempt.WorkerLeaves
	}
	return attempt.NumberFailed
}

// interruptionError returns the error of a number of t whose computation was interrupted for cause.
func (w *Worker) interruptionError(s *slot, cause error, t *task.Task) error {
	switch cause {
	case errMemory:
		return errNoMemory
	case errSilent:
		return fmt.Errorf("no sign of life for %v", w.silenceLimit())
	}
	return fmt.Errorf("no answer within %v (budget %v)", time.Duration(s.limit.Load()), t.Budget)
}

// begin records that s starts to compute t, the content of d. From here to end the heartbeat and the guard
// inspect the slot. The ledger is notified first: if the process dies in between, the death counts.
func (w *Worker) begin(s *slot, d *Delivery, t *task.Task) {
	if s.clock.IsZero() {
		s.clock = time.Now()
	}
	if w.config.Ledger != nil {
		w.config.Ledger.Begin(s.index, d.Address)
	}
	s.startStoring(w.config.StoreEvery, len(t.Numbers))
	w.mu.Lock()
	defer w.mu.Unlock()
	s.task, s.numberSince, s.stalledFor = t, s.clock, 0
	w.beginFinishLocked(s, d, s.clock)
}

// end is the counterpart of begin. A computation that hangs does not get here, so the ledger counts it as a
// death when the process ends.
func (w *Worker) end(s *slot) {
	if w.config.Ledger != nil {
		w.config.Ledger.End(s.index)
	}
	s.stopStoring()
	w.mu.Lock()
	defer w.mu.Unlock()
	s.task = nil
	s.report.Store(nil)
}

// call runs the kind on numbers with the slot's context, which it returns. A panic becomes an error of the
// present number: others must not fail because of it. The tick before the call tells the heartbeat that the
// present number has changed.
func (w *Worker) call(s *slot, d *Delivery, kind Kind, t *task.Task, i int, budget time.Duration) (ctx context.Context, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			if log := w.config.Log.Debug(); log.Enabled() {
				log.Err(err).Bytes("stack", debug.Stack()).Msg("computation panicked")
			}
		}
	}()
	ctx = s.ctx // only this goroutine replaces it
	defer s.endSharing()
	s.tick()
	return ctx, kind.Run(ctx, t.Numbers[i:], RunOptions{
		Budget: budget, Work: t.WorkDigits, Sleep: t.Sleep, Certify: t.Certify, Factors: &s.factors, Tick: s.tick, Progress: s.setProgress,
		Hint: s.getHint, Share: s.share, Finish: s.finish, Job: d.Job, Range: task.Span(d.Range.First+uint64(i), d.Range.End()),
		Attempt: d.Attempt, Slot: s.index, Format: t.Format, Known: knownFrom(t.Known, i), One: t.One,
	}, &s.done)
}

// resume gives the slot a new context for the rest of d after a number was interrupted. It
// reports false if the heartbeat has meanwhile declared d hung: then a copy of d is settled.
//
// Causes that concern the whole task may have come second, after the one of the number. They are not in the
// old context, so the new one gets them.
func (w *Worker) resume(s *slot, d *Delivery) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d.state == hung {
		return false
	}
	s.renewContextLocked()
	s.numberSince, s.stalledFor = s.clock, 0
	if w.isCancelledLocked(d.Job) {
		s.interruptLocked(errCancelled)
	}
	if w.halt != nil {
		s.interruptLocked(w.halt)
	}
	return true
}

// knownFrom returns the entries of list for the numbers from index i on, by their index from there.
func knownFrom(list []task.Known, i int) []task.Known {
	if i == 0 || len(list) == 0 {
		return list
	}
	var rest []task.Known
	for _, k := range list {
		if k.At >= i {
			rest = append(rest, task.Known{At: k.At - i, Factors: k.Factors})
		}
	}
	return rest
}
