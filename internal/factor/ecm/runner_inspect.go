package ecm

import (
	"math/big"

	"factorfleet/internal/factor/mont"
)

// inspect looks for divisors of n in the numbers that a stage has made. Where it is n itself,
// all prime factors have come at once: they part if again is careful.
func (s *Runner) inspect(cs []runnerCurve, number func(c *runnerCurve) mont.Element, again func(c *runnerCurve)) {
	if s.err != nil {
		return
	}
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
		case d.Cmp(s.w.N()) == 0:
			s.careful, s.found = true, nil
			again(c)
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

// gcd returns gcd(x, n), which is n for x = 0.
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
