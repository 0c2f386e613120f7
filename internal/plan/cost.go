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
	"math"
	"time"

	"factorfleet/internal/measured"
	"factorfleet/internal/task"
)

// squareCost is the time of one answer of kind square with its share of encoding.
const squareCost = 50 * time.Nanosecond

// execCost is what an item of a kind exec:NAME counts as, since nothing is known of its command: starting a process takes
// some milliseconds. So a chunk of mode auto has 50 items at most, and the first and the last chunks have one.
const execCost = targetWork / 50

// Expected times, indexed by bits; the last entry stands for all longer numbers.
var (
	factorTable = factorTimes()
	squareTable = []time.Duration{squareCost}
	execTable   = []time.Duration{execCost}
)

// Cost returns the expected time for one number on one core, or execCost for an item of a kind exec:NAME. Requires
// bits >= 0. Every other kind but square counts as factor.
func Cost(kind string, bits int) time.Duration { return lookUp(tableOf(kind), bits) }

// splits has the work in which the engine splits off a divisor of up to so many bits, in nearly all
// cases: 10, 12, 15 and 20 digits. For comparison, of 16 divisors of 40 bits the slowest one took 70,000
// steps, and of 16 of 50 bits 580,000 (numbers of 1,320 bits, level plain, a busy Zen 4).
var splits = []struct {
	bits int
	work time.Duration // in steps of B1, see SplitTime
}{{34, 60e3}, {40, 200e3}, {50, 600e3}, {66, 12e6}}

// sievedEverywhere is the size of numbers for whose sieve each worker has the memory: 25 MB.
const sievedEverywhere = 200

// SplitTime returns a time in which a worker on one core, without kernels of its processor, splits off
// a divisor of so many bits of a number of so many bits in nearly all cases. It is the longest Duration
// divided by 64 if there is no bound, so that small multiples of it do not overflow.
func SplitTime(bits, divisor int) time.Duration {
	least := time.Duration(math.MaxInt64 / 64)
	words := time.Duration(bits+63) / 64
	for _, s := range splits {
		if divisor <= s.bits {
			least = s.work * (1450 + 205*words*words) // ns; see groupTime of package factor
			break
		}
	}
	if bits <= sievedEverywhere {
		least = min(least, 2*measured.Slowest().Sieve(bits))
	}
	return least
}

// SieveTime returns the CPU time that the sieve takes with a product of two primes of so many bits, at the
// kernel level of this process. ok is false if no worker sieves such numbers.
func SieveTime(bits int) (d time.Duration, ok bool) {
	if bits > measured.SieveBits {
		return 0, false
	}
	return measured.Active().Sieve(bits), true
}

// SievedByDefault reports whether the budget that is used if the user sets none suffices to sieve
// numbers of so many bits.
func SievedByDefault(bits int) bool { return bits <= measured.EnoughBits }

// LeastBudget returns the least CPU time that a worker of any machine and version gives a number
// of so many bits, in a job without a budget.
func LeastBudget(bits int) time.Duration { return measured.LeastBudget(bits) }

func tableOf(kind string) []time.Duration {
	switch {
	case kind == task.KindSquare:
		return squareTable
	case task.IsExec(kind):
		return execTable
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
