package ecm

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// This file and search_*_test.go have a plain implementation of curves, one at a time and with a
// ladder. The tests compare the programs and Runner with it.

// Find runs the curve c on n and returns a divisor d of n, 1 < d < n, or nil.
// The requirements are those of NewPlan and NewSearch.
func Find(n *big.Int, c Curve, check func() error) (*big.Int, error) {
	p, err := NewPlan(c.B1, c.B2, check)
	if err != nil {
		return nil, err
	}
	return NewSearch(n, check).Run(p, c.Sigma)
}

// A Search runs curves modulo one n.
type Search struct {
	f         field
	q         point // the point of the curve, after stage 1
	r, s      point
	stage2Mem stage2
}

// NewSearch returns a search for divisors of n, odd and not divisible by 3, n >= 5.
// Run will call check about every tenth of a millisecond, never less often than
// after each point operation, and return its error if there is one.
func NewSearch(n *big.Int, check func() error) *Search {
	s := new(Search)
	s.f.init(n, check)
	s.q, s.r, s.s = s.f.newPoint(), s.f.newPoint(), s.f.newPoint()
	return s
}

// Run runs the curve sigma >= MinSigma. It returns a divisor d of n, 1 < d < n,
// or nil if there is none to be found.
func (s *Search) Run(p *Plan, sigma uint64) (*big.Int, error) {
	s.f.err = nil
	if d := s.f.suyama(s.q, sigma); d != nil {
		return s.f.ifProper(d), nil
	}
	s.stage1(p, false)
	d := s.f.gcd(s.q.z)
	switch {
	case s.f.err != nil:
		return nil, s.f.err
	case d.Cmp(s.f.w.N()) == 0:
		// All prime factors came at once. Prime by prime, they usually come apart.
		s.f.suyama(s.q, sigma)
		d = s.stage1(p, true)
	case d.Cmp(one) == 0:
		d = s.stage2(p)
	}
	return d, s.f.err
}

// stage1 sets q to the product of all prime powers up to B1 times q. If careful
// it takes a gcd after each power and returns the first proper divisor.
func (s *Search) stage1(p *Plan, careful bool) *big.Int {
	for _, q := range p.primes {
		for power := uint64(q); power <= p.B1 && s.f.err == nil; power *= uint64(q) {
			s.multiply(uint64(q))
			if careful {
				if d := s.f.proper(s.q.z); d != nil {
					return d
				}
			}
		}
	}
	return nil
}

// multiply sets q = k*q. Requires k >= 2.
func (s *Search) multiply(k uint64) {
	if bits.OnesCount64(k) == 1 {
		for ; k > 1; k /= 2 {
			s.f.double(s.q, s.q)
			s.f.work(5)
		}
		return
	}
	s.f.ladder(s.r, s.s, s.q, k)
	s.q, s.r = s.r, s.q
}

// affine sets xs[i] to the x of ps[i], which is X/Z, with one inversion for all.
// If that fails, a Z has a factor in common with n: it returns false and the
// factor, or nil if none is proper.
func (f *field) affine(xs []mont.Element, ps []point) (*big.Int, bool) {
	// Upwards xs[i] = z0*...*zi; downwards, before each step, inv = 1/(z0*...*zi).
	w := f.w
	copy(xs[0], ps[0].z)
	for i := 1; i < len(ps); i++ {
		w.Mul(xs[i], xs[i-1], ps[i].z)
		f.work(1)
	}
	inv, t := f.t[0], f.t[1]
	copy(inv, xs[len(ps)-1])
	if d := f.invert(inv); d != nil {
		if d = f.ifProper(d); d != nil {
			return d, false
		}
		for _, p := range ps {
			if d = f.proper(p.z); d != nil {
				break
			}
		}
		return d, false
	}
	for i := len(ps) - 1; i > 0; i-- {
		w.Mul(t, inv, xs[i-1])
		w.Mul(xs[i], ps[i].x, t)
		w.Mul(inv, inv, ps[i].z)
		f.work(3)
	}
	w.Mul(xs[0], ps[0].x, inv)
	return nil, true
}
