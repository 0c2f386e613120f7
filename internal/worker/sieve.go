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

// ErrUnsupported is wrapped by the error of a Siever that cannot sieve with such parameters: they are those of another
// version of this program.
var ErrUnsupported = errors.New("unsupported")

// A Siever runs tasks of kind task.KindSieve, which have no numbers. Sieve is called from several goroutines.
type Siever interface {
	// Sieve sieves the coefficients of r in ascending order, until all are done or the time of t is over, and passes
	// the relations of complete coefficients to o.Yield. The values of t come from outside. Within 100 ms after the
	// end of ctx it returns context.Cause(ctx); it may pass what is complete to o.Yield first.
	Sieve(ctx context.Context, t *task.SieveTask, r task.Range, o SieveOptions) error
}

// SieveOptions are the options of one call of Siever.Sieve, which calls all of them from its own goroutine.
type SieveOptions struct {
	// Tick reports that the computation is alive, at least every 100 ms.
	Tick func()
	// Progress is that of RunOptions. The worker shows it as an activity of the part.
	Progress func(NumberProgress)
	// Ready reports whether Yield would store a yield without waiting for earlier ones.
	Ready func() bool
	// Yield has the relations of the coefficients of r stored, which were all sieved completely. r is within the range
	// of the task, and no two calls overlap. Yield takes over y.Relations; it sets Kind, Worker and Version. While
	// maxYields are on their way to the server it waits, and ticks meanwhile.
	Yield func(r task.Range, y task.Yield)
}

// restAfterFailure is how long a slot rests after a sieve task that failed. Without the pause a worker that cannot
// sieve, for example because its memory is in use, would take all tasks of a campaign from those that can.
const restAfterFailure = 2 * time.Second

// computeSieve executes the decision about an expendable delivery for which a slot is free. Whatever happens, nothing
// but yields is stored, and the task is acked.
func (w *Worker) computeSieve(s *slot, d *Delivery) {
	d.outcome.drop()
	t, content, err := w.readSieve(d)
	if attempt.Start(d.facts(), content).Action != attempt.Compute {
		about(w.config.Log.Debug(), d).AnErr("cause", err).Int("attempt", d.Attempt).Msg("sieve task dropped")
		return
	}
	w.sieve(s, d, t)
}

// readSieve is read for an expendable delivery. It does not stop requests for the class of the task: other tasks of
// the class can be computed here.
func (w *Worker) readSieve(d *Delivery) (*task.Task, attempt.Content, error) {
	data := d.Data
	d.Data = nil
	if d.Schema != task.Schema && d.Schema != task.PartSchema {
		return nil, attempt.UnknownSchema, fmt.Errorf("schema %.20q is not supported", d.Schema)
	}
	t, err := task.DecodeTask(data)
	switch {
	case err != nil:
		return nil, attempt.Unreadable, err
	case t.Sieve == nil:
		return nil, attempt.Unreadable, errors.New("task: a sieve task without parameters")
	case w.config.Siever == nil:
		return nil, attempt.UnknownKind, errors.New("this worker does not sieve")
	}
	return t, attempt.Known, nil
}

// sieve runs a sieve task in s, and returns when its yields are stored or dropped. The heartbeat and the guard inspect
// the slot as for other tasks. The ledger is not told: no death says anything about a number.
func (w *Worker) sieve(s *slot, d *Delivery, t *task.Task) {
	s.base, s.done, s.encoded = 0, s.done[:0], 0
	s.due.Store(false)
	s.limit.Store(int64(2*task.MaxSieveTime + w.config.Grace))
	ctx := s.ctx // only this goroutine replaces it
	y := w.newYields(ctx, s)
	defer y.close()
	w.setTask(s, t)
	err := w.callSieve(ctx, s, d, t.Sieve, y)
	w.setTask(s, nil)
	y.join()
	d.outcome.cpu = y.cpu
	switch cause := context.Cause(ctx); {
	case cause == errMemory || cause == errOverdue:
		d.outcome.sieveFailed = true
		w.logSieve(d, cause)
		w.pause(restAfterFailure)
	case cause != nil:
	case errors.Is(err, ErrUnsupported):
		d.outcome.sieveFailed = true
		w.logSieve(d, err)
		w.source.SkipClass(d.Class)
	case err != nil:
		d.outcome.sieveFailed = true
		w.logSieve(d, err)
		rest(ctx, restAfterFailure)
	default:
		d.outcome.verdict = attempt.Sieved
	}
	s.clock = time.Now()
}

// logSieve logs why a sieve task is dropped: as a warning for the first one of a part, because others of the part will
// fail as well.
func (w *Worker) logSieve(d *Delivery, err error) {
	log := w.config.Log.Debug()
	if w.isNewWarning("part " + d.Job) {
		log = w.config.Log.Warn()
	}
	about(log, d).Err(err).Msg("sieve task failed, it is dropped")
}

// setTask tells the heartbeat and the guard which task s computes from now on; nil = none.
func (w *Worker) setTask(s *slot, t *task.Task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.task, s.numberSince, s.stalledFor = t, time.Now(), 0
	s.report.Store(nil)
}

// callSieve runs the siever. A panic becomes an error.
func (w *Worker) callSieve(ctx context.Context, s *slot, d *Delivery, t *task.SieveTask, y *yields) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			if log := w.config.Log.Debug(); log.Enabled() {
				log.Err(err).Bytes("stack", debug.Stack()).Msg("sieve task panicked")
			}
		}
	}()
	s.tick()
	return w.config.Siever.Sieve(ctx, t, d.Range, SieveOptions{
		Tick: s.tick, Progress: s.setProgress, Ready: y.ready,
		Yield: func(r task.Range, v task.Yield) { y.wait(d.Job, r, v) },
	})
}

// rest returns after d, or when ctx ends.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// sievesFullLocked reports whether a sieve task waits for each slot, besides those that free slots are about to take. A
// worker whose tasks were short pulls many tasks ahead, and would take all those of a campaign from workers that have
// free slots.
func (w *Worker) sievesFullLocked() bool {
	room := 2*len(w.slots) - w.lostSlots - w.busy
	for d := w.buffer.head; d != nil && room > 0; d = d.next {
		if d.expendable {
			room--
		}
	}
	return room <= 0
}

// stopSievingLocked interrupts all sieve tasks for cause. A drain does so at once: what they have found is stored, and
// nobody waits for the rest.
func (w *Worker) stopSievingLocked(cause error) {
	for _, s := range w.slots {
		if s.current != nil && s.current.expendable {
			s.interruptLocked(cause)
		}
	}
}
