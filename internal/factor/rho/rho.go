// Package rho splits a composite word by Pollard's rho method.
//
// The sequence y' = y^2 + c mod n, taken modulo an unknown prime p that divides n, runs
// into a cycle after about sqrt(p) steps. Then gcd(x-y, n) > 1 for two of its terms x
// and y whose distance is a multiple of the cycle's length. In Brent's variant one term
// x is compared with the terms that are r+1 to 2r later, for r = 1, 2, 4, and so on.
// The differences of many terms are multiplied before a gcd, so that a step costs two
// products.
//
// Sources: R. P. Brent, An improved Monte Carlo factorization algorithm, BIT 20 (1980),
// section 7; J. M. Pollard, A Monte Carlo method for factorization, BIT 15 (1975).
//
// Nothing here is tested for primality: a prime costs the full effort and then ends in
// a slow trial division.
package rho

import (
	"math/bits"

	"factorfleet/internal/factor/mont"
)

const (
	// batch is the number of differences that are multiplied before a gcd. The time
	// differs by less than 3 % from 64 to 512 (BenchmarkSplit).
	batch = 128

	// maxSteps is the most terms of a sequence. The least prime factor p is below 2^32.
	// A random sequence modulo p has no repetition in s steps with probability
	// exp(-s^2/(2p)): exp(-128) for s = 16*sqrt(p) = 2^20.
	maxSteps = 1 << 20

	// maxSequences is the number of sequences that are tried, each with its own c.
	maxSequences = 32

	// checkEvery is the number of steps, about 5 ns each, between two calls of check.
	checkEvery = 1 << 13
)

// Split returns a divisor d of n with 1 < d < n. Requires n odd and composite. The seed
// chooses the constants c. It always succeeds: if all sequences fail, trial division
// finds the divisor. The error is one of check, which it calls about every 0.1 ms.
func Split(n, seed uint64, check func() error) (uint64, error) {
	return split(n, seed, maxSequences, check)
}

// split works like Split with so many sequences.
func split(n, seed uint64, sequences int, check func() error) (uint64, error) {
	m := mont.New(n)
	for i := range sequences {
		w := sequence{n: n, nInv: m.NInv(), one: m.One(), check: check}
		// All constants but 0 and -2 give sequences that look random.
		w.c = (seed+uint64(i))*0x9e3779b97f4a7c15%(n-3) + 1
		if w.c == n-m.Add(m.One(), m.One()) {
			w.c++
		}
		if d, err := w.run(maxSteps); d != 0 || err != nil {
			return d, err
		}
	}
	return lastResort(n, check)
}

// A sequence is the sequence y' = y^2/R + c mod n, R = 2^64: that is y^2 + c in
// Montgomery form. It behaves like a random sequence modulo each p.
type sequence struct {
	n, nInv, one, c uint64
	check           func() error
}

// next returns the term after y < n. With y^2 = hi*R + lo it is (hi + c) - h, h as in
// mont.Redc. hi + c does not wait for h.
func (w *sequence) next(y uint64) uint64 {
	hi, lo := bits.Mul64(y, y)
	h, _ := bits.Mul64(lo*w.nInv, w.n)
	return mont.Sub(mont.Add(hi, w.c, w.n), h, w.n)
}

// run computes terms until a difference has a proper divisor in common with n. It
// returns 0 if the sequence closes its cycle modulo all prime factors at once, or after
// limit terms.
func (w *sequence) run(limit int) (uint64, error) {
	y := w.one
	for r, left := 1, checkEvery; r < limit; r *= 2 {
		// Invariant: y is the term number 2r-2, from 0. It is compared with the terms
		// 3r-1 to 4r-2, so that a cycle of a length from r+1 to 2r is found.
		x := y
		for range r {
			y = w.next(y)
		}
		for k := 0; k < r; k += batch {
			start, q := y, w.one
			steps := min(batch, r-k)
			y, q = w.product(x, y, q, steps)
			if g := mont.GCD(q, w.n); g != 1 {
				return w.backtrack(x, start, steps), nil
			}
			if left -= steps; left <= 0 {
				left = checkEvery
				if err := w.check(); err != nil {
					return 0, err
				}
			}
		}
	}
	return 0, nil
}

// product computes the next terms after y. It returns the last one, and q times the
// differences of x and these terms.
func (w *sequence) product(x, y, q uint64, steps int) (uint64, uint64) {
	n, nInv := w.n, w.nInv
	for range steps {
		y = w.next(y)
		d := x - y
		if x < y {
			d = y - x
		}
		hi, lo := bits.Mul64(q, d)
		q = mont.Redc(hi, lo, n, nInv)
	}
	return y, q
}

// backtrack repeats the steps after y, with a gcd after each. It returns the first gcd
// above 1, or 0 if that is n.
func (w *sequence) backtrack(x, y uint64, steps int) uint64 {
	for range steps {
		y = w.next(y)
		d := x - y
		if x < y {
			d = y - x
		}
		if g := mont.GCD(d, w.n); g == w.n {
			break
		} else if g != 1 {
			return g
		}
	}
	return 0
}

// lastResort returns the smallest prime factor of n by trial division, seconds of work
// for the largest n. Requires n odd and composite.
func lastResort(n uint64, check func() error) (uint64, error) {
	for d := uint64(3); d < 1<<32; d += 2 {
		if n%d == 0 {
			return d, nil
		}
		if d%checkEvery == 1 {
			if err := check(); err != nil {
				return 0, err
			}
		}
	}
	panic("rho: internal error: not a composite")
}
