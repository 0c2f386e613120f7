// Package factor writes integers as products of primes.
//
// A number below 2^64 is always factored completely, and its factors are proved
// to be prime: trial division, then the Baillie-PSW test, then elliptic curves and, if
// they fail or the number is small, Pollard's rho. A larger one goes through trial
// division, roots, Baillie-PSW, the algebraic factors of a^n-1 and a^n+1, Fermat's and Lehman's methods for factors of close ratio, and
// then p-1 and elliptic curves with bounds that grow. Up to 100 digits that ends when the
// quadratic sieve promises more, after some hundredths of the time that it is expected
// to take; above, and if the budget is too small for the sieve, it goes on until the
// number is done or the budget is spent.
//
// One number is done on one core, or with a Pool on all that are idle: the answer is the same.
//
// Lists of numbers of up to ecm.BatchBits bits are done together at the level of kernels in force: see
// Batch. There curves are quicker than the sieve up to 104 bits.
//
// The methods are packages of their own below this one; here is what is tried
// on which number for how long. Sources are named there. The order of the
// elliptic curves' bounds follows P. Zimmermann, B. Dodson, 20 years of ECM
// (2006).
//
// A composite is never called a prime; a number that could not be tested or
// split in time is called Composite. Primes above 2^64 are probable primes, which a
// Prover may prove. Of a number above 100 digits without a factor that elliptic curves can
// find, nothing is found.
//
// How to add a method: 1) a package beside rho, which imports prime and mont at
// most and takes a check function as those do; 2) a step in curves.go; 3) its
// row in the table of TestMethods and a benchmark that says where it wins.
package factor

import (
	"time"

	"factorfleet/internal/factor/resource"
	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
)

// Status says what is known of a factor. The numeric values are fixed, they go
// over the wire.
type Status uint8

const (
	Prime     Status = 1 // below 2^64, and so proved
	PRP       Status = 2 // Baillie-PSW probable prime
	Composite Status = 3 // left unfinished: composite, or not tested in time
)

// String returns the letter or letters that stand for s in results.
func (s Status) String() string {
	switch s {
	case Prime:
		return "P"
	case PRP:
		return "PRP"
	case Composite:
		return "C"
	default:
		return "?"
	}
}

// A Factor is the power P^Exp in a factorization.
type Factor struct {
	P      nat.Nat
	Exp    uint32 // >= 1
	Status Status
}

// Options says how hard to try. The zero value is no limit, seed 0.
type Options struct {
	// Budget is the wall-clock limit for one number, 0 none. Once it is spent the
	// rest of the number is returned as Composite, without an error. It is looked
	// at about every tenth of a millisecond, at 16,384 bits every few
	// milliseconds; trial division and roots, which are not interrupted, take 4 ms
	// there (BenchmarkSmallDivisors, BenchmarkPerfectPower). A number whose primality
	// could not be tested in time is Composite too: that means unfinished. Numbers and
	// cofactors below 2^64 ignore the budget.
	Budget time.Duration
	// Seed chooses the constants of rho and the curves: the same n and Seed are
	// factored the same way.
	Seed uint64
	// Tick is called from within the computation, as often as Budget is looked
	// at, while it moves. It may be nil and should be quick.
	Tick func()
	// Progress is called ten times a second at most, from within the computation, while a number
	// above 2^64 is done by itself. It may be nil and should be quick.
	Progress func(EngineProgress)
	// Pool lends further cores for a number that takes long, and knows how much memory there is.
	// It is shared by all engines of the process. nil is one core and no limit.
	Pool *Pool
}

// A Pool is the cores and the memory of a process. Who has an engine compute calls Enter before and
// Leave after; what is not in use then is lent to the others.
type Pool = resource.Pool

// NewPool returns a pool of so many cores and bytes of memory; 0 bytes is no limit.
func NewPool(cores int, memory uint64) *Pool { return resource.NewPool(cores, memory) }

// DefaultBudget returns the budget for a number of so many bits if nobody says: up to 100 digits
// enough to finish it, above that what finds most factors of 30 digits.
func DefaultBudget(bits int) time.Duration { return measured.Active().Budget(bits) }
