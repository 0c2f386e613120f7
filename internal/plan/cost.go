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
	"math"
	"time"

	"factorfleet/internal/task"
)

// otherCost is the prediction for the kinds nobody can predict, such as exec: about
// what it takes to start a process and let it do a little.
const otherCost = 100 * time.Millisecond

// squareCost is the time of one n -> n*n with its share of encoding.
const squareCost = 50 * time.Nanosecond

// factorCosts is the expected time to factor one random number completely, on one core of
// a worker with lanes (factor.Engine.CanBatch), in a chunk of many: decoding, factoring and
// encoding. Between two rows the logarithm of the time is linear in the bits; beyond the ends
// it is flat, at the top because the default budget of one number ends there.
//
// Measured on a Sapphire Rapids: to 128 bits with "consumer bench random16 ...", the best of six
// runs; above, where numbers are done one by one, the mean of 400 numbers of 129 bits to 40 of
// 224, as a curve through them since the tail is heavy; from 240 bits on extrapolated. Without
// lanes it takes three to four times as long from 56 to 128 bits.
var factorCosts = []struct {
	bits int
	time time.Duration
}{
	{24, 600 * time.Nanosecond},
	{32, 700 * time.Nanosecond},
	{40, 850 * time.Nanosecond},
	{48, 1100 * time.Nanosecond},
	{56, 1700 * time.Nanosecond},
	{64, 2900 * time.Nanosecond},
	{65, 9 * time.Microsecond},
	{72, 15 * time.Microsecond},
	{80, 27 * time.Microsecond},
	{96, 66 * time.Microsecond},
	{112, 200 * time.Microsecond},
	{128, 600 * time.Microsecond},
	{129, 1200 * time.Microsecond},
	{144, 2800 * time.Microsecond},
	{160, 7 * time.Millisecond},
	{176, 17 * time.Millisecond},
	{192, 43 * time.Millisecond},
	{208, 100 * time.Millisecond},
	{224, 270 * time.Millisecond},
	{256, 1600 * time.Millisecond},
	{288, 10 * time.Second},
	{320, 30 * time.Second},
}

// Expected times by bits; the last one stands for all longer numbers.
var (
	factorTable = interpolate()
	squareTable = []time.Duration{squareCost}
	otherTable  = []time.Duration{otherCost}
)

// Cost returns the expected time of one core for one number of the given length in
// bits, which is not negative.
func Cost(kind string, bits int) time.Duration { return lookUp(tableOf(kind), bits) }

func tableOf(kind string) []time.Duration {
	switch kind {
	case task.KindFactor:
		return factorTable
	case task.KindSquare:
		return squareTable
	}
	return otherTable
}

func lookUp(table []time.Duration, bits int) time.Duration { return table[min(bits, len(table)-1)] }

func interpolate() []time.Duration {
	first, last := factorCosts[0], factorCosts[len(factorCosts)-1]
	table := make([]time.Duration, last.bits+1)
	for bits := range table {
		table[bits] = first.time
	}
	for i, low := range factorCosts[:len(factorCosts)-1] {
		high := factorCosts[i+1]
		slope := math.Log(float64(high.time)/float64(low.time)) / float64(high.bits-low.bits)
		for bits := low.bits; bits < high.bits; bits++ {
			table[bits] = time.Duration(float64(low.time) * math.Exp(slope*float64(bits-low.bits)))
		}
	}
	table[last.bits] = last.time
	return table
}
