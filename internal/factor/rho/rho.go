// Package rho splits a composite word by Pollard's rho method.
//
// The sequence y' = y^2 + c mod n, taken modulo an unknown prime p that divides
// n, runs into a cycle after about sqrt(p) steps; then gcd(x-y, n) > 1 for two
// of its terms. Brent's variant keeps one old term x and compares it with the
// terms that follow, in one product for many of them, so that a step costs two
// multiplications and there is a gcd only now and then.
//
// Source: R. P. Brent, An improved Monte Carlo factorization algorithm, BIT 20
// (1980), section 7; J. M. Pollard, A Monte Carlo method for factorization, BIT
// 15 (1975).
//
// It does not test for primality: a prime costs the full effort and then ends
// in the search of last resort, which is slow.
package rho

import (
	"math/bits"

	"factorfleet/internal/factor/mont"
)

const (
	// batch is the number of differences multiplied together before a gcd. From
	// 64 to 512 it makes no difference beyond 3 %: BenchmarkSplit.
	batch = 128

	// maxSteps ends a walk. A prime factor is below 2^32, and a random walk
	// modulo p needs more than 16*sqrt(p) = 2^20 steps with probability e^-128.
	maxSteps = 1 << 20

	// maxWalks is the number of constants tried.
	maxWalks = 32

	// checkEvery is the number of steps, about 5 ns each, between two calls of check.
	checkEvery = 1 << 13
)

// Split returns a divisor d of n with 1 < d < n. Requires n odd and composite.
// The seed chooses the walks. Split calls check about every tenth of a
// millisecond and returns its error if there is one.
//
// It always succeeds: should all walks fail, trial division does the rest.
func Split(n, seed uint64, check func() error) (uint64, error) {
	return split(n, seed, maxWalks, check)
}

func split(n, seed uint64, walks int, check func() error) (uint64, error) {
	m := mont.New(n)
	for i := range walks {
		w := walk{n: n, nInv: m.NInv(), one: m.One(), check: check}
		// Any constant but 0 and -2 gives a walk that looks random.
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

// A walk is the sequence y' = y^2/R + c mod n, R = 2^64, which is y^2 + c in
// Montgomery form.
type walk struct {
	n, nInv, one, c uint64
	check           func() error
}

// next returns the term after y. Requires y < n.
//
// With y^2 = hi*R + lo it is (hi + c) - h, h as in mont.Redc, where hi + c does not
// wait for h.
func (w *walk) next(y uint64) uint64 {
	hi, lo := bits.Mul64(y, y)
	h, _ := bits.Mul64(lo*w.nInv, w.n)
	return mont.Sub(mont.Add(hi, w.c, w.n), h, w.n)
}

// run walks until a proper divisor of n turns up. It returns 0 if the cycle
// closes modulo all prime factors at once, or after limit steps.
func (w *walk) run(limit int) (uint64, error) {
	y := w.one
	for r, left := 1, checkEvery; r < limit; r *= 2 {
		// Before and after each round y is the term number r-1, and all terms
		// before it have been looked at as far as Brent's method does.
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

// product walks on from y and returns the new y and q times the differences of
// x and the terms passed.
func (w *walk) product(x, y, q uint64, steps int) (uint64, uint64) {
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

// backtrack repeats the steps after y one by one. It returns the first gcd
// above 1, or 0 if that is n.
func (w *walk) backtrack(x, y uint64, steps int) uint64 {
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

// lastResort returns the smallest prime factor of n by trial division, seconds
// of work for the largest n. Requires n odd and composite.
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
