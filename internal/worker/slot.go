package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// Why a computation is interrupted: the causes of a slot's context.
var (
	errDrained     = errors.New("worker: draining")
	errQuarantined = errors.New("worker: quarantined")
	errCancelled   = errors.New("worker: job cancelled")
	errOverdue     = errors.New("worker: number took too long")
	errSilent      = errors.New("worker: no sign of life")
	errMemory      = errors.New("worker: out of memory")
)

// Reasons for which a number fails although its computation said nothing.
var (
	errNoAnswer = errors.New("the computation ended without an answer")
	errTooMany  = errors.New("the computation gave more answers than there are numbers")
)

// A slot runs one task at a time, on a goroutine of its own.
//
// Its context serves one task after another until it is cancelled; current and
// interruption change under Worker.mu, so a task is never interrupted by what was
// meant for its predecessor.
type slot struct {
	index int // in Worker.slots

	// Owned by the slot's goroutine.
	done  []task.Factorization
	room  []task.Factor // of done
	base  int           // index in the task's numbers of the first of done
	ticks uint64        // calls of tick
	now   time.Time     // when it last looked at the clock; zero if it has waited since
	tick  func()        // RunOptions.Tick of every task of the slot
	tell  func(Progress)

	// Written by the slot's goroutine, read by the heartbeat.
	progress atomic.Uint64 // ticks<<indexBits | index of the number at hand
	report   atomic.Pointer[report]
	limit    atomic.Int64 // nanoseconds after which a number is overdue

	// Guarded by Worker.mu.
	current      *Delivery  // what it runs, nil while it does not
	task         *task.Task // what is computed of current; nil before and after
	interruption error      // cause with which ctx was cancelled
	ctx          context.Context
	cancel       context.CancelCauseFunc
	seen         uint64        // progress at the heartbeat's last walk
	still        time.Duration // how long the heartbeat has seen it not move, or not end when told to
	since        time.Time     // when the number at hand was first seen there
	overdue      time.Time     // when it was interrupted for taking too long
	samples      int           // tasks measured
	pace         time.Duration // moving average of the time of a task
	ahead        int           // how many tasks may wait for it
	mark         mark          // of the guard
}

// indexBits is the room for an index 0 <= i <= task.MaxCount in slot.progress.
const indexBits = 13

func newSlot(index int, limit time.Duration) *slot {
	s := &slot{index: index}
	s.tick = func() {
		s.ticks++
		s.progress.Store(s.ticks<<indexBits | uint64(s.base+len(s.done)))
	}
	s.tell = func(p Progress) { s.report.Store(&report{s.base + len(s.done), p}) }
	s.limit.Store(int64(limit))
	s.renewLocked()
	return s
}

// renewLocked gives the slot a context that has not ended.
func (s *slot) renewLocked() {
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.interruption, s.overdue = nil, time.Time{}
}

// interruptLocked ends the computation of the current task. The first cause stands.
func (s *slot) interruptLocked(cause error) {
	if s.current != nil && s.interruption == nil {
		s.interruption = cause
		s.cancel(cause)
	}
}

// serve runs deliveries in s until the drain.
func (w *Worker) serve(s *slot) {
	for d := w.take(s); d != nil; d = w.take(s) {
		began := s.now
		w.compute(s, d)
		w.finish(s, d, s.now.Sub(began))
	}
}

// take waits for a delivery and makes it the current one of s; nil once the drain
// has begun.
func (w *Worker) take(s *slot) *Delivery {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.nextLocked()
	for ; d == nil; d = w.nextLocked() {
		if w.draining && w.buffer.len == 0 {
			return nil
		}
		w.wakePullerLocked()
		w.work.Wait()
		s.now = time.Time{}
	}
	if s.now.IsZero() {
		s.now = time.Now()
	}
	d.state, d.slot = running, s
	w.busy++
	s.current, s.since = d, s.now
	if w.isCancelledLocked(d.Job) {
		s.interruptLocked(errCancelled)
	}
	w.wakePullerLocked()
	return d
}

// compute does what the delivery asks for and leaves the outcome in it.
func (w *Worker) compute(s *slot, d *Delivery) {
	o := &d.outcome
	if d.Schema != task.Schema {
		o.handBack(d.Range, w.unsupported(d.Class, "schema", d.Schema))
		return
	}
	t, err := task.DecodeTask(d.Data)
	if err == nil && uint64(len(t.Numbers)) != d.Range.Count {
		err = fmt.Errorf("task: %d numbers for range %v", len(t.Numbers), d.Range)
	}
	d.Data = nil
	if err != nil {
		o.reject(w.failure(d, nil, nil, err, 0), err)
		return
	}
	kind, ok := w.config.Kinds[t.Kind]
	switch {
	case !ok:
		o.handBack(d.Range, w.unsupported(d.Class, "kind", t.Kind))
	case d.Attempt > 1 && len(t.Numbers) > 1:
		o.handBack(d.Range, isolation(d))
	case d.deaths >= d.MaxDeliver: // by the ledger's account, which knows of those that had begun; a single number
		err := fmt.Errorf("its worker died or fell silent on each of %d deliveries", d.deaths)
		o.fail(w.failure(d, t, t.Numbers, err, 0), err)
	case d.last() && !w.beginLast(s, d, t):
		o.handBack(d.Range, task.Return{Reason: task.Postponed, Detail: "worker left before the last attempt"})
	default:
		w.run(s, d, t, kind)
	}
}

// isolation is how several numbers go back that have come a second time.
func isolation(d *Delivery) task.Return {
	return task.Return{
		Reason: task.Isolate, Pieces: uint32(d.Range.IsolationPieces()),
		Detail: fmt.Sprintf("attempt %d of several numbers: an earlier worker died on them", d.Attempt),
	}
}

// run computes all numbers of t. A number that fails among others is isolated and
// the others go on.
//
// Before each iteration: the numbers before i are in the outcome, as part of a
// result or isolated.
func (w *Worker) run(s *slot, d *Delivery, t *task.Task, kind Kind) {
	o := &d.outcome
	each := max(t.Budget, 0) // 0: the kind knows
	if each == 0 {
		t.Budget, each = w.budget(kind, t.Numbers)
	}
	s.limit.Store(int64(w.limit(t.Budget)))
	w.begin(s, d, t)
	defer w.end(s)
	for i := 0; i < len(t.Numbers); {
		s.base, s.done, s.room = i, s.done[:0], s.room[:0] // the answers before are encoded
		began := s.now
		ctx, err := w.call(s, kind, t.Numbers[i:], each, t.Certify)
		s.now = time.Now()
		elapsed := s.now.Sub(began)
		if len(s.done) > len(t.Numbers)-i {
			s.done, err = s.done[:0], errTooMany
		}
		if len(s.done) > 0 {
			r := task.Range{First: d.Range.First + uint64(i), Count: uint64(len(s.done))}
			o.answer(r, task.Result{
				Kind: t.Kind, Worker: w.config.Name, Version: w.config.Version, Attempt: uint32(d.Attempt),
				Elapsed: elapsed, Items: s.done,
			})
			i += len(s.done)
		}
		if i == len(t.Numbers) {
			break
		}
		switch cause := context.Cause(ctx); cause {
		case errCancelled:
			o.drop()
			return
		case errQuarantined: // nobody wants results from here: all of it goes back
			o.handBackAll(d.Range, task.Return{Reason: task.Drained, Detail: cause.Error()})
			return
		case errDrained:
			o.handBack(task.Span(d.Range.First+uint64(i), d.Range.End()), task.Return{Reason: task.Drained, Detail: cause.Error()})
			return
		case errOverdue, errSilent, errMemory:
			err = w.stuck(s, cause, t)
		}
		if err == nil {
			err = errNoAnswer
		}
		letter := w.failure(d, t, t.Numbers[i:i+1], err, elapsed)
		if len(t.Numbers) == 1 {
			o.fail(letter, err)
			return
		}
		o.isolate(task.Range{First: d.Range.First + uint64(i), Count: 1}, letter, err)
		if i++; ctx.Err() != nil && !w.goOn(s, d) {
			return
		}
	}
}

// begin makes known what s is about to compute.
func (w *Worker) begin(s *slot, d *Delivery, t *task.Task) {
	if s.now.IsZero() {
		s.now = time.Now()
	}
	if w.config.Ledger != nil {
		w.config.Ledger.Begin(s.index, d.Address)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s.task, s.since, s.still = t, s.now, 0
}

func (w *Worker) end(s *slot) {
	if w.config.Ledger != nil {
		w.config.Ledger.End(s.index)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s.task = nil
	s.report.Store(nil)
}

// budget returns the time for a number of a task that names none, the longest of them, and what the
// kind is told: 0 if it has a budget of its own for each.
func (w *Worker) budget(kind Kind, numbers []nat.Nat) (longest, each time.Duration) {
	own, ok := kind.(Budgeter)
	if !ok || w.config.Budget > 0 {
		d := cmp.Or(w.config.Budget, defaultBudget)
		return d, d
	}
	for _, n := range numbers {
		longest = max(longest, own.Budget(n))
	}
	return longest, 0
}

// stuck says what it means that a number of t was interrupted for cause.
func (w *Worker) stuck(s *slot, cause error, t *task.Task) error {
	switch cause {
	case errMemory:
		return errNoMemory
	case errSilent:
		return fmt.Errorf("no sign of life for %v", w.silence())
	}
	return fmt.Errorf("no answer within %v (budget %v)", time.Duration(s.limit.Load()), t.Budget)
}

// call runs the kind on numbers with the slot's context, which it returns. A panic
// becomes an error.
func (w *Worker) call(s *slot, kind Kind, numbers []nat.Nat, budget time.Duration, certify bool) (ctx context.Context, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			if log := w.config.Log.Debug(); log.Enabled() {
				log.Err(err).Bytes("stack", debug.Stack()).Msg("computation panicked")
			}
		}
	}()
	ctx = s.ctx // only this goroutine replaces it
	s.tick()
	return ctx, kind.Run(ctx, numbers, RunOptions{Budget: budget, Certify: certify, Factors: &s.room, Tick: s.tick, Progress: s.tell}, &s.done)
}

// goOn gives the slot a new context for the rest of d after a number was overdue.
// It reports false if the heartbeat has abandoned d meanwhile.
func (w *Worker) goOn(s *slot, d *Delivery) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d.state == abandoned {
		return false
	}
	s.renewLocked()
	s.since, s.still = s.now, 0
	if w.isCancelledLocked(d.Job) {
		s.interruptLocked(errCancelled)
	}
	if w.halt != nil {
		s.interruptLocked(w.halt)
	}
	return true
}

// finish has d settled, while the slot waits if the task was long, and frees the
// slot.
func (w *Worker) finish(s *slot, d *Delivery, elapsed time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cancelled := s.interruption == errCancelled
	s.current = nil
	if s.interruption != nil {
		s.renewLocked()
	}
	if d.state == abandoned {
		w.regainLocked(d)
		return
	}
	if cancelled {
		d.outcome.drop()
	}
	w.countLocked(d)
	if v := d.outcome.verdict; v == answered || v == failed {
		w.measureLocked(s, elapsed)
	}
	d.state = settling
	clear(s.done)
	clear(s.room)
	if elapsed < shortTask {
		for w.unsettled.len >= maxUnsettled {
			w.room.Wait()
			s.now = time.Time{}
		}
		w.settleLaterLocked(d)
	} else {
		w.mu.Unlock()
		w.settle(d)
		w.mu.Lock()
		w.releaseLocked(d)
		s.now = time.Time{}
	}
	w.busy--
}

// measureLocked learns from a task that took elapsed how many may wait for s.
func (w *Worker) measureLocked(s *slot, elapsed time.Duration) {
	const (
		weight = 8 // of a new sample: 1/8
		enough = 4 // samples before anything is pulled ahead
	)
	if s.samples == 0 {
		s.pace = elapsed
	} else {
		s.pace += (elapsed - s.pace) / weight
	}
	s.samples = min(s.samples+1, enough)
	ahead := 0
	if s.samples == enough && s.pace < shortTask {
		ahead = int(min(aheadWork/max(s.pace, 1), aheadTasks)) - 1
	}
	w.setAheadLocked(s, ahead)
}

func (w *Worker) setAheadLocked(s *slot, ahead int) {
	w.ahead += ahead - s.ahead
	s.ahead = ahead
}
