package verify

import "math/bits"

// bothPrime reports whether both of n pass the Baillie-PSW test of provedPrime. Requires
// tableSize <= n < lazyBound and n odd. It is baillie of the two in one loop, so that they do
// not wait for each other.
func bothPrime(n *[2]uint64) bool {
	p := [2]uint64{lucasP(n[0]), lucasP(n[1])}
	if p[0] == 0 || p[1] == 0 {
		return false
	}
	length := max(bits.Len64(n[0]), bits.Len64(n[1])) - 1
	a, b := newPower(n[0], p[0], length), newPower(n[1], p[1], length)
	powers2(&a, &b, length)
	return a.passes() && b.passes()
}

// A power is the state of lazyPowers for one n.
type power struct {
	field
	p, two  uint64
	d, k    uint64 // the exponents, from the highest bit on
	x, v, w uint64
}

func newPower(n, p uint64, length int) power {
	f := newField(n)
	d, k := (n-1)>>bits.TrailingZeros64(n-1), (n+1)>>bits.TrailingZeros64(n+1)
	two, pf := add(f.one, f.one, n), f.form(p)
	return power{f, pf, two, d << (64 - length), k << (64 - length), f.one, two, pf}
}

// powers2 is lazyPowers for a and b, with length leading bits of their exponents.
func powers2(a, b *power, length int) {
	an, ai, ad, ak, at, ap, ax, av, aw := a.n, a.inv, a.d, a.k, 2*a.n-a.two, 2*a.n-a.p, a.x, a.v, a.w
	bn, bi, bd, bk, bt, bp, bx, bv, bw := b.n, b.inv, b.d, b.k, 2*b.n-b.two, 2*b.n-b.p, b.x, b.v, b.w
	for range length {
		ax, bx = lazyMul(ax, ax, an, an, ai), lazyMul(bx, bx, bn, bn, bi)
		ax, bx = ax<<(ad>>63), bx<<(bd>>63)
		odd, odd2 := lazyMul(av, aw, ap, an, ai), lazyMul(bv, bw, bp, bn, bi)
		if int64(ak) < 0 {
			av = aw
		}
		if int64(bk) < 0 {
			bv = bw
		}
		even, even2 := lazyMul(av, av, at, an, ai), lazyMul(bv, bv, bt, bn, bi)
		av, aw = even, odd
		if int64(ak) < 0 {
			av, aw = odd, even
		}
		bv, bw = even2, odd2
		if int64(bk) < 0 {
			bv, bw = odd2, even2
		}
		ad, ak, bd, bk = ad<<1, ak<<1, bd<<1, bk<<1
	}
	a.x, a.v, a.w = ax, av, aw
	b.x, b.v, b.w = bx, bv, bw
}

// passes ends both halves of the test.
func (a *power) passes() bool {
	n, inv, one := a.n, a.inv, a.one
	x, v, w := mul(a.x, one, n, inv), mul(a.v, one, n, inv), mul(a.w, one, n, inv)
	return a.strongEnd(x, bits.TrailingZeros64(n-1)) && a.lucasEnd(v, w, a.p, a.two, bits.TrailingZeros64(n+1))
}
