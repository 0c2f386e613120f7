// Package pm1 finds a prime factor p of n for which p-1, or p+1, is smooth. For p+1 see plus.go.
//
// Stage 1 computes h = 3^E mod n, E the product of all prime powers up to B1. If
// p-1 divides E, then h = 1 mod p and p divides gcd(h-1, n). Stage 2, see stage2.go,
// finds a p whose p-1 has, beyond that, one more prime factor q with B1 < q <= B2.
//
// Source: J. M. Pollard, Theorems on factorization and primality testing, Proc.
// Cambridge Phil. Soc. 76 (1974); P. L. Montgomery, Speeding the Pollard and
// elliptic curve methods of factorization, Math. Comp. 48 (1987), section 4.
//
// It tests nothing for primality: the factor found may be composite.
package pm1

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
)

// checkEvery is how many word products, about a nanosecond each, pass between
// two calls of check.
const checkEvery = 1 << 16

// Find looks for a divisor d of n, 1 < d < n, with the bounds b1 < b2 < 2^40; a b1 below 3 counts
// as 3. It returns nil if it finds none. Requires n odd, n >= 3, not divisible by 3. It calls
// check about every tenth of a millisecond, never less often than after each
// product modulo n, and returns its error if there is one.
func Find(n *big.Int, b1, b2 uint64, check func() error) (*big.Int, error) {
	return find(b1, b2, func() *search {
		s := newSearch(n, check)
		s.w.SetWord(s.h, 3)
		copy(s.unit, s.w.One())
		return s
	})
}

// find does both stages with what begin returns.
func find(b1, b2 uint64, begin func() *search) (*big.Int, error) {
	b1 = max(b1, 3)
	s := begin()
	s.stage1(b1, false)
	switch d := s.gcd(s.excess()); {
	case s.err != nil:
		return nil, s.err
	case d.Cmp(s.n) == 0:
		// All prime factors at once: they part if it goes prime by prime.
		s = begin()
		d = s.stage1(b1, true)
		return d, s.err
	case d.Cmp(one) != 0:
		return d, nil
	}
	d := s.stage2(b1, b2, false)
	if s.err == nil && d != nil && d.Cmp(s.n) == 0 {
		d = s.stage2(b1, b2, true)
	}
	return d, s.err
}

var one = big.NewInt(1)

type search struct {
	n     *big.Int
	w     *mont.Wide
	plus  bool         // p+1
	h     mont.Element // stage 1: 3^(what has been multiplied so far), or V of that
	unit  mont.Element // what h is if that is 0: 1, or 2
	two   mont.Element
	t, u  mont.Element // scratch
	check func() error
	done  int // word products since the last check
	err   error
}

func newSearch(n *big.Int, check func() error) *search {
	s := &search{n: n, w: mont.NewWide(n), check: check}
	s.h, s.unit, s.two, s.t, s.u = s.w.New(), s.w.New(), s.w.New(), s.w.New(), s.w.New()
	s.w.Add(s.two, s.w.One(), s.w.One())
	return s
}

func (s *search) mul(z, x, y mont.Element) {
	s.w.Mul(z, x, y)
	s.done += 2 * s.w.Words() * s.w.Words()
	if s.done >= checkEvery {
		s.done = 0
		s.err = s.check()
	}
}

// exp sets h = h^e, or V(e) of h. Requires e > 0.
func (s *search) exp(e uint64) {
	copy(s.t, s.h)
	if s.plus {
		s.lucas(s.h, s.t, e)
	} else {
		s.power(s.h, s.t, e)
	}
}

// power sets z = x^e. Requires e > 0 and z to be another element than x.
func (s *search) power(z, x mont.Element, e uint64) {
	copy(z, x)
	for i := bits.Len64(e) - 2; i >= 0 && s.err == nil; i-- {
		s.mul(z, z, z)
		if e>>i&1 == 1 {
			s.mul(z, z, x)
		}
	}
}

// excess returns h-1, or h-2, in the scratch element.
func (s *search) excess() mont.Element {
	s.w.Sub(s.t, s.h, s.unit)
	return s.t
}

// gcd returns gcd(x, n), which is n for x = 0.
func (s *search) gcd(x mont.Element) *big.Int {
	d := s.w.Raw(new(big.Int), x)
	return d.GCD(nil, nil, d, s.n)
}

// proper returns gcd(x, n) if 1 < gcd < n.
func (s *search) proper(x mont.Element) *big.Int {
	if d := s.gcd(x); d.Cmp(one) != 0 && d.Cmp(s.n) != 0 {
		return d
	}
	return nil
}

// stage1 has exp take every prime as often as its powers are <= b1. If careful,
// it takes a gcd after each power and returns the first proper divisor.
func (s *search) stage1(b1 uint64, careful bool) *big.Int {
	product := uint64(1)
	it := prime.Primes(2, b1)
	for p := it.Next(); p != 0 && s.err == nil; p = it.Next() {
		for q := p; q <= b1; q *= p {
			if careful {
				s.exp(p)
				if d := s.proper(s.excess()); d != nil {
					return d
				}
				continue
			}
			hi, lo := bits.Mul64(product, p)
			if hi != 0 {
				s.exp(product)
				lo = p
			}
			product = lo
		}
	}
	s.exp(product)
	return nil
}
