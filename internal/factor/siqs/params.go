package siqs

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// MinBits and MaxBits are the sizes of numbers that Params can be made for. Below
// MinBits there are too few coefficients. Above MaxBits kN < 73*2^MaxBits and the
// values would come near the limits of the types huge and wide.
const (
	MinBits = 50
	MaxBits = 370
)

// blockSize is the number of positions that are sieved at a time, one byte each: 32 KiB
// fit in the first level cache. A position within a block takes 15 bits of a bucket
// entry.
const blockSize = 1 << 15

// Params describe the sieving for one number. Machines that have the same Params get
// the same relations for the same coefficient numbers, in the same order. NewParams
// makes them once; they may then be sent to other machines, which check them
// (Sieve.Reset, Set.Reset, Verifier.Reset).
type Params struct {
	N          *big.Int
	Multiplier uint32    // k, one of the table multipliers
	Primes     uint32    // F, entries of the factor base: minPrimes to maxPrimes
	Small      uint32    // entries below this index are not sieved
	Interval   uint32    // 2M positions of a polynomial; a multiple of 64, and of blockSize if above that; at most maxInterval
	Large      uint32    // L: large primes are below
	Double     uint64    // products of two large primes are below; 0 if a relation has at most one
	Candidate  uint8     // sum of log2(p) that the sieved primes of a value must reach, at most 128
	Smooth     uint8     // the same for all primes that are known before those above Small are divided out
	Factors    uint8     // s, primes of a coefficient: 2 to maxFactors
	PoolA      [2]uint32 // first and end index of the entries from which s-1 primes of A are chosen
	PoolB      [2]uint32 // the same for the last prime of A
	Tolerance  float64   // A/target is between 1/Tolerance and Tolerance; 1 to maxTolerance
	Hash       uint64    // of the factor base, see factorBase.hash
}

// Bounds of Params that the arithmetic relies on.
//
//   - maxPrimes: all primes are below primeBound(2^18) < 2^24. So p + 2^20 and 2p are
//     below 2^31, and a root can be moved modulo p in a word of 32 bits (move,
//     buckets.hits). A product of two residues is below 2^48, and the kernels that
//     reduce it need 2^52 (MOD).
//   - maxInterval: a position takes 20 bits of a word, beside 12 bits for a prime
//     (buckets.hits).
//   - maxFactor: primes of A are below a block, hence never in the buckets, and below
//     the padding behind a block (schedule).
const (
	minPrimes   = 16
	maxPrimes   = 1 << 18
	maxInterval = 1 << 20
	maxFactor   = 1 << 13 // the primes of A are below
	// maxTolerance is above all that NewParams chooses.
	maxTolerance = 2
)

// ErrParams is returned for numbers outside of MinBits to MaxBits, for even ones, and
// for Params that this program would not have made.
var ErrParams = errors.New("siqs: invalid parameters")

// A DivisorError is returned instead of Params if a divisor of N is found while they
// are made: a prime that was tried for the factor base, or the root of N if N is a
// square.
type DivisorError struct{ Divisor *big.Int }

func (e *DivisorError) Error() string { return fmt.Sprintf("siqs: %v divides the number", e.Divisor) }

// NewParams returns the parameters for n. The error is ErrParams unless n is odd and
// has MinBits to MaxBits bits. It is a DivisorError if a divisor of n is found.
//
// Like all functions of this package that take alive, it calls alive every few
// milliseconds from the caller's goroutine. If alive returns an error, the function
// ends and returns that error.
func NewParams(alive func() error, n *big.Int) (Params, error) {
	var p Params
	err := new(factorBase).choose(alive, &p, n, tuningFor(n.BitLen()))
	return p, err
}

// choose sets p for n with the tuning t, and f to the factor base of p.
//
// The order matters: the multiplier determines the base, the base determines the
// bounds, and the target of the coefficients needs the interval.
func (f *factorBase) choose(alive func() error, p *Params, n *big.Int, t tuning) error {
	if n.Sign() < 0 || n.Bit(0) == 0 || n.BitLen() < MinBits || n.BitLen() > MaxBits {
		return ErrParams
	}
	var words huge
	words.setBig(n)
	if words.mayBeSquare() {
		if r := new(big.Int).Sqrt(n); new(big.Int).Mul(r, r).Cmp(n) == 0 {
			return &DivisorError{r}
		}
	}
	*p = Params{N: n, Multiplier: multiplier(&words), Primes: uint32(t.primes)}
	if err := f.build(alive, &words, p.Multiplier, int(p.Primes)); err != nil {
		return err
	}
	p.Hash = f.hash()
	p.Small = uint32(f.index(t.small))
	p.Interval = uint32(t.interval) &^ 63
	if p.Interval > blockSize {
		p.Interval = (p.Interval + blockSize/2) &^ (blockSize - 1)
	}
	p.setBounds(f, &t)
	p.setPools(f, &t)
	return nil
}

// rebuild sets f to the factor base of p, which may come from another machine or from
// an attacker. It returns ErrParams unless
//
//   - all fields are within the ranges of Params,
//   - the base has the hash of p, so that indices mean the same primes on both
//     machines,
//   - both pools are ranges of the base with primes below maxFactor, none of which
//     divides k,
//   - pool a has at least s primes.
//
// The indices, shifts and slices of the sieve rely on these ranges. The parameters need
// not be good ones: with wrong thresholds there are few relations, but those that pass
// Verifier hold.
func (f *factorBase) rebuild(alive func() error, p *Params) error {
	if !p.inRange() {
		return ErrParams
	}
	var n huge
	n.setBig(p.N)
	if err := f.build(alive, &n, p.Multiplier, int(p.Primes)); err != nil {
		if _, ok := err.(*DivisorError); ok {
			err = ErrParams
		}
		return err
	}
	if f.hash() != p.Hash {
		return ErrParams
	}
	for _, pool := range [...][2]uint32{p.PoolA, p.PoolB} {
		if int(pool[0]) < f.special || f.prime[pool[1]-1] >= maxFactor {
			return ErrParams
		}
	}
	if int(p.Small) < f.special {
		return ErrParams
	}
	return nil
}

// inRange reports whether the fields of p are within the ranges that can be checked
// without the factor base. Memory, ExpectedRelations and Coefficients rely on them.
func (p *Params) inRange() bool {
	if p.N == nil || p.N.Sign() < 0 || p.N.Bit(0) == 0 || p.N.BitLen() < MinBits || p.N.BitLen() > MaxBits ||
		!slices.Contains(multipliers[:], p.Multiplier) || p.Primes < minPrimes || p.Primes > maxPrimes ||
		p.Interval < 64 || p.Interval > maxInterval || p.Interval%64 != 0 || p.Candidate > 128 || p.Small > p.Primes ||
		p.Interval > blockSize && p.Interval%blockSize != 0 ||
		p.Factors < 2 || p.Factors > maxFactors || !(p.Tolerance >= 1 && p.Tolerance <= maxTolerance) {
		return false
	}
	for _, pool := range [...][2]uint32{p.PoolA, p.PoolB} {
		if pool[0] > pool[1] || pool[1] > p.Primes || pool[1]-pool[0] > 2*maxPool {
			return false
		}
	}
	return int(p.PoolA[1]-p.PoolA[0])/2 >= int(p.Factors)
}
