package main

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

func (f *shortIntField) limbs() int { return 1 }

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

func (f *intField) limbs() int { return 1 }

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
