package verify

import (
	"math/bits"
	"sync"
)

// provedPrime reports whether n is prime. The answer is a proof, not a guess: a
// table below 2^20, above it strong probable prime tests to sets of bases that no
// composite below the set's bound passes:
//
//	    4,759,123,141   2, 7, 61
//	1,122,004,669,633   2, 13, 23, 1662803
//	             2^64   2, 325, 9375, 28178, 450775, 9780504, 1795265022
//
// The first two are from G. Jaeschke, On strong pseudoprimes to several bases,
// Math. Comp. 61 (1993), 915-926; the third was found by J. Sinclair (2011), who
// checked it against J. Feitsma's list of all base 2 pseudoprimes below 2^64.
func provedPrime(n uint64) bool {
	switch {
	case n < tableSize:
		return n == 2 || n&1 == 1 && table()[n>>7]>>(n>>1&63)&1 == 1
	case n&1 == 0:
		return false
	}
	f := newField(n)
	switch {
	case n < 4_759_123_141:
		return f.strong(2, 7, 61, 61)
	case n < 1_122_004_669_633:
		return f.strong(2, 13, 23, 1662803)
	default:
		return f.strong(2, 325, 9375, 28178) && f.strong(450775, 9780504, 1795265022, 1795265022)
	}
}

// tableSize is the bound of the table: 64 KiB, and it saves a test for the primes
// of 16 to 20 bits that every fourth number has. So no n that is tested divides a
// base, as long as base 1662803 is used above 2^32 only and those of 2^31 above 2^40.
const tableSize = 1 << 20

// table returns the sieve of Eratosthenes as bits: bit i stands for 2i+1.
var table = sync.OnceValue(func() *[tableSize / 128]uint64 {
	t := new([tableSize / 128]uint64)
	for i := range t {
		t[i] = ^uint64(0)
	}
	t[0] &^= 1 // 1 is no prime
	for p := uint64(3); p*p < tableSize; p += 2 {
		if t[p>>7]>>(p>>1&63)&1 == 1 {
			for m := p * p; m < tableSize; m += 2 * p {
				t[m>>7] &^= 1 << (m >> 1 & 63)
			}
		}
	}
	return t
})

// A field computes modulo an odd n > 1 with numbers in Montgomery form: x stands
// for x*R mod n, R = 2^64 (P. Montgomery, Modular multiplication without trial
// division, Math. Comp. 44 (1985), 519-521).
type field struct {
	n   uint64
	inv uint64 // n*inv = 1 mod R
	one uint64 // R mod n
	rr  uint64 // R^2 mod n
}

// newField returns the field of n, which must be odd and > 1.
func newField(n uint64) field {
	// n*inv = 1 mod 2^k: k = 5 for 3n xor 2, and each step doubles k.
	inv := 3*n ^ 2
	for range 4 {
		inv *= 2 - n*inv
	}
	one := -n % n
	_, rr := bits.Div64(one, 0, n) // one < n
	return field{n, inv, one, rr}
}

// mul returns x*y/R mod n. Requires x, y < n. The result is < n: with
// q = x*y/n mod R, the high words h of x*y and k of q*n are < n and the low words
// are equal, so (x*y - q*n)/R = h - k, which lies between -n and n.
func mul(x, y, n, inv uint64) uint64 {
	h, l := bits.Mul64(x, y)
	k, _ := bits.Mul64(l*inv, n)
	r, borrow := bits.Sub64(h, k, 0)
	return r + n&-borrow
}

// strong reports whether f.n is a strong probable prime to four bases: with
// n-1 = d*2^s, d odd, b^d = 1 or b^(d*2^i) = -1 mod n for an i < s. No base may be
// a multiple of n. The four powers have one exponent and do not wait for each
// other, which hides the latency of the multiplications.
func (f *field) strong(b0, b1, b2, b3 uint64) bool {
	n, inv := f.n, f.inv
	b0, b1, b2, b3 = mul(b0, f.rr, n, inv), mul(b1, f.rr, n, inv), mul(b2, f.rr, n, inv), mul(b3, f.rr, n, inv)
	s := bits.TrailingZeros64(n - 1)
	d := (n - 1) >> s

	// powers[j] = b0^j, b1^j, b2^j, b3^j.
	var powers [8][4]uint64
	powers[0] = [4]uint64{f.one, f.one, f.one, f.one}
	powers[1] = [4]uint64{b0, b1, b2, b3}
	for j := 2; j < 8; j++ {
		y := &powers[j/2]
		z := &powers[j-j/2]
		powers[j] = [4]uint64{mul(y[0], z[0], n, inv), mul(y[1], z[1], n, inv), mul(y[2], z[2], n, inv), mul(y[3], z[3], n, inv)}
	}

	i := (bits.Len64(d)+2)/3*3 - 3 // <= 60
	x := powers[d>>i&7]
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	// Before and after each iteration: xk = bk^(d >> i).
	for i > 0 {
		i -= 3
		for range 3 {
			x0, x1, x2, x3 = mul(x0, x0, n, inv), mul(x1, x1, n, inv), mul(x2, x2, n, inv), mul(x3, x3, n, inv)
		}
		y := &powers[d>>i&7]
		x0, x1, x2, x3 = mul(x0, y[0], n, inv), mul(x1, y[1], n, inv), mul(x2, y[2], n, inv), mul(x3, y[3], n, inv)
	}
	return f.ends(x0, s) && f.ends(x1, s) && f.ends(x2, s) && f.ends(x3, s)
}

// ends reports whether x = 1 or x^(2^i) = -1 for an i < s.
func (f *field) ends(x uint64, s int) bool {
	minusOne := f.n - f.one
	if x == f.one || x == minusOne {
		return true
	}
	for range s - 1 {
		x = mul(x, x, f.n, f.inv)
		if x == minusOne {
			return true
		}
	}
	return false
}
