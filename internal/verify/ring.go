package verify

import (
	"context"
	"math/big"
)

// A ring is the ring of all x + y*sqrt(D) modulo n. If n is prime and (D/n) = -1, it is the field of n^2 elements.
// But n may be composite: the proofs in theorem.go assume nothing about the ring.
type ring struct{ n, d *big.Int }

// An element is x + y*sqrt(D), 0 <= x, y < n. Its numbers are never changed.
type element struct{ x, y *big.Int }

// unit reports whether e has an inverse, that is, whether its norm x^2 - D*y^2 is prime to n.
func (r *ring) unit(e element) bool {
	norm := new(big.Int).Mul(e.x, e.x)
	dy := new(big.Int).Mul(e.y, e.y)
	norm.Sub(norm, dy.Mul(dy, r.d)).Mod(norm, r.n)
	return norm.GCD(nil, nil, norm, r.n).Cmp(one) == 0
}

// mul returns (a.x*b.x + D*a.y*b.y) + (a.x*b.y + a.y*b.x)*sqrt(D).
//
// These are four products and two reductions, which task.Certificate counts as lucasWeight.
func (r *ring) mul(a, b element) element {
	x, y, t := new(big.Int).Mul(a.x, b.x), new(big.Int).Mul(a.x, b.y), new(big.Int).Mul(a.y, b.y)
	x.Add(x, t.Mul(t, r.d)).Mod(x, r.n)
	y.Add(y, t.Mul(a.y, b.x)).Mod(y, r.n)
	return element{x, y}
}

// exp returns a^e, e >= 0. Before and after each iteration b = a^(the bits of e so far). The error is
// the cause of the end of ctx.
func (r *ring) exp(ctx context.Context, a element, e *big.Int) (element, error) {
	b := element{big.NewInt(1), new(big.Int)}
	for i := e.BitLen() - 1; i >= 0; i-- {
		if i%16 == 0 && ctx.Err() != nil { // at 16,384 bits every 10 ms
			return element{}, context.Cause(ctx)
		}
		b = r.mul(b, b)
		if e.Bit(i) == 1 {
			b = r.mul(b, a)
		}
	}
	return b, nil
}
