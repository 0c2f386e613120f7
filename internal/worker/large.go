package worker

import (
	"fmt"
	"slices"

	"factorfleet/internal/attempt"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// Accepts reports whether the worker accepts numbers of any kind of task of which n is the largest, as it says. memory:
// also whether it has the memory for n.
func (s *Status) Accepts(n nat.Nat, memory bool) bool {
	return !overLimit(n, s.MaxDigits) && (!memory || !overLimit(n, s.MemoryDigits))
}

// overLimit reports whether n has more digits than a limit, if that is not 0.
func overLimit(n nat.Nat, limit int) bool { return limit > 0 && task.MoreDigits(n, limit) }

// isTooLarge reports whether this worker hands a number of d back because of its size.
func (w *Worker) isTooLarge(d *Delivery, n nat.Nat) bool {
	return overLimit(n, w.config.MaxDigits) || !d.Anywhere && overLimit(n, w.config.MemoryDigits)
}

// handBackLarge hands all of d back if it has numbers that are too large for this worker: these for another worker, and
// the others to be queued again without them. It reports whether it has.
func (w *Worker) handBackLarge(d *Delivery, t *task.Task) bool {
	if t.Kind != task.KindFactor || w.config.MaxDigits <= 0 && w.config.MemoryDigits <= 0 {
		return false
	}
	if !slices.ContainsFunc(t.Numbers, func(n nat.Nat) bool { return w.isTooLarge(d, n) }) {
		return false
	}
	for i := 0; i < len(t.Numbers); {
		large, first := w.isTooLarge(d, t.Numbers[i]), i
		for i < len(t.Numbers) && w.isTooLarge(d, t.Numbers[i]) == large {
			i++
		}
		why := task.Return{Reason: task.Drained, Detail: "other numbers of the chunk are too large for this worker"}
		if large {
			why = task.Return{Reason: task.TooLarge, Detail: fmt.Sprintf("this worker accepts numbers of up to %d digits", w.leastLimit())}
		}
		d.outcome.handBack(task.Range{First: d.Range.First + uint64(first), Count: uint64(i - first)}, why)
	}
	return true
}

// leastLimit returns the smaller one of the two limits that are not 0.
func (w *Worker) leastLimit() int {
	a, b := w.config.MaxDigits, w.config.MemoryDigits
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// mayRun reports whether d is computed here by a decision, as far as the sizes of its numbers matter.
func mayRun(do attempt.Decision) bool {
	return do.Action == attempt.Compute || do.Action == attempt.ComputeAlone
}
