// Package measured has tables of how long the engine takes, by level of kernels. The
// engine chooses between its methods by them, and the cost model cuts chunks by them,
// so that the two agree.
//
// All times are those of one core. Between two rows the logarithm of the time is linear
// in the bits:
//
//	ln t(b) = ln t1 + (b-b1) (ln t2 - ln t1) / (b2-b1),  b1 <= b <= b2.
package measured

import (
	"time"

	"factorfleet/internal/factor/kernels"
)

// Times are the tables of one level of kernels. They are immutable.
type Times struct {
	sieve, random table
}

// Of returns the tables of the level l.
func Of(l kernels.Level) *Times { return &levels[l] }

// Active returns the tables of the level in force.
func Active() *Times { return Of(kernels.Active()) }

// Slowest returns the tables of the level without vector instructions.
func Slowest() *Times { return Of(kernels.Plain) }

// Sieve returns the expected time of the sieve for a semiprime of so many bits, on one
// core. Below 64 bits and above SieveBits it is the time of these sizes.
func (t *Times) Sieve(bits int) time.Duration { return t.sieve.between(bits) }

// Random returns the expected time for a random number of so many bits, on one core. Above
// the table, up to EnoughBits, it grows as the time of the sieve does, because sieving the
// largest part of such a number takes most of its time:
//
//	Random(bits) = Random(224) * Sieve(bits) / Sieve(224).
//
// Beyond EnoughBits it is the budget, which most of these numbers use up. From Flat bits on
// it is constant.
func (t *Times) Random(bits int) time.Duration {
	if bits <= randomBits {
		return t.random.between(bits)
	}
	scale := float64(t.random.between(randomBits)) / float64(t.Sieve(randomBits))
	sieved := time.Duration(scale * float64(t.Sieve(min(bits, EnoughBits))))
	if bits <= EnoughBits {
		return sieved
	}
	return max(sieved, t.Budget(bits))
}

// Flat is a size in bits from which on Random is constant.
const Flat = int(mostBudget/budgetOfBit) + 1

// Bounds of Budget.
const (
	leastBudget = 30 * time.Second
	mostBudget  = 10 * time.Minute       // at most, above EnoughBits
	budgetOfBit = 140 * time.Millisecond // for each bit, above EnoughBits
)

// LeastBudget returns a lower bound of the Budget of all levels, and of those of earlier
// versions, for a number of so many bits.
func LeastBudget(bits int) time.Duration {
	if bits <= EnoughBits {
		return leastBudget
	}
	return min(max(leastBudget, time.Duration(bits)*budgetOfBit), mostBudget)
}

// Budget returns the CPU time that a number of so many bits is given when the user sets
// none. Up to EnoughBits it is ten times the expected time of the sieve, which suffices
// on a slower machine too. Above, where most numbers stay unfinished, it is about three
// times what finds most factors of 30 digits. It is 30 s at least.
func (t *Times) Budget(bits int) time.Duration {
	if bits <= EnoughBits {
		return max(leastBudget, 10*t.Sieve(bits))
	}
	return LeastBudget(bits)
}
