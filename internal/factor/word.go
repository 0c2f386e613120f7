package factor

import (
	"math/bits"

	"factorfleet/internal/factor/prime"
	"factorfleet/internal/factor/rho"
	"factorfleet/internal/nat"
)

// trialCount is the number of odd primes, 3 to 1021, that a word is divided by before
// its primality test. BenchmarkFactor/random40 to random63 is flat from 110 to 308
// primes.
const trialCount = 171

// rhoBits is the size up to which rho is quicker than a curve, by
// BenchmarkFactor/semiprime24 to semiprime32.
const rhoBits = 26

// word appends the factors of n < 2^64 and returns them with the method. It checks the
// context only, not the budget. The error is the cause of the end of the context.
func (e *Engine) word(dst []Factor, n uint64) ([]Factor, string, error) {
	if n < 2 {
		return dst, "", nil
	}
	start := len(dst)
	dst, m := e.trialWord(dst, n)
	if m == 1 {
		return dst, trialMethod(dst[start:]), nil
	}
	if e.roughPrime(m) {
		dst = addPrime(dst, start, m, 1)
		return dst, trialMethod(dst[start:]), nil
	}
	return e.splitWord(dst, start, m, 1)
}

// trialMethod returns the method of a number whose factors fs were all found by trial
// division.
func trialMethod(fs []Factor) string {
	if len(fs) == 1 && fs[0].Exp == 1 {
		return "prime"
	}
	return "trial"
}

// trialWord appends the prime factors of n >= 1 up to 1021 and returns the cofactor: 1,
// a prime, or a number without a factor up to 1021. If it stops at the square root of
// n, the cofactor may be a prime below 1021.
func (e *Engine) trialWord(dst []Factor, n uint64) ([]Factor, uint64) {
	if twos := bits.TrailingZeros64(n); twos > 0 {
		n >>= twos
		dst = append(dst, Factor{nat.New(2), uint32(twos), Prime})
	}
	for i := nextDivisor(e.trial, 0, n); i < len(e.trial); i = nextDivisor(e.trial, i+1, n) {
		d, exp := &e.trial[i], uint32(0)
		n, exp = removeAll(n, d)
		dst = append(dst, Factor{nat.New(d.P), exp, Prime})
	}
	return dst, n
}

// roughPrime reports whether m > 1 is prime. m is a cofactor of trialWord: without a
// prime factor p <= 1021 but m itself, m < 1021^2 is prime.
func (e *Engine) roughPrime(m uint64) bool {
	last := e.trial[len(e.trial)-1].P
	return m < last*last || prime.IsPrimeRough(m)
}

// splitWord appends the prime factors of m^exp to dst[start:], which stays ascending. m
// is composite and a cofactor of trialWord. The method is that of the first split,
// which has the largest number to split.
func (e *Engine) splitWord(dst []Factor, start int, m uint64, exp uint32) ([]Factor, string, error) {
	d, method, err := e.divisor(m)
	if err != nil {
		return dst, "", err
	}
	// Both parts are cofactors of trial division, as m is.
	for _, part := range [...]uint64{d, m / d} {
		if e.roughPrime(part) {
			dst = addPrime(dst, start, part, exp)
			continue
		}
		if dst, _, err = e.splitWord(dst, start, part, exp); err != nil {
			return dst, "", err
		}
	}
	return dst, method, nil
}

// divisor returns a proper divisor of the composite m, a cofactor of trialWord, and the
// method that found it. Rho takes the small numbers, and those that withstand all
// curves of their size.
func (e *Engine) divisor(m uint64) (uint64, string, error) {
	// Curves and rho cannot split the square of a prime.
	if r := prime.Sqrt(m); r*r == m {
		return r, "power", nil
	}
	if bits.Len64(m) > rhoBits {
		if d, method, err := e.batchCurves.SplitWord(m, e.o.Seed, e.checkContext); err != nil || d != 0 {
			return d, method, err
		}
	}
	d, err := rho.Split(m, e.o.Seed, e.checkContext)
	return d, "rho", err
}

// addPrime adds p^exp, p prime, to the ascending factors dst[start:].
func addPrime(dst []Factor, start int, p uint64, exp uint32) []Factor {
	return addFactor(dst, start, Factor{nat.New(p), exp, Prime})
}

// addFactor adds f to the ascending factors dst[start:]. If they have its P already,
// the exponents are added.
func addFactor(dst []Factor, start int, f Factor) []Factor {
	i := len(dst)
	for i > start && dst[i-1].P.Cmp(f.P) > 0 {
		i--
	}
	if i > start && dst[i-1].P.Cmp(f.P) == 0 {
		dst[i-1].Exp += f.Exp
		return dst
	}
	dst = append(dst, f)
	copy(dst[i+1:], dst[i:])
	dst[i] = f
	return dst
}
