// Package factor writes integers as products of primes.
//
// A number n < 2^64 is always factored completely, and its factors are proved to be
// prime: trial division, the Baillie-PSW test, then elliptic curves. Pollard's rho
// splits what is small or what the curves fail on.
//
// A number n >= 2^64 passes through these steps, until its parts are prime or probably
// prime:
//
//	trial division by the primes below prime.Bound
//	perfect powers n = b^k
//	the Baillie-PSW test
//	algebraic factors, if n divides a number a^e - 1 or a^e + 1
//	Fermat's and Lehman's methods, for two factors of a simple ratio
//	p-1, p+1 and elliptic curves, with bounds B1 and B2 that grow from level to level
//	the quadratic sieve, up to measured.SieveBits (108 digits)
//
// Curves end and the sieve starts when the sieve promises more for its time: see
// Engine.sieveIsNext. Above 108 digits, and if the budget is too small for the sieve,
// curves continue until the number is factored or the budget is spent. The budget that is
// used if the user sets none suffices up to 100 digits (measured.EnoughBits).
//
// A number is computed on one core, or with a Pool on all idle cores; the answer is the
// same. Numbers of up to ecm.BatchBits bits can be computed together: see Engine.Batch.
// In such a list curves are quicker than the sieve up to 104 bits.
//
// The package never calls a composite prime. A number that was not tested or not split
// in time has the status Composite. A prime above 2^64 is a probable prime (PRP); a
// Prover may prove it. A number that is too large for the sieve or its budget, without a
// factor that elliptic curves find, stays Composite.
//
// Each method is a package below this one, which names its sources. This package
// decides which method is tried on which number, and for how long. The bounds of the
// curves ascend as in P. Zimmermann, B. Dodson, 20 years of ECM (2006).
//
// The files:
//
//	factor, engine     options, results, the engine
//	word, trial        numbers below 2^64, one at a time
//	batch*             many numbers below 2^128 together
//	big, piece, giveup numbers of 2^64 and more: the pieces of a number
//	power, form, ratio powers, algebraic divisors, factors of close ratio
//	level, step        bounds of p-1, p+1 and curves; the sequence of steps
//	effort             curves that others have run, and what they make unlikely
//	course             the steps of a composite, as predicted
//	curvetask          curves of one number without an engine
//	curves*            the steps of a piece, on one core or several
//	sieve              when the sieve starts, and its memory
//	hint               divisors and ranges of the sieve that other machines tell
//	stop, report       budget and context; progress
//	prove, claim, proof, witness
//	                   proofs of primality
//
// To add a method: 1) write a package beside rho that imports prime and mont at most
// and takes a check function; 2) add a step in step.go; 3) add a row to the table of
// TestMethods and a benchmark that shows where the method wins.
package factor

import (
	"math/big"
	"time"

	"factorfleet/internal/factor/resource"
	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
)

// A Status says what is known of a factor. The values are fixed: they are part of the
// wire format.
type Status uint8

const (
	Prime     Status = 1 // a prime below 2^64, for which Baillie-PSW is a proof
	PRP       Status = 2 // a probable prime by Baillie-PSW, 2^64 or more
	Composite Status = 3 // unfinished: composite, or not tested in time
)

// String returns "P", "PRP" or "C", as results show it, and "?" for other values.
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

// A Factor is the power P^Exp in a factorization, P > 1.
type Factor struct {
	P      nat.Nat
	Exp    uint32 // >= 1
	Status Status
}

// Options are the settings of an engine. The zero value is valid: no limit, seed 0, one
// core.
type Options struct {
	// Budget is the limit for the CPU time of one number, on all cores together; 0 is no
	// limit. When it is spent, the remaining part of the number is returned as Composite, without an error.
	// Numbers and cofactors below 2^64 ignore the budget, and so do the last tests of
	// primality, which take seconds at 16,384 bits, and a short p-1: see giveUp for what
	// holds for each Composite.
	//
	// The engine checks the budget about every 0.1 ms, at 16,384 bits every few
	// milliseconds. Trial division and roots are not interrupted; they take 4 ms at
	// 16,384 bits (BenchmarkSmallDivisors, BenchmarkPerfectPower).
	Budget time.Duration
	// Seed chooses the constants of rho and the curves. The same n and Seed are
	// factored in the same way.
	Seed uint64
	// Work is the effort of curves that was spent before on each number of 2^64 or more that
	// is not factored together with others, in digits: it missed a factor of so many digits
	// with probability 1/e. It counts as the curves of the levels up to that size, with their
	// p-1 and p+1, and a part of the next level's. 0 is none, above 59 counts as 59.
	Work float64
	// Tick is called whenever the engine checks its budget, from the goroutine that
	// computes. It shows that the computation is alive. It may be nil, and it should
	// return quickly.
	Tick func()
	// Progress is called at most ten times a second, from the goroutine that computes,
	// while a number above 2^64 is factored by itself. It may be nil, and it should
	// return quickly.
	Progress func(EngineProgress)
	// Finish reports whether the number at hand must end now, as if its budget were spent: the
	// answer has the factors that are known, and the rest is Composite. The engine calls
	// Finish from all goroutines that compute a number above 2^64 by itself, about every 0.1 ms. It must
	// return quickly. nil means never.
	Finish func() bool
	// Hint returns what other machines tell of a composite c of 2^64 or more, nil if
	// nothing. The engine calls it from the goroutine that computes: once when it begins
	// with c, and then at most every 10 ms while curves or the sieve run. It tries the
	// divisors of a hint once, until another pointer is returned. Hint may be nil. It
	// must return quickly, must not change c, and a hint must not change.
	Hint func(c *big.Int) *Hint
	// Pool lends idle cores to a number that takes long, and bounds the memory of the
	// sieve. All engines of a process share it. nil is one core and no limit of memory.
	Pool *Pool
	// Meter measures the CPU time of numbers of 2^64 and more. An engine and a prover that
	// the same goroutine calls may share it. nil is a meter of its own.
	Meter *Meter
}

// A Meter adds up CPU time.
type Meter = resource.Meter

// NewMeter returns a meter that reads the CPU time of the calling thread from clock; nil
// is the clock of the system.
func NewMeter(clock func() time.Duration) *Meter { return resource.NewMeter(clock) }

// A Pool counts the cores and the memory of a process. The caller of an engine calls
// Enter before a computation and Leave after it. The pool lends the cores that are not
// in use to the other engines.
type Pool = resource.Pool

// NewPool returns a pool of cores >= 1 and of memory bytes; 0 bytes is no limit.
func NewPool(cores int, memory uint64) *Pool { return resource.NewPool(cores, memory) }

// DefaultBudget returns the budget, CPU time, for a number of so many bits when the user sets
// none. Up to 100 digits it suffices to finish the number, above it finds most factors
// of 30 digits.
func DefaultBudget(bits int) time.Duration { return measured.Active().Budget(bits) }
