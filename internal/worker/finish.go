package worker

import (
	"maps"
	"time"

	"factorfleet/internal/task"
)

// rememberFinish is how long tasks of a job that ends early are computed without effort after the last order. Supervisors
// repeat the order while the job is active.
const rememberFinish = 5 * time.Minute

// finishPatience is how long the redelivery of a single number is computed although its job ends early. A campaign may
// know divisors of the number that the worker before had. The number has them within a heartbeat and a hint of its
// supervisor.
const finishPatience = 15 * time.Second

// Finish ends all numbers of a job as if their budget were spent: their answers have the divisors that are known. That
// takes milliseconds for each number of more than 128 bits; smaller ones are completed. Numbers of the job that arrive
// later end early, too.
func (w *Worker) Finish(job string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(w.finishing, func(_ string, until time.Time) bool { return now.After(until) })
	w.finishing[job] = now.Add(rememberFinish)
	for _, s := range w.slots {
		if s.task != nil && s.current.Job == job && s.finishAt.Load() == 0 {
			s.finishLocked(s.current, s.numberSince)
		}
	}
}

// beginFinishLocked sets whether the numbers of d, which begins in s now, are computed without effort.
func (w *Worker) beginFinishLocked(s *slot, d *Delivery, now time.Time) {
	s.finishAt.Store(0)
	if until, ok := w.finishing[d.Job]; ok && now.Before(until) {
		s.finishLocked(d, now)
	}
}

// finishLocked has the present number of s, of d, end early: at once, or finishPatience after its start.
func (s *slot) finishLocked(d *Delivery, began time.Time) {
	at := time.Unix(0, 1) // long ago
	if d.Range.Count == 1 && (d.Attempt > 1 || d.Round != task.FirstRound) {
		at = began.Add(finishPatience)
	}
	s.finishAt.Store(at.UnixNano())
}

// mustFinish is RunOptions.Finish of the slot.
func (s *slot) mustFinish() bool {
	at := s.finishAt.Load()
	return at != 0 && time.Now().UnixNano() >= at
}
