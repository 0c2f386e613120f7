// Package plan predicts how long work takes: bits of a number -> seconds of one
// core, a stream of numbers -> chunks of similar cost, work done so far -> when the
// rest is done.
//
// A prediction is the expected value for a random number of that size, not a bound:
// a prime costs a microsecond and a product of two equal primes five to ten times the
// mean. Only sums over many numbers and ratios of sums are used for decisions, and
// what is shown to people is scaled by the speed that the fleet is seen to have.
package plan

import (
	"time"

	"factorfleet/internal/measured"
	"factorfleet/internal/task"
)

// squareCost is the time of one n -> n*n with its share of encoding.
const squareCost = 50 * time.Nanosecond

// Expected times by bits; the last one stands for all longer numbers.
var (
	factorTable = factorTimes()
	squareTable = []time.Duration{squareCost}
)

// Cost returns the expected time of one core for one number of the given length in
// bits, which is not negative.
func Cost(kind string, bits int) time.Duration { return lookUp(tableOf(kind), bits) }

func tableOf(kind string) []time.Duration {
	if kind == task.KindSquare {
		return squareTable
	}
	return factorTable
}

func lookUp(table []time.Duration, bits int) time.Duration { return table[min(bits, len(table)-1)] }

// factorTimes returns the times of random numbers at the level of this process, by bits. A producer
// that plans for workers of another level is wrong by the ratio of the two.
func factorTimes() []time.Duration {
	times := measured.Active()
	table := make([]time.Duration, measured.Flat+1)
	for bits := range table {
		table[bits] = times.Random(bits)
	}
	return table
}
