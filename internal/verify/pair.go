package verify

import "math/bits"

// bothPrime reports whether both of n are prime. It is isBailliePSW of the two in one loop,
// so that the processor overlaps their multiplications: six independent ones for each bit. Requires tableSize <= n <
// lazyBound and n odd.
func bothPrime(n *[2]uint64) bool {
	p := [2]uint64{lucasP(n[0]), lucasP(n[1])}
	if p[0] == 0 || p[1] == 0 {
		return false
	}
	length := max(bits.Len64(n[0]), bits.Len64(n[1])) - 1
	a, b := newPowerState(n[0], p[0], length), newPowerState(n[1], p[1], length)
	lazyPowersPair(&a, &b, length)
	return a.passes() && b.passes()
}

// A powerState is the state of lazyPowers for one n, in Montgomery form.
type powerState struct {
	montgomery
	p, two  uint64 // P and 2
	d, k    uint64 // the rest of the exponents, the next bit first
	x, v, w uint64 // 2^e, V(j), V(j+1)
}

// newPowerState returns the state for the first of length bits. Both numbers have the length of the longer one:
// the leading zeros of the shorter change nothing, as powers says.
func newPowerState(n, p uint64, length int) powerState {
	f := newMontgomery(n)
	d, k := (n-1)>>bits.TrailingZeros64(n-1), (n+1)>>bits.TrailingZeros64(n+1)
	two, pf := add(f.one, f.one, n), f.form(p)
	return powerState{f, pf, two, d << (64 - length), k << (64 - length), f.one, two, pf}
}

// lazyPowersPair is lazyPowers for a and b. All variables of the loop are local, so that
// they stay in registers.
func lazyPowersPair(a, b *powerState, length int) {
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

// passes reports whether a passes both parts of the test, after lazyPowersPair.
func (a *powerState) passes() bool {
	n, inv, one := a.n, a.inv, a.one
	x, v, w := mul(a.x, one, n, inv), mul(a.v, one, n, inv), mul(a.w, one, n, inv)
	return a.strongEnd(x, bits.TrailingZeros64(n-1)) && a.lucasEnd(v, w, a.p, a.two, bits.TrailingZeros64(n+1))
}
