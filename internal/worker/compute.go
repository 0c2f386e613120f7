package worker

import (
	"errors"
	"fmt"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/task"
)

// compute executes the decision about a delivery for which a slot is free, and leaves the outcome in it. Only
// the slot's goroutine touches d.outcome meanwhile.
func (w *Worker) compute(s *slot, d *Delivery) {
	if d.expendable {
		w.computePart(s, d)
		return
	}
	o := &d.outcome
	t, content, err := w.read(d)
	do := attempt.Start(d.facts(), content)
	if mayRun(do) && w.handBackLarge(d, t) {
		return
	}
	switch do.Action {
	case attempt.Reject:
		w.config.Recorder.Failed(FailedMalformed)
		o.reject(w.failure(d, nil, nil, err, 0), err)
	case attempt.Return:
		detail := "" // of a split, which has its own
		if err != nil {
			detail = err.Error()
		}
		o.handBack(d.Range, asReturn(do, detail))
	case attempt.GiveUp:
		err := errors.New(attempt.GiveUpDetail(d.deaths))
		w.config.Recorder.Failed(FailedDeaths)
		o.fail(w.failure(d, t, t.Numbers, err, 0), err)
	case attempt.ComputeAlone:
		if !w.startAlone(s, d, t) {
			o.handBack(d.Range, asReturn(attempt.Unstarted(d.facts()), "the worker left before the last attempt"))
			return
		}
		w.announce(s, d)
		w.run(s, d, t)
	default:
		w.announce(s, d)
		w.run(s, d, t)
	}
}

// announce tells supervisors that s is about to compute d, if d is the redelivery of a single number: an earlier worker
// may have died of it. First deliveries are too many for a message each.
func (w *Worker) announce(s *slot, d *Delivery) {
	if w.config.Announce == nil || d.Range.Count > 1 || d.Attempt == 1 {
		return
	}
	w.mu.Lock()
	d.announced = true
	w.mu.Unlock()
	w.config.Announce(func() []task.Address { return w.announced(d) })
	s.clock = time.Time{} // it has waited
}

// announced returns the announced tasks that run, d first.
func (w *Worker) announced(d *Delivery) []task.Address {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := []task.Address{d.Address}
	for _, s := range w.slots {
		if other := s.current; other != nil && other != d && other.announced {
			list = append(list, other.Address)
		}
	}
	return list
}

// read decodes the task of d. If the content is not Known the error says why. The schema is checked first: a
// payload of another schema may decode to a wrong task without an error.
func (w *Worker) read(d *Delivery) (*task.Task, attempt.Content, error) {
	if d.Schema != task.Schema {
		return nil, attempt.UnknownSchema, w.unsupported(d.Class, "schema", d.Schema)
	}
	t, err := task.DecodeTask(d.Data)
	if err == nil && uint64(len(t.Numbers)) != d.Range.Count {
		err = fmt.Errorf("task: %d numbers for range %v", len(t.Numbers), d.Range)
	}
	d.Data = nil
	if err != nil {
		return nil, attempt.Unreadable, err
	}
	d.backoff, d.noun = t.Backoff, task.Noun(t.Kind)
	if _, ok := w.config.Kinds[t.Kind]; !ok {
		return t, attempt.UnknownKind, w.unsupported(d.Class, "kind", t.Kind)
	}
	return t, attempt.Known, nil
}

// unsupported returns the reason for which a task is returned, and stops requests for tasks of its class
// for a while.
func (w *Worker) unsupported(class task.Class, what, name string) error {
	w.source.SkipClass(class)
	key := what + " " + name
	if w.isNewWarning(key) {
		w.config.Log.Warn().Str(what, name).Msg("unsupported tasks are returned: update this program if it is older than the producer")
	}
	return fmt.Errorf("this worker does not support %s", key)
}

// isNewWarning reports whether a warning is to be logged: the first one of a key. Keys come from other programs, so
// only the first few are logged.
func (w *Worker) isNewWarning(key string) bool {
	const most = 16
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.warned[key] || len(w.warned) >= most {
		return false
	}
	w.warned[key] = true
	return true
}
