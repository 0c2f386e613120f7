package siqs

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
)

// Integers of fixed size, without memory of their own: the sieve makes none of them on
// the heap.
//
//	wide    256 bits   A, B, C, Q(x) and X; all below 2^215 in absolute value
//	huge    384 bits   kN < 2^377, X^2 < 2^380, and residues modulo N
const (
	wideWords = 4
	hugeWords = 6
)

// A wide is a number of 256 bits, least significant word first. Numbers that may be
// negative are in two's complement; a method says which it takes.
type wide [wideWords]uint64

// A huge is a number of 384 bits, least significant word first.
type huge [hugeWords]uint64

// setBig sets z = x. Requires 0 <= x < 2^384.
func (z *huge) setBig(x *big.Int) {
	var buf [8 * hugeWords]byte
	x.FillBytes(buf[:])
	for i := range z {
		z[i] = binary.BigEndian.Uint64(buf[8*(hugeWords-1-i):])
	}
}

// add sets z = x+y mod 2^256.
func (z *wide) add(x, y *wide) {
	var c uint64
	z[0], c = bits.Add64(x[0], y[0], 0)
	z[1], c = bits.Add64(x[1], y[1], c)
	z[2], c = bits.Add64(x[2], y[2], c)
	z[3], _ = bits.Add64(x[3], y[3], c)
}

// sub sets z = x-y mod 2^256.
func (z *wide) sub(x, y *wide) {
	var b uint64
	z[0], b = bits.Sub64(x[0], y[0], 0)
	z[1], b = bits.Sub64(x[1], y[1], b)
	z[2], b = bits.Sub64(x[2], y[2], b)
	z[3], _ = bits.Sub64(x[3], y[3], b)
}

// mulWord sets z = x*w mod 2^256, which is right for a negative x too.
func (z *wide) mulWord(x *wide, w uint64) {
	var carry uint64
	for i, a := range x {
		hi, lo := bits.Mul64(a, w)
		var c uint64
		z[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c
	}
}

// mulInt sets z = x*w mod 2^256 for signed x and w.
func (z *wide) mulInt(x *wide, w int32) {
	if w < 0 {
		z.mulWord(x, uint64(-int64(w)))
		z.negate()
		return
	}
	z.mulWord(x, uint64(w))
}

// negate sets z = -z.
func (z *wide) negate() {
	var zero wide
	z.sub(&zero, z)
}

// negative reports whether x < 0.
func (x *wide) negative() bool { return x[wideWords-1]>>63 == 1 }

// bitLen returns the number of bits of x >= 0, 0 for 0.
func (x *wide) bitLen() int {
	i := wideWords - 1
	for i > 0 && x[i] == 0 {
		i--
	}
	return 64*i + bits.Len64(x[i])
}

// shiftRight sets z = z >> s. Requires z >= 0, 0 <= s < 64.
func (z *wide) shiftRight(s uint) {
	for i := range wideWords - 1 {
		z[i] = z[i]>>s | z[i+1]<<(64-s)
	}
	z[wideWords-1] >>= s
}

// quoExact returns x/d and true if d divides x, else an undefined number and false.
// Requires x >= 0, x[words:] = 0, d odd, inverse = 1/d mod 2^64.
//
// It divides from the lowest word up: T. Jebelean, An algorithm for exact division
// (1993). Before and after each iteration
//
//	x[:i] = q[:i]*d - carry*2^(64i),  0 <= carry <= d,
//
// so that d divides x if the last carry is 0. If 0 < carry < d, then x =
// -carry*2^(64*words) mod d is not 0, as d is odd. The last carry is not d, since x
// would be negative.
func (x *wide) quoExact(words int, d, inverse uint64) (q wide, ok bool) {
	carry := uint64(0)
	for i, a := range x[:words] {
		t, borrow := bits.Sub64(a, carry, 0)
		q[i] = t * inverse
		carry, _ = bits.Mul64(q[i], d)
		carry += borrow
	}
	return q, carry == 0
}

// quoWord returns floor(x/d) and x mod d. Requires x >= 0, d > 0.
func (x *wide) quoWord(d uint64) (q wide, r uint64) {
	i := wideWords - 1
	for i > 0 && x[i] == 0 {
		i--
	}
	for ; i >= 0; i-- {
		q[i], r = bits.Div64(r, x[i], d)
	}
	return q, r
}

// square sets z = x^2. Requires 0 <= x < 2^192.
func (z *huge) square(x *wide) {
	*z = huge{}
	for i := range hugeWords / 2 {
		var carry uint64
		for j := range hugeWords / 2 {
			hi, lo := bits.Mul64(x[i], x[j])
			var c uint64
			lo, c = bits.Add64(lo, carry, 0)
			hi += c
			z[i+j], c = bits.Add64(z[i+j], lo, 0)
			carry = hi + c
		}
		z[i+hugeWords/2] = carry
	}
}

// sub sets z = x-y mod 2^384 and reports whether x < y.
func (z *huge) sub(x, y *huge) bool {
	var b uint64
	for i := range z {
		z[i], b = bits.Sub64(x[i], y[i], b)
	}
	return b == 1
}

// mulWord sets z = z*w and returns the word carried out.
func (z *huge) mulWord(w uint64) (carry uint64) {
	for i, a := range z {
		hi, lo := bits.Mul64(a, w)
		var c uint64
		z[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c
	}
	return carry
}

// quoWord sets z = floor(z/d) and returns z mod d. Requires d > 0.
func (z *huge) quoWord(d uint64) (r uint64) {
	for i := hugeWords - 1; i >= 0; i-- {
		z[i], r = bits.Div64(r, z[i], d)
	}
	return r
}

// mod returns x mod d. Requires d > 0.
func (x *huge) mod(d uint64) (r uint64) {
	i := hugeWords - 1
	for i > 0 && x[i] == 0 {
		i--
	}
	for ; i >= 0; i-- {
		_, r = bits.Div64(r, x[i], d)
	}
	return r
}

// float returns x as a float64, from its leading 64 bits: the relative error is below
// 2^-52. The result is the same on all machines.
func (x *huge) float() float64 {
	i := hugeWords - 1
	for i > 0 && x[i] == 0 {
		i--
	}
	word, exp := x[i], 64*i
	if i > 0 {
		zeros := bits.LeadingZeros64(word)
		word = word<<zeros | x[i-1]>>(64-zeros)
		exp -= zeros
	}
	return math.Ldexp(float64(word), exp)
}
