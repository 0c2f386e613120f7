package mont

import (
	"math/bits"

	"factorfleet/internal/factor/kernels"
)

// Mul sets z = x*y/R mod n, R = 2^(64k). Requires x < n; y may be any k words. z < n,
// and z may alias x and y.
func (w *Wide) Mul(z, x, y Element) {
	w.product(w, z, x, y)
	if !w.exact {
		w.reduce(z)
	}
}

// choose sets the kind of products by the number of words.
func (w *Wide) choose() {
	k := len(w.n)
	w.adx = kernels.HasADX() && hasWords(k)
	w.exact = k < 3 || w.adx
	switch {
	case k == 1:
		w.product = mulOne
	case k == 2:
		w.product = mulTwo
	case w.adx:
		w.product = mulFast
	case k < len(fixedMul):
		w.product = fixedMul[k]
	default:
		w.product = mulGeneric
	}
}

// reduce sets z, below 2n, to z mod n.
func (w *Wide) reduce(z Element) {
	n, t := w.n, w.t
	z, t = z[:len(n)], t[:len(n)]
	var borrow uint64
	for i, word := range n {
		t[i], borrow = bits.Sub64(z[i], word, borrow)
	}
	if borrow == 0 { // z >= n
		copy(z, t)
	}
}

// mulGeneric is a product for any k from 3 on, so that the top bit of n is 0. The functions of
// wide_fixed.go work like it, unrolled.
//
// Before and after each step t = (x * (the words of y so far) + q*n) / 2^(64i) for some
// q < 2^(64i), hence t < x + n < R: k words. At the end t < x*y/R + n, which is below 2n.
// Inside a step the product x*y[i] and n*q, which makes the low word 0, are added to t at the same
// time; a and c are their carries.
func mulGeneric(w *Wide, z, x, y Element) {
	k := len(w.n)
	n, t, neg := w.n, w.t[:k], w.neg
	x, y, z = x[:k], y[:k], z[:k]
	clear(t)
	for _, b := range y {
		a, u := mulAdd1(x[0], b, t[0])
		q := u * neg
		c, _ := mulAdd1(n[0], q, u)
		for j := 1; j < k; j++ {
			a, u = mulAdd(x[j], b, t[j], a)
			c, t[j-1] = mulAdd(n[j], q, u, c)
		}
		t[k-1] = a + c
	}
	copy(z, t)
}

// mulOne is the product for one word. All of z < n.
//
// x*y + q*n < (n + R)*R, of which the high word and a carry are below n + R.
func mulOne(w *Wide, z, x, y Element) {
	n := w.n[0]
	hi, lo := bits.Mul64(x[0], y[0])
	high, low := bits.Mul64(lo*w.neg, n)
	_, carry := bits.Add64(lo, low, 0)
	sum, carry := bits.Add64(hi, high, carry)
	d, borrow := bits.Sub64(sum, n, 0)
	if carry < borrow { // sum < n
		d = sum
	}
	z[0] = d
}

// mulTwo is the product for two words. All of z < n. It is mulGeneric with the carry out of t, since n
// may have its top bit set.
func mulTwo(w *Wide, z, x, y Element) {
	_, _, _, _ = w.n[1], x[1], y[1], z[1]
	n0, n1, x0, x1 := w.n[0], w.n[1], x[0], x[1]
	var t0, t1, top uint64 // t2 = top
	for i := range 2 {
		b := y[i]
		a, u := mulAdd1(x0, b, t0)
		q := u * w.neg
		c, _ := mulAdd1(n0, q, u)
		a, u = mulAdd(x1, b, t1, a)
		c, t0 = mulAdd(n1, q, u, c)
		var k1, k2 uint64
		t1, k1 = bits.Add64(top, a, 0)
		t1, k2 = bits.Add64(t1, c, 0)
		top = k1 + k2
	}
	d0, borrow := bits.Sub64(t0, n0, 0)
	d1, borrow := bits.Sub64(t1, n1, borrow)
	if top < borrow { // t < n
		d0, d1 = t0, t1
	}
	z[0], z[1] = d0, d1
}

// Add sets z = x+y mod n. z may alias x and y.
func (w *Wide) Add(z, x, y Element) {
	switch {
	case len(w.n) == 2:
		add2(z, x, y, w.n)
	case !w.adx || !addFast(z, x, y, w.n):
		w.addGo(z, x, y)
	}
}

// addGo is Add without assembly.
func (w *Wide) addGo(z, x, y Element) {
	var carry, borrow uint64
	t := w.t[:len(w.n)]
	for i, word := range w.n {
		z[i], carry = bits.Add64(x[i], y[i], carry)
		t[i], borrow = bits.Sub64(z[i], word, borrow)
	}
	// x+y >= n exactly if the sum left the k words or n could be subtracted.
	if carry >= borrow {
		copy(z, t)
	}
}

// Sub sets z = x-y mod n. z may alias x and y.
func (w *Wide) Sub(z, x, y Element) {
	switch {
	case len(w.n) == 2:
		sub2(z, x, y, w.n)
	case !w.adx || !subFast(z, x, y, w.n):
		w.subGo(z, x, y)
	}
}

// subGo is Sub without assembly.
func (w *Wide) subGo(z, x, y Element) {
	var borrow, carry uint64
	for i := range w.n {
		z[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
	if borrow == 0 {
		return
	}
	for i, word := range w.n {
		z[i], carry = bits.Add64(z[i], word, carry)
	}
}

// add2 works like Add for k = 2.
func add2(z, x, y Element, n []uint64) {
	_, _, _, _ = z[1], x[1], y[1], n[1]
	s0, c := bits.Add64(x[0], y[0], 0)
	s1, c := bits.Add64(x[1], y[1], c)
	d0, b := bits.Sub64(s0, n[0], 0)
	d1, b := bits.Sub64(s1, n[1], b)
	if c < b {
		d0, d1 = s0, s1
	}
	z[0], z[1] = d0, d1
}

// sub2 works like Sub for k = 2.
func sub2(z, x, y Element, n []uint64) {
	_, _, _, _ = z[1], x[1], y[1], n[1]
	d0, b := bits.Sub64(x[0], y[0], 0)
	d1, b := bits.Sub64(x[1], y[1], b)
	mask := -b
	d0, c := bits.Add64(d0, n[0]&mask, 0)
	d1, _ = bits.Add64(d1, n[1]&mask, c)
	z[0], z[1] = d0, d1
}

// mulAdd returns a*b + c + d, which is less than 2^128:
// (2^64-1)^2 + 2*(2^64-1) = 2^128 - 1. The sum with d, the carry of a chain, comes last. The high
// words are added by Add64 since the compiler makes an add with carry of that.
func mulAdd(a, b, c, d uint64) (hi, lo uint64) {
	hi, lo = bits.Mul64(a, b)
	lo, carry := bits.Add64(lo, c, 0)
	hi, _ = bits.Add64(hi, 0, carry)
	lo, carry = bits.Add64(lo, d, 0)
	hi, _ = bits.Add64(hi, 0, carry)
	return hi, lo
}

// mulAdd1 returns a*b + c.
func mulAdd1(a, b, c uint64) (hi, lo uint64) {
	hi, lo = bits.Mul64(a, b)
	lo, carry := bits.Add64(lo, c, 0)
	hi, _ = bits.Add64(hi, 0, carry)
	return hi, lo
}
