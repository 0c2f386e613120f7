package prime

import (
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// lazyBound bounds the n for which numbers below 4n can be multiplied without reducing
// them below n: Montgomery's reduction requires 16n^2 < n*R, R = 2^64.
const lazyBound = 1 << 60

// A lazy does the tests of a word n < lazyBound on Montgomery forms x*R mod n that are
// only kept below 4n. Its loops have no branch that depends on n, since the bits of n
// cannot be predicted. That halves the time.
type lazy struct{ n, inv, one uint64 }

func newLazy(n uint64) lazy { return lazy{n, mont.Inverse(n), -n % n} }

// mul returns a number that is a*b/R + c modulo n, above c-n and below c+n. Requires
// a*b < n*R and n <= c <= 2n.
//
// As in mont.Redc, a*b/R = hi - h modulo n, where hi is the upper word of a*b and h
// that of (lo*n^-1 mod R)*n. Both are below n, so that adding c >= n keeps the result
// positive without a branch.
func (l *lazy) mul(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	h, _ := bits.Mul64(lo*l.inv, l.n)
	return hi + c - h
}

// value returns a/R mod n, the number whose form is a < 4n.
func (l *lazy) value(a uint64) uint64 { return mont.Redc(0, a, l.n, l.inv) }

// lazyStrongBase2 works like strongBase2 for n < lazyBound.
func lazyStrongBase2(n uint64) bool {
	l := newLazy(n)
	s := bits.TrailingZeros64(n - 1)
	d := (n - 1) >> s
	x := l.one
	// Before and after each step x < 4n. The last bit of d is 1.
	for d <<= bits.LeadingZeros64(d); d != 0; d <<= 1 {
		x = l.mul(x, x, n)
		twice := x + x
		if int64(d) < 0 {
			x = twice
		}
	}
	y := l.value(x)
	if y == 1 || y == n-1 {
		return true
	}
	for range s - 1 {
		x = l.mul(x, x, n)
		if l.value(x) == n-1 {
			return true
		}
	}
	return false
}

// lazyExtraStrongLucas works like extraStrongLucas for n < lazyBound.
func lazyExtraStrongLucas(n uint64) bool {
	p := lucasP(n)
	if p == 0 {
		return false
	}
	l := newLazy(n)
	r := bits.TrailingZeros64(n + 1)
	k := (n + 1) >> r
	v := mont.Add(l.one, l.one, n) // 2
	hi, lo := bits.Mul64(l.one, p)
	_, w := bits.Div64(hi, lo, n) // P; hi < n as one < n
	minusTwo, minusP := 2*n-v, 2*n-w
	// Before and after each step v, w < 3n. The last bit of k is 1.
	for k <<= bits.LeadingZeros64(k); k != 0; k <<= 1 {
		odd := l.mul(v, w, minusP)
		if int64(k) < 0 {
			v = w
		}
		even := l.mul(v, v, minusTwo)
		v, w = even, odd
		if int64(k) < 0 {
			v, w = odd, even
		}
	}
	// D*U(k) = 2*V(k+1) - P*V(k), so that U(k) = 0 with V(k) = 2 means that V(k+1) = P,
	// and with V(k) = -2 that V(k+1) = -P.
	y, z := l.value(v), l.value(w)
	if y == 2 || y == n-2 {
		return y == 2 && z == p || y == n-2 && z == n-p
	}
	for range r - 1 {
		if l.value(v) == 0 {
			return true
		}
		v = l.mul(v, v, minusTwo)
	}
	return false
}
