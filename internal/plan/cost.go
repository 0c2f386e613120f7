// Package plan predicts how long work takes. Cost is the model: bits of a number ->
// time on one core. A Chunker cuts a stream of numbers into chunks of similar cost. A
// JobProgress turns the work done so far into the time left.
//
// A prediction is the expected time of a random number of that size, not a bound. A
// prime takes a microsecond, and a product of two primes of equal size takes five to ten
// times the mean. Therefore decisions use only sums over many numbers and ratios of
// sums. A user sees predictions only after they were scaled by the measured speed of
// the fleet.
package plan

import (
	"time"

	"factorfleet/internal/measured"
	"factorfleet/internal/task"
)

// squareCost is the time of one answer of kind square with its share of encoding.
const squareCost = 50 * time.Nanosecond

// Expected times, indexed by bits; the last entry stands for all longer numbers.
var (
	factorTable = factorTimes()
	squareTable = []time.Duration{squareCost}
)

// Cost returns the expected time for one number on one core. Requires bits >= 0. Every
// kind but square counts as factor.
func Cost(kind string, bits int) time.Duration { return lookUp(tableOf(kind), bits) }

// LeastBudget returns the least time that a worker of any machine and version gives a number
// of so many bits, in a job without a budget.
func LeastBudget(bits int) time.Duration { return measured.LeastBudget(bits) }

func tableOf(kind string) []time.Duration {
	if kind == task.KindSquare {
		return squareTable
	}
	return factorTable
}

func lookUp(table []time.Duration, bits int) time.Duration { return table[min(bits, len(table)-1)] }

// factorTimes returns the times of random numbers by bits, measured at the kernel level of
// this process. If the workers have another level, all predictions are wrong by the same
// ratio, about: chunks are then longer or shorter, and the ETA is still right.
func factorTimes() []time.Duration {
	times := measured.Active()
	table := make([]time.Duration, measured.Flat+1)
	for bits := range table {
		table[bits] = times.Random(bits)
	}
	return table
}
