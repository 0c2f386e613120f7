package siqs

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// A modulus is an odd n of k words, for residues in Montgomery form: x is represented
// by x*R mod n, R = 2^(64k). It does what mont.Wide does, but has no pointers: the next
// number needs no new memory. It is used for X and Y of the square root step only.
// Source: P. Montgomery, Modular multiplication without trial division (1985).
type modulus struct {
	n   huge   // n[k-1] > 0, n[k:] = 0
	k   int    // 1 .. hugeWords
	neg uint64 // -1/n mod 2^64
	one huge   // R mod n
	r2  huge   // R^2 mod n
}

// set makes m the modulus n. Requires n odd, n > 1. R and R^2 are made from 1 by
// doublings.
func (m *modulus) set(n *huge) {
	m.n, m.k = *n, hugeWords
	for m.n[m.k-1] == 0 {
		m.k--
	}
	m.neg = -mont.Inverse(n[0])
	m.one = huge{1}
	for range 64 * m.k {
		m.double(&m.one)
	}
	m.r2 = m.one
	for range 64 * m.k {
		m.double(&m.r2)
	}
}

// double sets z = 2z mod n. Requires z < n.
func (m *modulus) double(z *huge) {
	top := uint64(0)
	for i := range m.k {
		z[i], top = z[i]<<1|top, z[i]>>63
	}
	m.correct(z, top)
}

// correct subtracts n from z + top*R unless that is below n. Requires z + top*R < 2n.
func (m *modulus) correct(z *huge, top uint64) {
	var d huge
	var borrow uint64
	for i := range m.k {
		d[i], borrow = bits.Sub64(z[i], m.n[i], borrow)
	}
	if top >= borrow {
		*z = d
	}
}

// mul sets z = x*y/R mod n, z < n. Requires x < n. z may alias x and y.
func (m *modulus) mul(z, x, y *huge) { m.mulWords(z, x, y[:m.k]) }

// mulWords sets z = x*y/W^len(y) mod n, z < n, for the number y with these words, W =
// 2^64. Requires x < n. z may alias x and y.
//
// Each iteration adds x*y[i] and the multiple q*n that makes the lowest word 0, and
// drops that word:
//
//	t' = (t + x*y[i] + q*n)/W,  q = -(t + x*y[i])/n mod W.
//
// The words of t are t[0..k-1] and top. After i iterations t < x*(y mod W^i)/W^i + n,
// hence t < 2n after the last one, and correct subtracts n once at most.
func (m *modulus) mulWords(z, x *huge, y []uint64) {
	var t huge
	top := uint64(0)
	for _, b := range y {
		hi, lo := bits.Mul64(x[0], b)
		lo, c := bits.Add64(lo, t[0], 0)
		carry := hi + c
		q := lo * m.neg
		hi, low := bits.Mul64(m.n[0], q)
		_, c = bits.Add64(lo, low, 0)
		carryN := hi + c
		for j := 1; j < m.k; j++ {
			hi, lo = bits.Mul64(x[j], b)
			lo, c = bits.Add64(lo, carry, 0)
			hi += c
			lo, c = bits.Add64(lo, t[j], 0)
			carry = hi + c
			hi, low = bits.Mul64(m.n[j], q)
			low, c = bits.Add64(low, carryN, 0)
			hi += c
			t[j-1], c = bits.Add64(lo, low, 0)
			carryN = hi + c
		}
		lo, c = bits.Add64(carry, carryN, 0)
		t[m.k-1], carry = bits.Add64(lo, top, 0)
		top = c + carry
	}
	m.correct(&t, top)
	*z = t
}

// sub sets z = x-y mod n. Requires x, y < n.
func (m *modulus) sub(z, x, y *huge) {
	if z.sub(x, y) {
		var c uint64
		for i := range z {
			z[i], c = bits.Add64(z[i], m.n[i], c)
		}
	}
}

// gcdOdd returns the greatest common divisor of x and n, by J. Stein's binary algorithm
// (1967). Requires n odd. It is called once for each dependency that is tried.
func gcdOdd(x, n huge) huge {
	if x == (huge{}) {
		return n
	}
	x.shiftOdd()
	// Before and after each iteration x and n are odd and have the gcd wanted.
	for x != n {
		var d huge
		if d.sub(&x, &n) {
			d.sub(&n, &x)
			n = x
		}
		x = d
		x.shiftOdd()
	}
	return n
}

// shiftOdd divides z by 2 as often as possible, and returns how often. Requires z > 0.
func (z *huge) shiftOdd() (times int) {
	for z[0] == 0 {
		copy(z[:], z[1:])
		z[hugeWords-1] = 0
		times += 64
	}
	s := uint(bits.TrailingZeros64(z[0]))
	for i := range hugeWords - 1 {
		z[i] = z[i]>>s | z[i+1]<<(64-s)
	}
	z[hugeWords-1] >>= s
	return times + int(s)
}

// big returns x as a big.Int.
func (x *huge) big() *big.Int {
	var buf [8 * hugeWords]byte
	for i, w := range x {
		for b := range 8 {
			buf[8*(hugeWords-i)-1-b] = byte(w >> (8 * b))
		}
	}
	return new(big.Int).SetBytes(buf[:])
}
