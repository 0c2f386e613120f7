package factor

import (
	"math/big"

	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
)

// A witnesses finds the witnesses of a probable prime n, see Witness. Once check has
// returned an error, err is set and all results are meaningless.
//
// Why a witness of n-1 proves something (H. C. Pocklington, 1914): let p be a prime
// factor of n and q^v the full power of q in n-1. The order of A modulo p divides n-1,
// but not (n-1)/q, since A^((n-1)/q) - 1 is prime to n. So q^v divides the order, and
// the order divides p-1: p = 1 mod q^v. With several q, p = 1 mod F1. If F1 > sqrt(n),
// n has no prime factor up to its square root. For n+1 the same holds in the ring of x
// + y*sqrt(D), with p = 1 or -1 mod F2. verify/theorem.go has the proofs.
type witnesses struct {
	n     *big.Int
	w     *mont.Wide
	check func() error
	done  int // word products since the last check
	err   error
}

func newWitnesses(n *big.Int, check func() error) *witnesses {
	return &witnesses{n: n, w: mont.NewWide(n), check: check}
}

// mostTries is the number of candidates that are tried for one q. If n is prime, the
// powers a^((n-1)/q) are equally distributed over the q-th roots of unity. So a
// candidate fails with probability 1/q, and all fail with probability 2^-100 at most.
const mostTries = 100

// checkWork is the number of word products, about a nanosecond each, between two calls
// of check.
const checkWork = 1 << 16

// mul sets z = x*y, and calls check from time to time. After an error it does nothing.
func (t *witnesses) mul(z, x, y mont.Element) {
	if t.err != nil {
		return
	}
	t.w.Mul(z, x, y)
	t.done += 2 * t.w.Words() * t.w.Words()
	if t.done >= checkWork {
		t.done, t.err = 0, t.check()
	}
}

// minus returns a witness a of q, a prime factor of n-1:
//
//	a^(n-1) = 1 mod n  and  gcd(a^((n-1)/q) - 1, n) = 1.
//
// It computes b = a^((n-1)/q) and then b^q, about log2(n) squarings for each a. It
// returns 0 if it finds none; then n is composite, or all candidates failed.
func (t *witnesses) minus(q *big.Int) (uint32, error) {
	e := new(big.Int).Sub(t.n, one)
	e.Quo(e, q)
	x := t.w.New()
	// The primes in ascending order are the candidates.
	for _, a := range prime.Small()[:mostTries] {
		t.w.SetWord(x, uint64(a))
		b := t.power(x, e)
		if t.err == nil && b.Equal(t.w.One()) {
			continue
		}
		c := t.power(b, q)
		switch {
		case t.err != nil:
			return 0, t.err
		case !c.Equal(t.w.One()):
			return 0, nil
		}
		t.w.Sub(b, b, t.w.One())
		return t.primeTo(b, a), nil
	}
	return 0, nil
}

// primeTo returns a if gcd(x, n) = 1, else 0. The gcd is computed from the words of x,
// which are x*R mod n: R is prime to n and does not change the gcd.
func (t *witnesses) primeTo(x mont.Element, a uint32) uint32 {
	if g := t.w.Raw(new(big.Int), x); g.GCD(nil, nil, g, t.n).Cmp(one) != 0 {
		return 0
	}
	return a
}

// power returns x^e, e >= 1.
func (t *witnesses) power(x mont.Element, e *big.Int) mont.Element {
	z := t.w.New()
	copy(z, x)
	for i := e.BitLen() - 2; i >= 0; i-- {
		t.mul(z, z, z)
		if e.Bit(i) == 1 {
			t.mul(z, z, x)
		}
	}
	return z
}

// plus returns a witness A of q, a prime factor of n+1. With a = A + sqrt(D) and the
// coefficient y of x + y*sqrt(D):
//
//	y of a^(n+1) = 0  and  gcd(y of a^((n+1)/q), n) = 1.
//
// It returns 0 if it finds none. A candidate with A^2 = D is skipped: its norm is 0.
func (t *witnesses) plus(q *big.Int) (uint32, error) {
	d := t.nonResidue()
	if d == 0 {
		return 0, nil
	}
	e := new(big.Int).Add(t.n, one)
	e.Quo(e, q)
	r := &quadratic{t: t, d: t.w.New(), s: t.w.NewSlice(2)}
	t.w.SetWord(r.d, d)
	for a := uint32(1); a <= mostTries; a++ {
		if uint64(a)*uint64(a) == d {
			continue
		}
		// x = a + sqrt(d)
		x := t.w.NewSlice(2)
		t.w.SetWord(x[0], uint64(a))
		copy(x[1], t.w.One())
		b := r.power(x, e)
		if t.err == nil && b[1].IsZero() {
			continue
		}
		c := r.power(b, q)
		switch {
		case t.err != nil:
			return 0, t.err
		case !c[1].IsZero():
			return 0, nil
		}
		return t.primeTo(b[1], a), nil
	}
	return 0, nil
}

// nonResidue returns the least d >= 2 with the Jacobi symbol (d/n) = -1, or 0 if there
// is none below 1000, as for squares.
func (t *witnesses) nonResidue() uint64 {
	for d := int64(2); d < 1000; d++ {
		if big.Jacobi(big.NewInt(d), t.n) == -1 {
			return uint64(d)
		}
	}
	return 0
}

// A quadratic is the ring of all x + y*sqrt(d) mod n. An element is the slice of x and
// y.
type quadratic struct {
	t *witnesses
	d mont.Element
	s []mont.Element // scratch: two
}

// mul sets a = a*b, a and b may be the same:
//
//	(ax + ay*sqrt(d)) (bx + by*sqrt(d)) = (ax*bx + d*ay*by) + (ax*by + ay*bx)*sqrt(d)
func (r *quadratic) mul(a, b []mont.Element) {
	t, u, v := r.t, r.s[0], r.s[1]
	t.mul(u, a[1], b[1])
	t.mul(u, u, r.d)
	t.mul(v, a[0], b[1])
	x := t.w.New()
	t.mul(x, a[1], b[0])
	t.w.Add(v, v, x)
	t.mul(x, a[0], b[0])
	t.w.Add(a[0], x, u)
	copy(a[1], v)
}

// power returns x^e, e >= 1.
func (r *quadratic) power(x []mont.Element, e *big.Int) []mont.Element {
	z := r.t.w.NewSlice(2)
	copy(z[0], x[0])
	copy(z[1], x[1])
	for i := e.BitLen() - 2; i >= 0; i-- {
		r.mul(z, z)
		if e.Bit(i) == 1 {
			r.mul(z, x)
		}
	}
	return z
}
