package plan

import (
	"time"

	"factorfleet/internal/measured"
	"factorfleet/internal/task"
)

// An Expectation is what is known of the numbers of a job before any is computed.
type Expectation struct {
	Kind   string
	Budget time.Duration // that the job names; 0 = the default, by size
	Each   time.Duration // that each number takes besides its work: task.Job.Sleep
	Times  *measured.Times
}

// ExpectationOf returns the Expectation of a job, with the times of this process's level of kernels.
func ExpectationOf(j *task.Job) Expectation {
	return Expectation{Kind: j.Kind, Budget: j.Budget, Each: j.Sleep}
}

// Cost returns the expected CPU time of a number of so many bits, which the budget bounds. A budget above the default one
// is expected to be spent by the numbers that the default does not suffice for, unless it suffices for their sieve.
func (e Expectation) Cost(bits int) time.Duration {
	var cost time.Duration
	switch {
	case e.alone():
		cost = Cost(e.Kind, bits)
	case e.Times == nil:
		cost = Cost(task.KindFactor, bits)
	default:
		cost = e.Times.Random(bits)
	}
	if e.Budget > 0 && e.Kind == task.KindFactor {
		cost = e.withinBudget(bits, cost)
	}
	return cost + e.Each
}

// withinBudget returns the expected time of a number that takes cost with the default budget.
func (e Expectation) withinBudget(bits int, cost time.Duration) time.Duration {
	if bits <= measured.EnoughBits || e.Budget <= cost {
		return min(cost, e.Budget)
	}
	times := e.Times
	if times == nil {
		times = measured.Active()
	}
	if bits > measured.SieveBits {
		return e.Budget
	}
	scale := float64(times.Random(measured.EnoughBits)) / float64(times.Sieve(measured.EnoughBits))
	return min(e.Budget, max(cost, time.Duration(scale*float64(times.Sieve(bits)))))
}

// learns reports whether the CPU times of answers say more than the prediction: the time of a square is known.
func (e Expectation) learns() bool { return e.Kind != task.KindSquare }

// alone reports whether a number uses one core only.
func (e Expectation) alone() bool { return e.Kind == task.KindSquare || task.IsExec(e.Kind) }

// class returns the size class under which a number of so many bits is counted. Items of commands have one class: their
// size says nothing of their time.
func (e Expectation) class(bits int) int {
	if e.alone() {
		return 0
	}
	return task.SizeClass(bits)
}
