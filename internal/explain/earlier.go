package explain

import (
	"cmp"
	"math"

	"factorfleet/internal/factor"
	"factorfleet/internal/task"
)

// An EarlierEffort says how much ECM effort on the unfinished numbers of a job counts as spent when they are computed again.
//
// The efforts are claims of workers. An effort that was not spent would make the workers of the next job skip the bounds
// that find the smaller factors soonest; they still find these with larger bounds, later. So of each claim no more counts
// than four times the budget of the job can have reached, and of what is left half of the curves. The least of all numbers
// counts, because a job states one effort.
type EarlierEffort struct {
	Job *task.Job // that has left them unfinished

	least float64 // of the claims, as far as they count; valid if count > 0
	count int
}

// fasterMachine is how much faster than this machine a worker may be, at most.
const fasterMachine = 4

// Add counts the unfinished answer to a number of so many bits.
func (e *EarlierEffort) Add(size int, answer *task.Factorization) {
	bits := 0
	for i := range answer.Factors {
		if f := &answer.Factors[i]; f.Status == task.Composite {
			bits = max(bits, f.P.BitLen())
		}
	}
	budget := cmp.Or(e.Job.Budget, factor.DefaultBudget(size))
	claim := min(answer.Effort, factor.Reach(bits, fasterMachine*budget, e.Job.WorkDigits))
	if e.count++; e.count == 1 || claim < e.least {
		e.least = claim
	}
}

// Digits returns the effort that counts: at least that which the user has stated for the job.
func (e *EarlierEffort) Digits() float64 {
	half := 0.0
	if e.least > 0 {
		half = factor.HalfOf(e.least)
	}
	return max(e.Job.WorkDigits, math.Floor(half*1000)/1000)
}
