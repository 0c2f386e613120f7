package worker

import (
	"time"

	"factorfleet/internal/task"
)

// While tasks of parts run in all slots, the worker asks for ordinary tasks as well, and ends the task of a part early
// for one that comes. So the numbers of others do not wait for the end of such tasks, which takes seconds.
//
// A task of a part ends after the position that runs, so that nothing is lost, if its last position was very short. Else
// it is interrupted at once, and that position is lost: at most 1/lossShare of the time since a position was last lost in
// the slot. If more would be lost, it ends after a position that is still short, and not at all if that is long. An
// interrupted sieve task has completed a position, so that it has a yield.
//
// How often a task of a part ends early is limited, so that the part keeps half of the slot however many ordinary tasks
// come: see preemptAfter and preemptEvery, and puller.deferHi, for which the worker prefers ordinary tasks then. While
// ordinary tasks wait for long, the supervisor leaves them half of the slots and issues tasks of at most task.FirmTime,
// which never end early.
const (
	// preemptAfter is how long a task of a part runs at least, so that the time to fetch and begin it is small in
	// comparison.
	preemptAfter = 250 * time.Millisecond
	// preemptEvery is the mean time between two tasks that end early in a slot, at least. A supervisor issues tasks once
	// a second, two for a slot.
	preemptEvery = time.Second
	// preemptBurst tasks may end early in succession, because the tasks of one list are queued one after the other.
	preemptBurst = 3
	// shortPosition bounds how long an ordinary task waits for the end of a position. It must be shorter than two of
	// staleEvery. A position of fastPosition is always waited for.
	shortPosition = time.Second
	fastPosition  = 100 * time.Millisecond
	lossShare     = 33
	// partsFor is for how long nothing is pulled ahead after a task of a part has arrived: requests for short tasks would
	// bring all those of the part that are in the queue.
	partsFor = 5 * time.Second
)

// beginPart notes that RunPart begins in s.
func (w *Worker) beginPart(s *slot, t *task.Task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, p := time.Now(), &s.part
	p.running, p.asked, p.began, p.since, p.done = true, false, now, now, 0
	length := time.Duration(0)
	if p.curves = t.Kind == task.KindECM; p.curves {
		length = t.Curves.Time
	} else {
		length = t.Sieve.Time
	}
	if p.firm = length <= task.FirmTime; !p.firm {
		p.wake = time.AfterFunc(max(preemptAfter, p.dueAt.Add(-(preemptBurst-1)*preemptEvery).Sub(now)), w.wakeForOthers)
	}
}

// endPart notes that RunPart has ended in s.
func (w *Worker) endPart(s *slot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.part.running = false; s.part.wake != nil {
		s.part.wake.Stop()
		s.part.wake = nil
	}
}

// positionDone is PartOptions.Stop of s.
func (w *Worker) positionDone(s *slot) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, p := time.Now(), &s.part
	p.took, p.since = now.Sub(p.since), now
	p.done++
	if _, may := p.mayEnd(now); may && w.ordinaryLocked() > w.freeingLocked() {
		p.ask(now)
		w.buffer.promote()
	}
	w.wakeForOthersLocked()
	return p.asked
}

// preemptLocked has the task of a part end for an ordinary task that has arrived, unless a slot is free for it. It
// reports whether it has.
func (w *Worker) preemptLocked(now time.Time) bool {
	if w.buffer.len < w.freeingLocked() {
		return false
	}
	var chosen *slot
	for _, s := range w.slots {
		if _, may := s.part.mayEnd(now); may && (chosen == nil || s.part.endsWithin(fastPosition)) {
			chosen = s
		}
	}
	if chosen == nil {
		return false
	}
	p := &chosen.part
	p.ask(now)
	if !p.endsWithin(fastPosition) && now.Before(p.mayLose()) {
		p.lostAt = now
		chosen.interruptLocked(errPreempted)
	}
	return true
}

// prefetchLocked returns how many tasks may wait in buffer, besides those for which slots are free.
func (w *Worker) prefetchLocked() int {
	if w.partAt.IsZero() {
		return w.prefetch
	}
	if time.Since(w.partAt) < partsFor {
		return 0
	}
	w.partAt = time.Time{}
	return w.prefetch
}

// freeingLocked returns how many slots are free, or about to be because a task of a part ends early.
func (w *Worker) freeingLocked() int {
	n := len(w.slots) - w.lostSlots - w.busy
	for _, s := range w.slots {
		if s.part.asked {
			n++
		}
	}
	return n
}

// ordinaryLocked returns how many ordinary tasks wait for a slot, at most one more than there are slots.
func (w *Worker) ordinaryLocked() (n int) {
	for d := w.buffer.head; d != nil && n <= len(w.slots); d = d.next {
		if !d.expendable {
			n++
		}
	}
	return n
}

// mayPullOthersLocked reports whether a task of a part may end for an ordinary one that the server may have, and until
// when. Requires that there is no demand for other tasks.
func (w *Worker) mayPullOthersLocked(now time.Time) (until time.Time, may bool) {
	if !w.pullsLocked() || w.config.Once || w.heldLastAttempts > 0 {
		return until, false
	}
	for _, s := range w.slots {
		if end, ok := s.part.mayEnd(now); ok {
			may = true
			if end.After(until) {
				until = end
			}
		}
	}
	return until, may && w.ordinaryLocked() <= w.freeingLocked()
}

// wakeForOthers wakes the puller if a task of a part may end early for an ordinary one.
func (w *Worker) wakeForOthers() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wakeForOthersLocked()
}

// wakeForOthersLocked is wakeForOthers with mu held.
func (w *Worker) wakeForOthersLocked() {
	if !w.pullerIdle {
		return
	}
	if _, may := w.mayPullOthersLocked(time.Now()); may {
		w.demand.Signal()
	}
}
