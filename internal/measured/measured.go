// Package measured holds how long the engine takes, as tables by level of kernels: the engine needs
// them to choose between its methods, and the cost model to cut chunks, so that the two cannot
// disagree.
//
// All times are those of one core. Between two rows the logarithm of the time is linear in the bits.
package measured

import (
	"time"

	"factorfleet/internal/factor/kernels"
)

// Times are the tables of one level of kernels. They are immutable.
type Times struct {
	sieve, random table
}

// Of returns the tables of a level.
func Of(l kernels.Level) *Times { return &levels[l] }

// Active returns the tables of the level in force.
func Active() *Times { return Of(kernels.Active()) }

// Sieve returns the expected time of the sieve for a semiprime of so many bits, at most SieveBits.
func (t *Times) Sieve(bits int) time.Duration { return t.sieve.between(bits) }

// Random returns the expected time for a random number of so many bits. Above the table it grows
// as that of the sieve does, which the largest part of it is. Beyond SieveBits it is the budget,
// which most numbers there use up; Flat says where that ends to grow.
func (t *Times) Random(bits int) time.Duration {
	if bits <= randomBits {
		return t.random.between(bits)
	}
	scale := float64(t.random.between(randomBits)) / float64(t.Sieve(randomBits))
	sieved := time.Duration(scale * float64(t.Sieve(bits)))
	if bits <= SieveBits {
		return sieved
	}
	return max(sieved, t.Budget(bits))
}

// Flat is a size from which on Random is the same for all.
const Flat = int(mostBudget/budgetOfBit) + 1

// The bounds of Budget.
const (
	leastBudget = 30 * time.Second
	mostBudget  = 10 * time.Minute       // for a number that is not sieved
	budgetOfBit = 140 * time.Millisecond // of such a number
)

// Budget returns the time that one number is given if nobody says: up to SieveBits enough to
// finish it, on a slower machine too; above, where most are left unfinished, about three times what
// finds most factors of 30 digits.
func (t *Times) Budget(bits int) time.Duration {
	if bits <= SieveBits {
		return max(leastBudget, 10*t.Sieve(bits))
	}
	return min(max(leastBudget, time.Duration(bits)*budgetOfBit), mostBudget)
}
