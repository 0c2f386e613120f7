package ecm

import (
	"math/big"

	"factorfleet/internal/factor/mont"
)

// suyama sets the curves and their points by Suyama's parameter sigma (H. Suyama, 1985,
// as in P. Zimmermann, B. Dodson, 2006):
//
//	u = sigma^2 - 5,  v = 4 sigma
//	Q = u^3 : v^3                                 the point X : Z
//	(A+2)/4 = (v-u)^3 (3u+v) / (16 u^3 v)         the constant of the curve
//
// The order of such a curve modulo every p is divisible by 12. If the denominator
// shares a factor with n, there is no curve modulo n: it is finished, with that factor
// as its divisor if the factor is proper.
func (s *Runner) suyama(cs []runnerCurve, sigmas []uint64) {
	w := &s.w
	u, v, x, t := s.t[0], s.t[1], s.t[2], s.t[3]
	for i := range cs {
		c, den := &cs[i], s.inv[i]
		c.sigma, c.finished, c.d = sigmas[i], false, nil
		// u = sigma^2 - 5, v = 4 sigma
		w.SetWord(v, c.sigma)
		w.SetWord(t, 5)
		w.Mul(u, v, v)
		w.Sub(u, u, t)
		w.Add(v, v, v)
		w.Add(v, v, v)
		// q = u^3 : v^3
		w.Mul(x, u, u)
		w.Mul(c.q[0], x, u)
		w.Mul(x, v, v)
		w.Mul(c.q[1], x, v)
		// den = 16 u^3 v, a24 = (v-u)^3 (3u+v)
		w.SetWord(t, 16)
		w.Mul(x, c.q[0], v)
		w.Mul(den, x, t)
		w.Sub(t, v, u)
		w.Mul(x, t, t)
		w.Mul(x, x, t)
		w.Add(t, u, u)
		w.Add(t, t, u)
		w.Add(t, t, v)
		w.Mul(c.a24, x, t)
	}
	// One inversion for all denominators.
	gcds := s.invertAll(s.inv[:len(cs)])
	for i := range cs {
		w.Mul(cs[i].a24, cs[i].a24, s.inv[i])
	}
	for i, d := range gcds {
		if d == nil {
			continue
		}
		if cs[i].finished = true; d.Cmp(w.N()) != 0 {
			cs[i].d = d
		}
	}
}

// invertAll replaces each of xs, at most Group elements, by its inverse, with one
// inversion for all (P. L. Montgomery's trick). An element without an inverse becomes
// 1. Then gcds has its gcd with n, at its index, and nil at the others; gcds is nil if
// all have inverses.
func (s *Runner) invertAll(xs []mont.Element) (gcds []*big.Int) {
	// The first loop sets pre[i] = x0*...*xi. Before each step of the last loop inv =
	// 1/(x0*...*xi), so that 1/xi = inv * pre[i-1].
	w, inv, t := &s.w, s.t[0], s.t[1]
	last := len(xs) - 1
	for {
		copy(s.pre[0], xs[0])
		for i, x := range xs[1:] {
			w.Mul(s.pre[i+1], s.pre[i], x)
		}
		var b big.Int
		if b.ModInverse(w.Value(&b, s.pre[last]), w.N()) != nil {
			w.SetBig(inv, &b)
			break
		}
		gcds = make([]*big.Int, len(xs))
		for i, x := range xs {
			if d := s.gcd(x); d.Cmp(one) != 0 {
				gcds[i] = d
				copy(x, w.One())
			}
		}
	}
	for i := last; i > 0; i-- {
		w.Mul(t, inv, s.pre[i-1])
		w.Mul(inv, inv, xs[i])
		copy(xs[i], t)
	}
	copy(xs[0], inv)
	return gcds
}

// first returns the first divisor that was found.
func first(cs []runnerCurve) (d *big.Int, which int) {
	for i := range cs {
		if cs[i].d != nil {
			return cs[i].d, i
		}
	}
	return nil, 0
}
