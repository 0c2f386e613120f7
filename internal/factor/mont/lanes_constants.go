package mont

import (
	"math/bits"
)

// montgomeryConstants returns R and R^2 mod n, R = 2^r. Requires n < 2^64 or n < R.
func montgomeryConstants(n [2]uint64, r int) (one, r2 [2]uint64) {
	if n[1] == 0 {
		hi, lo := uint64(0), uint64(1)<<(r%64)
		if r >= 64 {
			hi, lo = lo, 0
		}
		if r >= 128 { // one limb more than a modulus of this size needs
			hi = bits.Rem64(hi, 0, n[0])
		}
		one[0] = bits.Rem64(hi, lo, n[0])
		hi, lo = bits.Mul64(one[0], one[0])
		r2[0] = bits.Rem64(hi, lo, n[0])
		return one, r2
	}
	shift := bits.LeadingZeros64(n[1])
	m := [2]uint64{n[0] << shift, n[1]<<shift | n[0]>>1>>(63-shift)}
	var x [4]uint64
	x[(r+shift)/64] = 1 << ((r + shift) % 64) // R * 2^shift
	one = remainder(x, m, shift)
	x[1], x[0] = bits.Mul64(one[0], one[0])
	x[3], x[2] = bits.Mul64(one[1], one[1])
	hi, lo := bits.Mul64(one[0], one[1])
	for range 2 {
		var c uint64
		x[1], c = bits.Add64(x[1], lo, 0)
		x[2], c = bits.Add64(x[2], hi, c)
		x[3] += c
	}
	for i := 3; i > 0; i-- {
		x[i] = x[i]<<shift | x[i-1]>>1>>(63-shift)
	}
	x[0] <<= shift
	return one, remainder(x, m, shift)
}

// remainder returns (x mod m) / 2^shift. Requires m >= 2^127, x < m*2^128, and both
// multiples of 2^shift, shift < 64.
//
// It is long division with digits of 64 bits. The quotient has two digits. The guess of
// a digit, from the high word of m, is at most two too large (D. E. Knuth, TAOCP 2,
// section 4.3.1).
func remainder(x [4]uint64, m [2]uint64, shift int) [2]uint64 {
	for i := 1; i >= 0; i-- {
		q := ^uint64(0)
		if x[i+2] < m[1] {
			q, _ = bits.Div64(x[i+2], x[i+1], m[1])
		}
		h0, l0 := bits.Mul64(q, m[0])
		h1, l1 := bits.Mul64(q, m[1])
		var b, c uint64
		h0, c = bits.Add64(h0, l1, 0)
		h1 += c
		x[i], b = bits.Sub64(x[i], l0, 0)
		x[i+1], b = bits.Sub64(x[i+1], h0, b)
		x[i+2], b = bits.Sub64(x[i+2], h1, b)
		for b != 0 {
			x[i], c = bits.Add64(x[i], m[0], 0)
			x[i+1], c = bits.Add64(x[i+1], m[1], c)
			x[i+2], c = bits.Add64(x[i+2], 0, c)
			b -= c
		}
	}
	return [2]uint64{x[0]>>shift | x[1]<<1<<(63-shift), x[1] >> shift}
}
