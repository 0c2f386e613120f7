package worker

import (
	"errors"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/task"
)

// A worker that dies loses all deliveries that it holds, and the server redelivers them together with the
// number that killed it. Three such deaths would give up innocent numbers as well. Therefore the last
// attempt at a number runs while nothing else is computed here, no other last attempt waits for the
// server, and nothing is pulled. Before it starts, the worker stores the last-attempt record, without
// which the sweeper does not give the number up.

// alonePoll is the time between two checks whether a last attempt may start. It depends on the state of every
// held delivery, on Pull, and on the slot. A condition variable would have to be signalled at each of these
// changes, for thousands of tasks a second. Last attempts are rare, and come several seconds
// after the attempt before.
const alonePoll = 5 * time.Millisecond

// errStarted is the error in a last-attempt record. How the attempt ends is stored elsewhere.
var errStarted = errors.New("the last attempt has begun")

// startAlone blocks until this worker runs no other task, then stores the last-attempt record. It
// reports false if d must not be computed here: the slot was interrupted, d has lapsed, or the record
// could not be stored. Heartbeats are sent meanwhile, because s.task is not set yet.
//
// The slot's goroutine calls it without mu. A lapsed d is not started: the sweeper may have found no record and
// queued the number again, so that two workers would compute it.
func (w *Worker) startAlone(s *slot, d *Delivery, t *task.Task) bool {
	for ; ; time.Sleep(alonePoll) {
		alone, stop := w.tryAlone(s)
		if stop {
			return false
		}
		if alone {
			break
		}
	}
	s.clock = time.Time{} // it has waited
	record := w.failure(d, t, t.Numbers, errStarted, 0)
	return w.outbox.Failed(w.settleCtx, d.Address, attempt.Record(d.Attempt, true), record) == nil
}

// tryAlone reports whether the last attempt in s may start now, or may not start at all. It may start if
//
//   - Pull has returned, so that nothing else can arrive,
//   - no other delivery runs, except last attempts that wait here as well,
//   - no other last attempt settles. Its record is stored already: if this one killed the worker now, the
//     sweeper would give up the other number, too.
//
// Of several that wait, the first to take mu sets alone, which the others then see.
func (w *Worker) tryAlone(s *slot) (alone, stop bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.interruption != nil || w.lapsedLocked(s.current, time.Now()) {
		return false, true
	}
	if w.pulling { // the server may have sent other tasks with it
		w.endPullLocked()
		return false, false
	}
	for d := w.held.oldest; d != nil; d = d.younger {
		waits := d.last() && !d.alone // it waits for its turn, too
		if d != s.current && (d.state == running && !waits || d.state == settling && d.last()) {
			return false, false
		}
	}
	s.current.alone = true
	return true, false
}
