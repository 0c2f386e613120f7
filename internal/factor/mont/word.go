// Package mont computes modulo an odd number n without dividing by it.
//
// A residue a is held in Montgomery form a*R mod n, R a power of 2. The product of two
// residues in this form,
//
//	(a*R) (b*R) / R = (a*b)*R mod n,
//
// needs a division by R, which is a shift, in place of one by n. The types, by what
// they compute with:
//
//	Modulus                 one n < 2^64, R = 2^64
//	Wide                    one n of k words, R = 2^(64k)
//	Words, Lanes            programs of curves, a modulus of up to 64 or 128 bits in each lane
//	WideMachine, WideLanes, QuadLanes
//	                        programs of curves modulo one Wide, in 1, 8 and 4 lanes
//	Powers                  the two halves of the Baillie-PSW test, a modulus in each lane
//	Trial                   trial division of many numbers by the same primes
//
// A program is a list of Instructions. The assembly is written by the generator in gen;
// the proofs of its ranges stand there beside the code that they are for.
//
// Sources: P. L. Montgomery, Modular multiplication without trial division, Math. Comp.
// 44 (1985). The order of the steps for several words is CIOS of Ç. K. Koç, T. Acar, B.
// S. Kaliski, Analyzing and comparing Montgomery multiplication algorithms (1996).
//
// Nothing here runs in constant time, no modulus is even, and nothing inverts.
package mont

import "math/bits"

// A Modulus is an odd n with 3 <= n < 2^64, and R = 2^64. Residues are uint64s in
// Montgomery form, always below n. It is immutable.
type Modulus struct {
	n    uint64
	nInv uint64 // n * nInv = 1 mod 2^64
	one  uint64 // R mod n
	r2   uint64 // R^2 mod n
}

// New returns the modulus n, which must be odd and at least 3.
func New(n uint64) Modulus {
	if n&1 == 0 || n < 3 {
		panic("mont: internal error: modulus is even or 1")
	}
	one := -n % n // 2^64 - n = 2^64 mod n
	hi, lo := bits.Mul64(one, one)
	return Modulus{n: n, nInv: Inverse(n), one: one, r2: bits.Rem64(hi, lo, n)}
}

// Inverse returns n^-1 mod 2^64 for an odd n.
//
// Newton's step x' = x(2 - nx) doubles the number of correct low bits: nx = 1 + e gives
// nx' = 1 - e^2. The start (3n) xor 2 is correct modulo 2^5, so that four steps give 80
// bits.
func Inverse(n uint64) uint64 {
	x := 3*n ^ 2
	for range 4 {
		x *= 2 - n*x
	}
	return x
}

// N returns n.
func (m *Modulus) N() uint64 { return m.n }

// NInv returns n^-1 mod 2^64.
func (m *Modulus) NInv() uint64 { return m.nInv }

// One returns the form of 1, which is R mod n.
func (m *Modulus) One() uint64 { return m.one }

// Form returns a*R mod n, the form of a, for any a.
func (m *Modulus) Form(a uint64) uint64 { return m.Mul(a, m.r2) }

// Mul returns a*b/R mod n. Requires a*b < n*R: one of a, b below n is enough. The
// result is < n. Mul(a, 1) is the number whose form is a.
func (m *Modulus) Mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return Redc(hi, lo, m.n, m.nInv)
}

// Redc returns (hi*2^64 + lo)/R mod n. Requires hi < n and nInv = n^-1 mod R. The
// result is < n.
//
// With q = lo*nInv mod R the number q*n has the low word lo, so that hi*R + lo - q*n =
// (hi - h)*R where h is the high word of q*n. From q < R follows h < n, and with hi <
// n: -n < hi - h < n.
func Redc(hi, lo, n, nInv uint64) uint64 {
	h, _ := bits.Mul64(lo*nInv, n)
	d := hi - h
	if hi < h {
		d += n
	}
	return d
}

// Add returns a+b mod n. Requires a, b < n.
//
// a - (n-b) is a+b-n without the carry that a+b could have; it is negative exactly if
// a+b < n.
func (m *Modulus) Add(a, b uint64) uint64 { return Add(a, b, m.n) }

// Add returns a+b mod n. Requires a, b < n.
func Add(a, b, n uint64) uint64 {
	c := n - b
	d := a - c
	if a < c {
		d += n
	}
	return d
}

// Sub returns a-b mod n. Requires a, b < n.
func (m *Modulus) Sub(a, b uint64) uint64 { return Sub(a, b, m.n) }

// Sub returns a-b mod n. Requires a, b < n.
func Sub(a, b, n uint64) uint64 {
	d := a - b
	if a < b {
		d += n
	}
	return d
}

// GCD returns the greatest common divisor of a and the odd n; GCD(0, n) = n.
func GCD(a, n uint64) uint64 {
	if a == 0 {
		return n
	}
	a >>= bits.TrailingZeros64(a) & 63
	for a != n {
		a, n = gcdStep(a, n)
	}
	return a
}

// gcdStep returns two odd numbers with the gcd of the odd a and n, a != n: the odd part
// of |a-n|, and min(a, n).
//
// It has no branch, because a processor cannot predict which of them is larger: mask is
// all ones if a < n. a-n and |a-n| end in the same number of zeros.
func gcdStep(a, n uint64) (uint64, uint64) {
	d, borrow := bits.Sub64(a, n, 0)
	mask := -borrow
	return ((d ^ mask) - mask) >> (bits.TrailingZeros64(d) & 63), n + d&mask
}
