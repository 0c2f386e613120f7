package verify

import (
	"context"
	"math/big"
)

// largeBits is the length from which a primality test is long enough to be interrupted: below, it
// takes some milliseconds. There the loops of this file are also faster than those of math/big.
const largeBits = 2048

// checkEvery is how many multiplications of large numbers pass between two calls of a check
// function. At 16,384 bits they take about 10 ms.
const checkEvery = 128

// probablePrime reports whether n >= 2^64 passes the Baillie-PSW test: the strong test to base 2 and
// the extra strong Lucas test, as in math/big. isBailliePSW has the sources.
// The error is the cause of the end of ctx, which is looked at before and during the test.
func probablePrime(ctx context.Context, n *big.Int) (bool, error) {
	if err := ended(ctx); err != nil {
		return false, err
	}
	if n.BitLen() < largeBits {
		return n.ProbablyPrime(0), nil
	}
	if hasSmallPrime(n) {
		return false, nil
	}
	t := &modulus{n: n, ctx: ctx}
	prime := t.strong() && t.lucas()
	return prime && t.err == nil, t.err
}

// ended returns the cause if ctx has ended.
func ended(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// A modulus multiplies modulo n, an odd number. Once err is set, its loops end, and their results have
// no meaning.
type modulus struct {
	n        *big.Int
	ctx      context.Context
	products int     // since the last look at ctx
	err      error   // the cause of the end of ctx
	quotient big.Int // memory of mul, as product
	product  big.Int
}

// mul sets z to x*y + c mod n. It reports false once ctx has ended.
func (t *modulus) mul(z, x, y, c *big.Int) bool {
	if t.products++; t.products >= checkEvery {
		t.products = 0
		t.err = ended(t.ctx)
	}
	if t.err != nil {
		return false
	}
	t.product.Mul(x, y)
	t.product.Add(&t.product, c)
	t.quotient.DivMod(&t.product, t.n, z)
	return true
}

// power returns x^e mod n for odd n and x, e >= 0. The error is the cause of the end of ctx.
func power(ctx context.Context, x, e, n *big.Int) (*big.Int, error) {
	if err := ended(ctx); err != nil {
		return nil, err
	}
	if n.BitLen() < largeBits {
		return new(big.Int).Exp(x, e, n), nil
	}
	m, zero := &modulus{n: n, ctx: ctx}, new(big.Int)
	y := big.NewInt(1) // x^(the bits of e so far)
	for i := e.BitLen() - 1; i >= 0; i-- {
		if !m.mul(y, y, y, zero) || e.Bit(i) == 1 && !m.mul(y, y, x, zero) {
			return nil, m.err
		}
	}
	return y, nil
}

// strong is the strong test to base 2: n-1 = d*2^s, d odd; 2^d = 1, or 2^(d*2^i) = -1 for an i < s.
func (t *modulus) strong() bool {
	zero, minusOne := new(big.Int), new(big.Int).Sub(t.n, one)
	s := minusOne.TrailingZeroBits()
	d := new(big.Int).Rsh(minusOne, s)
	x := big.NewInt(1) // 2^(the bits of d so far)
	for i := d.BitLen() - 1; i >= 0; i-- {
		if !t.mul(x, x, x, zero) {
			return false
		}
		if d.Bit(i) == 1 {
			if x.Lsh(x, 1); x.Cmp(t.n) >= 0 {
				x.Sub(x, t.n)
			}
		}
	}
	if x.Cmp(one) == 0 {
		return true
	}
	for ; s > 0; s-- {
		if x.Cmp(minusOne) == 0 {
			return true
		}
		if !t.mul(x, x, x, zero) {
			return false
		}
	}
	return false
}

// lucas is the Lucas test, for n without prime factors below smallBound: n+1 = k*2^r, k odd; V(k) = 2 or -2 and U(k) = 0, or V(k*2^i) = 0 for an
// i < r-1, with the sequences U, V of the least P >= 3 with (P^2-4 / n) = -1, and Q = 1.
func (t *modulus) lucas() bool {
	p := t.parameter()
	if p == nil {
		return false
	}
	two, minusTwo, minusP := big.NewInt(2), big.NewInt(-2), new(big.Int).Neg(p)
	k := new(big.Int).Add(t.n, one)
	r := k.TrailingZeroBits()
	k.Rsh(k, r)
	v, w := big.NewInt(2), new(big.Int).Set(p) // V(j), V(j+1), j = the bits of k so far
	for i := k.BitLen() - 1; i >= 0; i-- {
		even, odd := v, w // which of the two becomes V(2j) or V(2j+2), and which V(2j+1)
		if k.Bit(i) == 1 {
			even, odd = w, v
		}
		if !t.mul(odd, v, w, minusP) || !t.mul(even, even, even, minusTwo) {
			return false
		}
	}
	if v.Cmp(two) == 0 || new(big.Int).Sub(t.n, v).Cmp(two) == 0 {
		// U(k) = 0 exactly if 2*V(k+1) = P*V(k), see lucasEnd.
		w.Lsh(w, 1)
		w.Sub(w, v.Mul(v, p))
		return w.Mod(w, t.n).Sign() == 0
	}
	for ; r > 1; r-- {
		if v.Sign() == 0 {
			return true
		}
		if !t.mul(v, v, v, minusTwo) {
			return false
		}
	}
	return false
}

// parameter returns P of the Lucas test, or nil if n is a square. P^2-4 is prime to n, since P+2 is
// below smallBound.
func (t *modulus) parameter() *big.Int {
	if isPerfectSquare(t.n) {
		return nil
	}
	for p := int64(3); ; p++ {
		if big.Jacobi(big.NewInt(p*p-4), t.n) == -1 {
			return big.NewInt(p)
		}
	}
}
