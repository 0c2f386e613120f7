package ecm

import (
	"math/big"

	"factorfleet/internal/factor/mont"
)

// inspect looks for divisors of n in the numbers x that a stage has made, one for each
// curve. One gcd of their product shows whether any curve has found one. A curve with
// gcd(x, n) = n has found all prime factors at once: redo then repeats its stage
// carefully, with a gcd after each step, which usually separates them, unless whole is
// set. Curves with a gcd above 1 are finished, and the first divisor ends the search.
func (s *Runner) inspect(cs []runnerCurve, number func(c *runnerCurve) mont.Element, redo func(c *runnerCurve)) {
	if s.err != nil {
		return
	}
	// Most groups find nothing: one gcd shows that.
	product := s.t[0]
	copy(product, s.w.One())
	for i := range cs {
		if c := &cs[i]; !c.finished {
			s.w.Mul(product, product, number(c))
		}
	}
	if s.gcd(product).Cmp(one) == 0 {
		return
	}
	for i := range cs {
		c := &cs[i]
		if c.finished || s.err != nil {
			continue
		}
		d := s.gcd(number(c))
		switch {
		case d.Cmp(one) == 0:
			continue
		case s.whole: // n counts as a divisor
		case d.Cmp(s.w.N()) == 0:
			// The repetition sets s.found, or c.d if an inversion has failed.
			s.careful, s.found = true, nil
			redo(c)
			if s.careful, d = false, s.found; d == nil {
				d = c.d
			}
		}
		c.finished = true
		if c.d = d; d != nil {
			return
		}
	}
}

// gcd returns gcd(x, n), and n for x = 0.
func (s *Runner) gcd(x mont.Element) *big.Int {
	d := s.w.Raw(new(big.Int), x)
	return d.GCD(nil, nil, d, s.w.N())
}

// proper returns gcd(x, n) if it is neither 1 nor n, else nil.
func (s *Runner) proper(x mont.Element) *big.Int {
	if d := s.gcd(x); d.Cmp(one) != 0 && d.Cmp(s.w.N()) != 0 {
		return d
	}
	return nil
}
