package mont

import "math/bits"

// The functions of this file work like mulGeneric for one k each, unrolled and with
// t in registers: each step adds x*y[i], and the q*n that makes the low word zero,
// and moves t down by a word.

// mulAdd returns a*b + c + d, which is less than 2^128:
// (2^64-1)^2 + 2*(2^64-1) = 2^128 - 1.
func mulAdd(a, b, c, d uint64) (hi, lo uint64) {
	hi, lo = bits.Mul64(a, b)
	lo, carry := bits.Add64(lo, c, 0)
	hi += carry
	lo, carry = bits.Add64(lo, d, 0)
	return hi + carry, lo
}

func mul2(z, x, y Element, n []uint64, neg uint64) {
	x, y, z, n = x[:2], y[:2], z[:2], n[:2]
	x0, x1 := x[0], x[1]
	n0, n1 := n[0], n[1]

	b := y[0]
	c, t0 := bits.Mul64(x0, b)
	c, t1 := mulAdd(x1, b, c, 0)
	t2, top := c, uint64(0)
	q := t0 * neg
	c, _ = mulAdd(n0, q, t0, 0)
	c, t0 = mulAdd(n1, q, t1, c)
	t1, c = bits.Add64(t2, c, 0)
	t2 = top + c

	b = y[1]
	c, t0 = mulAdd(x0, b, t0, 0)
	c, t1 = mulAdd(x1, b, t1, c)
	t2, top = bits.Add64(t2, c, 0)
	q = t0 * neg
	c, _ = mulAdd(n0, q, t0, 0)
	c, t0 = mulAdd(n1, q, t1, c)
	t1, c = bits.Add64(t2, c, 0)
	t2 = top + c

	d0, borrow := bits.Sub64(t0, n0, 0)
	d1, borrow := bits.Sub64(t1, n1, borrow)
	if t2 < borrow { // t < n
		d0, d1 = t0, t1
	}
	z[0], z[1] = d0, d1
}

func mul3(z, x, y Element, n []uint64, neg uint64) {
	x, y, z, n = x[:3], y[:3], z[:3], n[:3]
	x0, x1, x2 := x[0], x[1], x[2]
	n0, n1, n2 := n[0], n[1], n[2]

	b := y[0]
	c, t0 := bits.Mul64(x0, b)
	c, t1 := mulAdd(x1, b, c, 0)
	c, t2 := mulAdd(x2, b, c, 0)
	t3, top := c, uint64(0)
	q := t0 * neg
	c, _ = mulAdd(n0, q, t0, 0)
	c, t0 = mulAdd(n1, q, t1, c)
	c, t1 = mulAdd(n2, q, t2, c)
	t2, c = bits.Add64(t3, c, 0)
	t3 = top + c

	b = y[1]
	c, t0 = mulAdd(x0, b, t0, 0)
	c, t1 = mulAdd(x1, b, t1, c)
	c, t2 = mulAdd(x2, b, t2, c)
	t3, top = bits.Add64(t3, c, 0)
	q = t0 * neg
	c, _ = mulAdd(n0, q, t0, 0)
	c, t0 = mulAdd(n1, q, t1, c)
	c, t1 = mulAdd(n2, q, t2, c)
	t2, c = bits.Add64(t3, c, 0)
	t3 = top + c

	b = y[2]
	c, t0 = mulAdd(x0, b, t0, 0)
	c, t1 = mulAdd(x1, b, t1, c)
	c, t2 = mulAdd(x2, b, t2, c)
	t3, top = bits.Add64(t3, c, 0)
	q = t0 * neg
	c, _ = mulAdd(n0, q, t0, 0)
	c, t0 = mulAdd(n1, q, t1, c)
	c, t1 = mulAdd(n2, q, t2, c)
	t2, c = bits.Add64(t3, c, 0)
	t3 = top + c

	d0, borrow := bits.Sub64(t0, n0, 0)
	d1, borrow := bits.Sub64(t1, n1, borrow)
	d2, borrow := bits.Sub64(t2, n2, borrow)
	if t3 < borrow { // t < n
		d0, d1, d2 = t0, t1, t2
	}
	z[0], z[1], z[2] = d0, d1, d2
}

func mul4(z, x, y Element, n []uint64, neg uint64) {
	x, y, z, n = x[:4], y[:4], z[:4], n[:4]
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	n0, n1, n2, n3 := n[0], n[1], n[2], n[3]

	b := y[0]
	c, t0 := bits.Mul64(x0, b)
	c, t1 := mulAdd(x1, b, c, 0)
	c, t2 := mulAdd(x2, b, c, 0)
	c, t3 := mulAdd(x3, b, c, 0)
	t4, top := c, uint64(0)
	q := t0 * neg
	c, _ = mulAdd(n0, q, t0, 0)
	c, t0 = mulAdd(n1, q, t1, c)
	c, t1 = mulAdd(n2, q, t2, c)
	c, t2 = mulAdd(n3, q, t3, c)
	t3, c = bits.Add64(t4, c, 0)
	t4 = top + c

	b = y[1]
	c, t0 = mulAdd(x0, b, t0, 0)
	c, t1 = mulAdd(x1, b, t1, c)
	c, t2 = mulAdd(x2, b, t2, c)
	c, t3 = mulAdd(x3, b, t3, c)
	t4, top = bits.Add64(t4, c, 0)
	q = t0 * neg
	c, _ = mulAdd(n0, q, t0, 0)
	c, t0 = mulAdd(n1, q, t1, c)
	c, t1 = mulAdd(n2, q, t2, c)
	c, t2 = mulAdd(n3, q, t3, c)
	t3, c = bits.Add64(t4, c, 0)
	t4 = top + c

	b = y[2]
	c, t0 = mulAdd(x0, b, t0, 0)
	c, t1 = mulAdd(x1, b, t1, c)
	c, t2 = mulAdd(x2, b, t2, c)
	c, t3 = mulAdd(x3, b, t3, c)
	t4, top = bits.Add64(t4, c, 0)
	q = t0 * neg
	c, _ = mulAdd(n0, q, t0, 0)
	c, t0 = mulAdd(n1, q, t1, c)
	c, t1 = mulAdd(n2, q, t2, c)
	c, t2 = mulAdd(n3, q, t3, c)
	t3, c = bits.Add64(t4, c, 0)
	t4 = top + c

	b = y[3]
	c, t0 = mulAdd(x0, b, t0, 0)
	c, t1 = mulAdd(x1, b, t1, c)
	c, t2 = mulAdd(x2, b, t2, c)
	c, t3 = mulAdd(x3, b, t3, c)
	t4, top = bits.Add64(t4, c, 0)
	q = t0 * neg
	c, _ = mulAdd(n0, q, t0, 0)
	c, t0 = mulAdd(n1, q, t1, c)
	c, t1 = mulAdd(n2, q, t2, c)
	c, t2 = mulAdd(n3, q, t3, c)
	t3, c = bits.Add64(t4, c, 0)
	t4 = top + c

	d0, borrow := bits.Sub64(t0, n0, 0)
	d1, borrow := bits.Sub64(t1, n1, borrow)
	d2, borrow := bits.Sub64(t2, n2, borrow)
	d3, borrow := bits.Sub64(t3, n3, borrow)
	if t4 < borrow { // t < n
		d0, d1, d2, d3 = t0, t1, t2, t3
	}
	z[0], z[1], z[2], z[3] = d0, d1, d2, d3
}
