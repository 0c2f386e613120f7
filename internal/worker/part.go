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

// ErrUnsupported is wrapped by the error of a PartKind that cannot run a task with such parameters: they are those of
// another version of this program.
var ErrUnsupported = errors.New("unsupported")

// A PartKind runs the tasks of parts of one kind, task.KindSieve or task.KindECM, which have no numbers. Its methods are
// called from several goroutines.
type PartKind interface {
	// RunPart computes the positions of r in ascending order, until all are done or the time of t is over, and passes
	// what complete positions have given to o.Yield. The values of t come from outside. Within 100 ms after the end of
	// ctx it returns context.Cause(ctx); it may pass what is complete to o.Yield first.
	RunPart(ctx context.Context, t *task.Task, r task.Range, o PartOptions) error
	// Limit returns the CPU time that RunPart takes at most, as it predicts.
	Limit(t *task.Task) time.Duration
}

// PartOptions are the options of one call of PartKind.RunPart, which calls all of them from its own goroutine.
type PartOptions struct {
	// Tick reports that the computation is alive, at least every 100 ms.
	Tick func()
	// Progress is that of RunOptions. The worker shows it as an activity of the part.
	Progress func(NumberProgress)
	// Stop reports that the task is to end now: RunPart calls it after each position that is complete.
	Stop func() bool
	// Ready reports whether Yield would store a yield without waiting for earlier ones.
	Ready func() bool
	// Yield has a yield for the positions of r stored, all of which were computed completely. r is within the range of
	// the task, and no two calls overlap. Yield takes over the memory of y; it sets Kind, Worker and Version. While
	// maxYields are on their way to the server it waits, and ticks meanwhile.
	Yield func(r task.Range, y task.Yield)
}

// restAfterFailure is how long a slot rests after a task of a part that failed. Without the pause a worker that cannot
// compute such tasks, for example because its memory is in use, would take all tasks of a campaign from those that can.
const restAfterFailure = 2 * time.Second

// computePart executes the decision about an expendable delivery for which a slot is free. Whatever happens, nothing
// but yields is stored, and the task is acked.
func (w *Worker) computePart(s *slot, d *Delivery) {
	d.outcome.drop()
	t, content, err := w.readPart(d)
	if attempt.Start(d.facts(), content).Action != attempt.Compute {
		about(w.config.Log.Debug(), d).Err(err).Int("attempt", d.Attempt).Msg("task of a part dropped")
		return
	}
	w.runPart(s, d, t)
}

// readPart is read for an expendable delivery. It does not stop requests for the class of the task: other tasks of
// the class can be computed here.
func (w *Worker) readPart(d *Delivery) (*task.Task, attempt.Content, error) {
	data := d.Data
	d.Data = nil
	if d.Schema != task.Schema && d.Schema != task.PartSchema {
		return nil, attempt.UnknownSchema, fmt.Errorf("schema %.20q is not supported", d.Schema)
	}
	t, err := task.DecodeTask(data)
	switch {
	case err != nil:
		return nil, attempt.Unreadable, err
	case t.Kind == task.KindSieve && t.Sieve == nil || t.Kind == task.KindECM && t.Curves == nil:
		return nil, attempt.Unreadable, errors.New("task: a task of a part without parameters")
	case w.config.Parts[t.Kind] == nil:
		return nil, attempt.UnknownKind, fmt.Errorf("this worker has no parts of kind %s", t.Kind)
	}
	return t, attempt.Known, nil
}

// runPart runs a task of a part in s, and returns when its yields are stored or dropped. The heartbeat and the guard
// inspect the slot as for other tasks. The ledger is not told: no death says anything about a number.
func (w *Worker) runPart(s *slot, d *Delivery, t *task.Task) {
	s.base, s.done, s.encoded = 0, s.done[:0], 0
	s.due.Store(false)
	kind := w.config.Parts[t.Kind]
	s.limit.Store(int64(2*kind.Limit(t) + w.config.Grace))
	ctx := s.ctx // only this goroutine replaces it
	y := w.newYields(ctx, s, t.Kind)
	defer y.close()
	w.setTask(s, t)
	w.beginPart(s, t)
	err := w.callPart(ctx, s, d, kind, t, y)
	w.setTask(s, nil)
	w.endPart(s)
	y.join()
	d.outcome.cpu = y.cpu
	defer func() { w.config.Recorder.RanPart(t.Kind, y.cpu, d.outcome.sieveFailed) }()
	switch cause := context.Cause(ctx); {
	case cause == errMemory || cause == errOverdue:
		d.outcome.sieveFailed = true
		w.logPart(d, cause)
		w.pause(restAfterFailure)
	case cause == errPreempted:
		d.outcome.verdict = attempt.Sieved
	case cause != nil:
	case errors.Is(err, ErrUnsupported):
		d.outcome.sieveFailed = true
		w.logPart(d, err)
		w.source.SkipClass(d.Class)
	case err != nil:
		d.outcome.sieveFailed = true
		w.logPart(d, err)
		rest(ctx, restAfterFailure)
	default:
		d.outcome.verdict = attempt.Sieved
	}
	s.clock = time.Now()
}

// logPart logs why a task of a part is dropped: as a warning for the first one of a part, because others of the part
// will fail as well.
func (w *Worker) logPart(d *Delivery, err error) {
	log := w.config.Log.Debug()
	if w.isNewWarning("part " + d.Job) {
		log = w.config.Log.Warn()
	}
	about(log, d).Err(err).Msg("task of a part failed, it is dropped")
}

// setTask tells the heartbeat and the guard which task s computes from now on; nil = none.
func (w *Worker) setTask(s *slot, t *task.Task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.task, s.numberSince, s.stalledFor = t, time.Now(), 0
	s.report.Store(nil)
}

// callPart runs the kind. A panic becomes an error.
func (w *Worker) callPart(ctx context.Context, s *slot, d *Delivery, kind PartKind, t *task.Task, y *yields) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			if log := w.config.Log.Debug(); log.Enabled() {
				log.Err(err).Bytes("stack", debug.Stack()).Msg("task of a part panicked")
			}
		}
	}()
	s.tick()
	return kind.RunPart(ctx, t, d.Range, PartOptions{
		Tick: s.tick, Progress: s.setProgress, Ready: y.ready, Stop: func() bool { return w.positionDone(s) },
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

// partsFullLocked reports whether a task of a part waits for each slot, besides those that free slots are about to take.
// A worker whose tasks were short pulls many tasks ahead, and would take all those of a campaign from workers that have
// free slots.
func (w *Worker) partsFullLocked() bool {
	room := 2*len(w.slots) - w.lostSlots - w.busy
	for d := w.buffer.head; d != nil && room > 0; d = d.next {
		if d.expendable {
			room--
		}
	}
	return room <= 0
}

// stopPartsLocked interrupts all tasks of parts for cause. A drain does so at once: what they have found is stored, and
// nobody waits for the rest.
func (w *Worker) stopPartsLocked(cause error) {
	for _, s := range w.slots {
		if s.current != nil && s.current.expendable {
			s.interruptLocked(cause)
		}
	}
}
