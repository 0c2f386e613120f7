package main

import "fmt"

// An avxField is the arithmetic of residues modulo the n of each lane, four lanes a vector, in
// graphs: for one vector at a time, see at. A number is its limbs, the least significant first.
//
// What is stored is a product, or what half returns. The operands of mul are stored numbers and
// sums and differences of two of them, with the restrictions of the field. The ranges are proved
// beside each field for these uses alone; the curves have no others.
type avxField interface {
	at(vec int)             // the constants are those of a vector
	limbs() int             // of a number
	constants() int         // of a lane, vectors behind the address of the modulus
	pins() []pinnedVector   // constants in registers
	mul(a, b avxNum) avxNum // the product modulo n, divided by R
	add(a, b avxNum) avxNum
	sub(a, b avxNum) avxNum
	half(a avxNum) avxNum // the same residue, of least size; nothing where that is not needed
}

// An avxNum is a number: its limbs.
type avxNum []*node

// A pinnedVector is a constant, the same in all lanes.
type pinnedVector struct {
	name string
	bits uint64
}

// avxBase is what the fields have in common.
type avxBase struct {
	g       *graph
	base    string // the register with the address of the constants of the moduli
	vectors int
	vec     int
}

func (f *avxBase) at(vec int) { f.vec = vec }

// constant returns constant i of the moduli: that of lane l is word i*4*vectors + l.
func (f *avxBase) constant(i int) *node { return f.g.fixed(vector(f.base, i*f.vectors+f.vec)) }

func (f *avxBase) half(a avxNum) avxNum { return a }

// threeHalves returns the bits of 3/2 * 2^exponent.
func threeHalves(exponent int) uint64 { return uint64(1023+exponent)<<52 | 1<<51 }

// A floatField holds a residue in a double that is an integer, with R = 1. The constants are n and
// 1/n, rounded.
//
//	h = a*b    q = h/n    l = a*b - h    r = (h - q*n) + l
//
// h is rounded, q is rounded to an integer: adding M = 3*2^51 leaves no bits for a fraction while
// |q| <= 2^51. The others are exact: l is the error of a rounding, and h - q*n an integer with
//
//	|h - q*n| <= n/2 + |h|/2^53 < 2^53,
//
// since h*(1/n) in the fused addition has an error of |h/n|/2^53 at most before it is rounded to an
// integer. With |l| <= |ab|/2^53 thus
//
//	|r| <= n/2 + |ab| (1 + 2^-54) / 2^52.                                        (1)
//
// For n < 2^49 numbers up to n and operands up to 2n are closed: |ab| <= 4n^2 makes |r| <= n, by n odd,
// and |q| <= 4n < 2^51. Then half does nothing. Random operands do not find this bound: they
// fail from 2^50 on.
type floatField struct{ avxBase }

func (f *floatField) limbs() int     { return 1 }
func (f *floatField) constants() int { return 2 }
func (f *floatField) pins() []pinnedVector {
	return []pinnedVector{{"M", threeHalves(52)}}
}

func (f *floatField) mul(a, b avxNum) avxNum {
	g, n := f.g, f.constant(0)
	h := g.mul(a[0], b[0])
	q := f.quotient(h)
	l := g.fms(a[0], b[0], h)
	return avxNum{g.add(g.fnma(q, n, h), l)}
}

// quotient returns the integer next to x/n.
func (f *floatField) quotient(x *node) *node {
	m := f.g.pin("M")
	return f.g.sub(f.g.fma(x, f.constant(1), m), m)
}

func (f *floatField) add(a, b avxNum) avxNum { return avxNum{f.g.add(a[0], b[0])} }
func (f *floatField) sub(a, b avxNum) avxNum { return avxNum{f.g.sub(a[0], b[0])} }

// A halvingField is a floatField for n < 2^52, in which half returns x - q*n: |x| <= 2n + 1 < 2^53 is an
// integer, and so is the result, which is exact,
//
//	|half| <= n/2 + |x|/2^53 (1 + 2^-53) < n/2 + 1, hence <= (n+1)/2.             (2)
//
// Stored numbers have this size. The operands of mul are two of this size, or one and a sum or
// difference of two, up to n+1, not both of them sums: by (1)
//
//	|r| <= n/2 + (n+1)^2/2^53 (1 + 2^-54) < n + 1, hence <= n,
//
// and the sum of two such products is up to 2n, as half wants it. Also products of a number up to 3n/4,
// which a square of one of size half is by (1), and one of size half are up to n.
//
// The quotient is at most 2^51: |ab|/n <= (n+1)^2/2n = n/2 + 1 + 1/2n, and the roundings of h and 1/n
// add 1/2 at most. That is below 2^51 + 2^-52 for n <= 2^52 - 3, and the sum with M is rounded to within [2^52,
// 2^53]. For n = 2^52-1 1/n is exact to 2^-104, so that half is <= (n-1)/2, and |ab|/n < n/2.
type halvingField struct{ floatField }

func (f *halvingField) half(a avxNum) avxNum {
	return avxNum{f.g.fnma(f.quotient(a[0]), f.constant(0), a[0])}
}

// A shortIntField holds a residue in a signed word, for n < 2^60, with R = 2^64 and w = 2^-32 mod n, |w| <
// n/2. A number is a1*2^32 + a0, -2^31 <= a0 < 2^31. The constants are the halves of n, unsigned,
// its inverse modulo 2^32, the halves w0 and w1 of w, signed, and (n-1)/2 - 2^31.
//
// With a0*b0 = h*2^32 + l, -2^31 <= l < 2^31,
//
//	a*b/2^32 = a1*b1*2^32 + a1*b0 + a0*b1 + h + l*w  modulo n
//	         = (a1*b1 + l*w1)*2^32 + m,    m = a1*b0 + a0*b1 + h + l*w0,
//
// of which one step of Montgomery, m - q*n = 0 mod 2^32 with |q| <= 2^31, leaves
//
//	r = a1*b1 + l*w1 + (m - q*n)/2^32,    |r| <= (|ab| + |l|)/2^64 + |w|/2 + n/2.
//
// For n < 2^60 numbers up to n and operands up to 2n are closed: 4n^2/2^64 < n/4, |w| is at most
// (n-1)/2, and |l|/2^64 less than the 1/4 that is left.
//
// Words are signed, but there is no arithmetic shift: 2^63 is added before and 2^31 subtracted after.
// h is made as h + 2^31, so that m is too, m' = m + 2^31: |m'| <= 2^61 + 2^62 + 2^30 + 2^31 < 2^63. With
// q' = m'/n mod 2^32, 0 <= q' < 2^32, q = q' - 2^31 is a quotient for m since n is odd, and
//
//	m - q*n = m' - q'*n + 2^31*(n-1),
//
// so that (m - q*n)/2^32 = floor(m'/2^32) - floor(q'*n/2^32) + (n-1)/2, the low words being the same.
type shortIntField struct{ avxBase }

func (f *shortIntField) limbs() int     { return 1 }
func (f *shortIntField) constants() int { return 6 }
func (f *shortIntField) pins() []pinnedVector {
	return []pinnedVector{{"round", 1 << 31}, {"sign", 1 << 63}, {"signRound", 1<<63 | 1<<31}}
}

func (f *shortIntField) mul(a, b avxNum) avxNum {
	g := f.g
	n0, n1, inv, w0, w1, c := f.constant(0), f.constant(1), f.constant(2), f.constant(3), f.constant(4), f.constant(5)
	high := func(x *node) *node { return g.shift(g.op(addQ, x, g.pin("round")), 32) }
	x, y := a[0], b[0]
	x1 := high(x)
	y1, square := x1, x == y
	if !square {
		y1 = high(y)
	}
	low, m, top := g.op(mulS, x, y), g.op(mulS, x, y1), g.op(mulS, x1, y1)
	if square {
		m = g.op(addQ, m, m)
	} else {
		m = g.op(addQ, m, g.op(mulS, x1, y))
	}
	lw0, lw1 := g.op(mulS, low, w0), g.op(mulS, low, w1)
	h := g.shift(g.op(addQ, low, g.pin("signRound")), 32)
	m = g.op(addQ, g.op(addQ, m, h), lw0)
	q := g.op(mulU, m, inv)
	m = g.shift(g.op(addQ, m, g.pin("sign")), 32)
	r := g.op(addQ, g.op(addQ, top, c), g.op(addQ, lw1, m))
	qn0, qn1 := g.op(mulU, q, n0), g.op(mulU, q, n1)
	return avxNum{g.op(subQ, g.op(subQ, r, qn1), g.shift(qn0, 32))}
}

func (f *shortIntField) add(a, b avxNum) avxNum { return avxNum{f.g.op(addQ, a[0], b[0])} }
func (f *shortIntField) sub(a, b avxNum) avxNum { return avxNum{f.g.op(subQ, a[0], b[0])} }

// An intField holds a residue below n in an unsigned word, with R = 2^64. The constants are n, its high
// half and its inverse modulo 2^32.
//
// It takes two steps of Montgomery of 32 bits. With the halves a0, a1 and b0, b1, and p = q0*n
// = a*b mod 2^32,
//
//	a*b - q0*n = (a1*b1*2^32 + m - u)*2^32,    m = a0*b1 + a1*b0 + floor(a0*b0/2^32),
//	                                           u = q0*n1 + floor(q0*n0/2^32),
//	q1 = (m - u)/n mod 2^32,    v = q1*n0 + u mod 2^32,
//	r = a1*b1 + floor(m/2^32) - (q1*n1 + floor(u/2^32) + floor(v/2^32)).
//
// The low halves of m and v are the same, and nothing is lost by rounding down. u and v are below
// (2^32-1)^2 + 2^32 < 2^64; for n < 2^63 so is m <= 2*(2^32-1)*(2^31-1) + 2^32 - 1. Both parts of
// r are quotients by 2^64, of a*b < n^2 and of (q1*2^32 + q0)*n < 2^64*n: -n < r < n.
//
// If wide is not set n is below 2^63, and the sign of r, a+b-n or a-b says whether it lacks n. Otherwise
// the parts are compared, unsigned, as signed words less 2^63, and m is in two parts.
type intField struct {
	avxBase
	wide bool
}

func (f *intField) limbs() int     { return 1 }
func (f *intField) constants() int { return 3 }
func (f *intField) pins() []pinnedVector {
	low := pinnedVector{"low", 1<<32 - 1}
	if f.wide {
		return []pinnedVector{low, {"sign", 1 << 63}}
	}
	return []pinnedVector{low}
}

func (f *intField) mul(a, b avxNum) avxNum {
	g := f.g
	n, n1, inv, low := f.constant(0), f.constant(1), f.constant(2), g.pin("low")
	x, y := a[0], b[0]
	x1 := g.shift(x, 32)
	y1 := x1
	if x != y {
		y1 = g.shift(y, 32)
	}
	bottom, m, top := g.op(mulU, x, y), g.op(mulU, x, y1), g.op(mulU, x1, y1)
	m2 := m
	if x != y {
		m2 = g.op(mulU, x1, y)
	}
	q0 := g.op(mulU, bottom, inv)
	qn0, u := g.op(mulU, q0, n), g.op(mulU, q0, n1)
	if f.wide {
		m = g.op(addQ, m, g.shift(bottom, 32))
		top = g.op(addQ, top, g.shift(m, 32))
		m = g.op(addQ, m2, g.op(andQ, m, low))
	} else {
		m = g.op(addQ, g.op(addQ, m, m2), g.shift(bottom, 32))
	}
	u = g.op(addQ, u, g.shift(qn0, 32))
	q1 := g.op(mulU, g.op(subQ, m, u), inv)
	top = g.op(addQ, top, g.shift(m, 32))
	v, w := g.op(mulU, q1, n), g.op(mulU, q1, n1)
	v = g.op(addQ, v, g.op(andQ, u, low))
	u = g.shift(u, 32)
	v = g.shift(v, 32)
	if f.wide {
		return f.difference(top, g.op(addQ, g.op(addQ, w, u), v))
	}
	r := g.op(subQ, g.op(subQ, g.op(subQ, top, u), w), v)
	return avxNum{g.choose(r, g.op(addQ, r, n), r)}
}

// difference returns a-b, plus n if that is below 0.
func (f *intField) difference(a, b *node) avxNum {
	g, n := f.g, f.constant(0)
	d := g.op(subQ, a, b)
	if !f.wide {
		return avxNum{g.choose(d, g.op(addQ, d, n), d)}
	}
	less := g.op(greater, g.op(xorQ, b, g.pin("sign")), g.op(xorQ, a, g.pin("sign")))
	return avxNum{g.op(addQ, d, g.op(andQ, less, n))}
}

func (f *intField) sub(a, b avxNum) avxNum { return f.difference(a[0], b[0]) }

// add returns a+b or a+b-n. If wide that is a - (n-b).
func (f *intField) add(a, b avxNum) avxNum {
	g, n := f.g, f.constant(0)
	if f.wide {
		return f.difference(a[0], g.op(subQ, n, b[0]))
	}
	s := g.op(addQ, a[0], b[0])
	d := g.op(subQ, s, n)
	return avxNum{g.choose(d, s, d)}
}

// A pairField holds a residue in two doubles, for limbs of k bits, with R = 2^2k: a = a0 + a1*2^k in
// integers a0 and a1, in memory as a0/2^2k and a1/2^k, so that no product needs another scale. The low
// limb has a sign and may have a few bits more than k.
//
// The constants are, for n = n0 + n1*2^k and w = 2^-k mod n = w0 + w1*2^k, |w| < n/2, with
// n0 and w0 between -2^(k-1) and 2^(k-1): n0, n1*2^k, n0^-1 mod 2^k between the same, w0*2^k, w1*2^2k.
//
// To split a product of integers x*y at 2^k is to round it to a multiple of 2^k by adding 3/2*2^(52+k)
// and subtracting it again; the rest, up to 2^(k-1), is exact by a fused multiplication. That needs
//
//	|x*y| < 2^(51+k)                                                              (3)
//
// and the constants of the three scales. With a0*b0 = h0*2^k + l0 the product divided by 2^k is
//
//	l0*w + h0 + a0*b1 + a1*b0 + a1*b1*2^k  modulo n.
//
// Split the products at 2^k: the low parts l1, l2, l3 of a0*b1, a1*b0, l0*w0 add up with h0 to t. With q =
// t/n0 mod 2^k, |q| <= 2^(k-1), t - q*n0 is a multiple of 2^k, and the product divided by 2^2k is
//
//	h1 + h2 + h3 + (t - q*n0)/2^k + a1*b1 + l0*w1 - q*n1
//
// of which a1*b1, l0*w1 and q*n1 are split at 2^k again, with low parts l4, l5, l6. In all
//
//	|r| <= (|ab| + |l0|)/R + |w|/2 + n/2:
//
// for 16n <= R numbers up to n and operands up to 2n are closed, as in shortIntField. The low limb is
//
//	|r0| <= |h1|+|h2| + |h3| + |t|/2^k + |q*n0|/2^k + |l4|+|l5|+|l6|
//	     <= (|a0*b1| + |a1*b0|)/2^k + 2^k (1/4 + 1/4 + 3/2) + |t|/2^k.
//
// If carry is set multiples of 2^k are moved on: |r0| <= 2^(k-1). Then for k = 50, n < 2^96 operands
// have |a0| <= 2^50 and |a1| <= 2n/2^k + 1 < 2^47.1, the products are below 2^100 < 2^101, |t| <= 2^50 + 3*2^49 <
// 2^51.4, and |t/n0| <= 2^(51.4+49) < 2^101: (3) holds.
//
// If not let the limit of r0 be L, and k = 46, n < 2^87: operands have |a0| <= 2L and |a1| <= (2n + 2L)/2^46 <
// 2^42 + 6 for L < 3*2^46, so that L <= 4L*(2^42+6)/2^46 + 2^47 + 2^5 gives L < 1.334*2^47. Thus
// |a0*b0| <= 4L^2 < 1.78*2^96 < 2^97, |t| < 1.78*2^50 + 3*2^45 < 2^51, and |t/n0| < 2^96 < 2^97: (3) holds.
type pairField struct {
	avxBase
	k     int
	carry bool
}

func (f *pairField) limbs() int     { return 2 }
func (f *pairField) constants() int { return 5 }
func (f *pairField) pins() []pinnedVector {
	var p []pinnedVector
	for i := range 3 {
		p = append(p, pinnedVector{f.scale(i), threeHalves(52 + (i-3)*f.k)})
	}
	return p
}

// scale returns the name of the constant that rounds to multiples of 2^((i-3)*k).
func (f *pairField) scale(i int) string { return fmt.Sprint("scale", i) }

// split returns the multiple of 2^((i-3)*k) next to x*y, and the rest.
func (f *pairField) split(x, y *node, i int) (high, low *node) {
	c := f.g.pin(f.scale(i))
	high = f.g.sub(f.g.fma(x, y, c), c)
	return high, f.g.fms(x, y, high)
}

func (f *pairField) mul(a, b avxNum) avxNum {
	g := f.g
	n0, n1, inv, w0, w1 := f.constant(0), f.constant(1), f.constant(2), f.constant(3), f.constant(4)
	h0, l0 := f.split(a[0], b[0], 0)
	h1, l1 := f.split(a[0], b[1], 1)
	h2, l2 := h1, l1
	if a[0] != b[0] || a[1] != b[1] {
		h2, l2 = f.split(a[1], b[0], 1)
	}
	h3, l3 := f.split(l0, w0, 1)
	t := g.add(g.add(h0, g.add(l1, l2)), l3)
	h4, l4 := f.split(a[1], b[1], 2)
	h5, l5 := f.split(l0, w1, 2)
	r0 := g.add(g.add(g.add(h1, h2), l4), g.add(h3, l5))
	s := g.pin(f.scale(1))
	q := g.fms(t, inv, g.sub(g.fma(t, inv, s), s))
	d := g.fnma(q, n0, t)
	s = g.pin(f.scale(2))
	h6 := g.sub(g.fma(q, n1, s), s)
	l6 := g.fnma(q, n1, h6) // h6 - q*n1
	r0 = g.add(g.add(r0, d), l6)
	r1 := g.sub(g.add(h4, h5), h6)
	if f.carry {
		c := g.sub(g.add(r0, s), s)
		r0, r1 = g.sub(r0, c), g.add(r1, c)
	}
	return avxNum{r0, r1}
}

func (f *pairField) add(a, b avxNum) avxNum {
	return avxNum{f.g.add(a[0], b[0]), f.g.add(a[1], b[1])}
}
func (f *pairField) sub(a, b avxNum) avxNum {
	return avxNum{f.g.sub(a[0], b[0]), f.g.sub(a[1], b[1])}
}
