package command

import (
	"cmp"
	"math"

	"factorfleet/internal/collect"
	"factorfleet/internal/factor"
	"factorfleet/internal/task"
)

// An earlierEffort says how much ECM effort on the unfinished numbers of a job counts as spent when they are computed again.
//
// The efforts are claims of workers. An effort that was not spent would make the workers of the next job skip the bounds
// that find the smaller factors soonest; they still find these with larger bounds, later. So of each claim no more counts
// than four times the budget of the job can have reached, and of what is left half of the curves. The least of all numbers
// counts, because a job states one effort.
type earlierEffort struct {
	job   *task.Job
	least float64 // of the claims, as far as they count; valid if count > 0
	count int
}

// fasterMachine is how much faster than this machine a worker may be, at most.
const fasterMachine = 4

// add counts an unfinished answer.
func (e *earlierEffort) add(item *collect.Item) {
	bits := 0
	for i := range item.Factors {
		if f := &item.Factors[i]; f.Status == task.Composite {
			bits = max(bits, f.P.BitLen())
		}
	}
	budget := cmp.Or(e.job.Budget, factor.DefaultBudget(item.N.BitLen()))
	claim := min(item.Effort, factor.Reach(bits, fasterMachine*budget, e.job.WorkDigits))
	if e.count++; e.count == 1 || claim < e.least {
		e.least = claim
	}
}

// digits returns the effort that counts: at least that which the user has stated for the job.
func (e *earlierEffort) digits() float64 {
	half := 0.0
	if e.least > 0 {
		half = factor.HalfOf(e.least)
	}
	return max(e.job.WorkDigits, math.Floor(half*1000)/1000)
}
