// Package pm1 finds a prime factor p of n for which p-1, or p+1, is smooth. For p+1 see
// plus.go.
//
// Stage 1 computes h = 3^E mod n, E the product of all prime powers up to B1. If p-1
// divides E, then h = 1 mod p by Fermat's theorem, and p divides gcd(h-1, n). Stage 2
// (stage2.go) finds p if p-1 divides q*E for one more prime q with B1 < q <= B2.
//
// Sources: J. M. Pollard, Theorems on factorization and primality testing, Proc.
// Cambridge Phil. Soc. 76 (1974); P. L. Montgomery, Speeding the Pollard and elliptic
// curve methods of factorization, Math. Comp. 48 (1987), section 4.
//
// Nothing here is tested for primality: a factor that is found may be composite.
package pm1

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
)

// checkEvery is the number of word products, about a nanosecond each, between two calls
// of check.
const checkEvery = 1 << 16

// Find looks for a divisor d of n, 1 < d < n, by p-1 with the bounds b1 <= b2 < 2^40; a
// b1 below 3 counts as 3. It returns nil if it finds none. Requires n >= 5 odd and not
// divisible by 3.
//
// The error is one of check. Find calls check about every 0.1 ms, never less often than
// after each product modulo n.
func Find(n *big.Int, b1, b2 uint64, check func() error) (*big.Int, error) {
	return find(b1, b2, func() *search {
		s := newSearch(n, check)
		s.w.SetWord(s.h, 3)
		copy(s.unit, s.w.One())
		return s
	})
}

// find runs both stages. begin returns a search at its start. If a gcd is n, all prime
// factors came at once: the stage is repeated with a gcd after each step, which
// separates them if they come at different steps.
func find(b1, b2 uint64, begin func() *search) (*big.Int, error) {
	b1 = max(b1, 3)
	s := begin()
	s.stage1(b1, false)
	switch d := s.gcd(s.excess()); {
	case s.err != nil:
		return nil, s.err
	case d.Cmp(s.n) == 0:
		// All prime factors came at once. Prime by prime, they usually come apart.
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

// A search is the work of p-1 or p+1 on one n.
type search struct {
	n     *big.Int
	w     *mont.Wide
	plus  bool         // p+1, else p-1
	h     mont.Element // stage 1: 3^e, or V(e) for p+1, e the product so far
	unit  mont.Element // the value of h for e = 0: 1, or 2 for p+1
	two   mont.Element // 2
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

// mul sets z = x*y mod n, and calls check from time to time.
func (s *search) mul(z, x, y mont.Element) {
	s.w.Mul(z, x, y)
	s.done += 2 * s.w.Words() * s.w.Words()
	if s.done >= checkEvery {
		s.done = 0
		s.err = s.check()
	}
}

// exp sets h = h^e, or for p+1 h = V(e) of h. Requires e > 0.
func (s *search) exp(e uint64) {
	copy(s.t, s.h)
	if s.plus {
		s.lucas(s.h, s.t, e)
	} else {
		s.power(s.h, s.t, e)
	}
}

// power sets z = x^e. Requires e > 0, and z another element than x.
func (s *search) power(z, x mont.Element, e uint64) {
	copy(z, x)
	for i := bits.Len64(e) - 2; i >= 0 && s.err == nil; i-- {
		s.mul(z, z, z)
		if e>>i&1 == 1 {
			s.mul(z, z, x)
		}
	}
}

// excess returns h-1, or for p+1 h-2, in the scratch element t. It is 0 modulo p if p
// is found.
func (s *search) excess() mont.Element {
	s.w.Sub(s.t, s.h, s.unit)
	return s.t
}

// gcd returns gcd(x, n), and n for x = 0. The words of x are a multiple x*R of x by a
// unit, with the same gcd.
func (s *search) gcd(x mont.Element) *big.Int {
	d := s.w.Raw(new(big.Int), x)
	return d.GCD(nil, nil, d, s.n)
}

// proper returns gcd(x, n) if 1 < gcd < n, else nil.
func (s *search) proper(x mont.Element) *big.Int {
	if d := s.gcd(x); d.Cmp(one) != 0 && d.Cmp(s.n) != 0 {
		return d
	}
	return nil
}

// stage1 applies exp for each prime p, as often as its powers are <= b1. It multiplies
// primes up to a word before each call. If careful is set, it calls exp for each p by
// itself, takes a gcd after it and returns the first proper divisor.
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
