package mont

import (
	"math/bits"

	"factorfleet/internal/factor/kernels"
)

// Mul sets z = x*y/R mod n, R = 2^(64k). Requires x < n; y may be any k words. z < n,
// and z may alias x and y.
func (w *Wide) Mul(z, x, y Element) {
	switch {
	case len(w.n) == 2:
		mul2(z, x, y, w.n, w.neg)
	case !kernels.HasADX() || !mulFast(z, x, y, w.n, w.neg):
		w.mulGo(z, x, y)
	}
}

// mulGo is Mul without assembly.
func (w *Wide) mulGo(z, x, y Element) {
	switch len(w.n) {
	case 2:
		mul2(z, x, y, w.n, w.neg)
	case 3:
		mul3(z, x, y, w.n, w.neg)
	case 4:
		mul4(z, x, y, w.n, w.neg)
	case 5:
		mul5(z, x, y, w.n, w.neg)
	case 6:
		mul6(z, x, y, w.n, w.neg)
	case 7:
		mul7(z, x, y, w.n, w.neg)
	case 8:
		mul8(z, x, y, w.n, w.neg)
	default:
		mulGeneric(z, x, y, w.n, w.t, w.neg)
	}
}

// mulGeneric is Mul for any k; len(t) = k+2.
//
// Before and after each step t = (x * (the words of y so far) + q*n) / 2^(64i)
// for some q < 2^(64i), hence t < x + n < 2R: k words and one more bit. Inside
// a step t grows to at most t + x*(2^64-1) + n*(2^64-1) < (x + n)*2^64, k+1
// words and one more bit, which t[k+1] holds. At the end t < n*y/R + n < 2n.
func mulGeneric(z, x, y Element, n, t []uint64, neg uint64) {
	k := len(n)
	x, y, z, t = x[:k], y[:k], z[:k], t[:k+2]
	clear(t)
	for _, b := range y {
		c := addMul(t, x, b)
		var carry uint64
		t[k], carry = bits.Add64(t[k], c, 0)
		t[k+1] = carry
		c = addMulShift(t, n, t[0]*neg)
		t[k-1], carry = bits.Add64(t[k], c, 0)
		t[k] = t[k+1] + carry
	}
	var borrow uint64
	for i, word := range n {
		z[i], borrow = bits.Sub64(t[i], word, borrow)
	}
	if t[k] < borrow { // t < n
		copy(z, t)
	}
}

// addMul sets t[:k] += x*b and returns the word carried out, k = len(x).
//
// A step cannot leave two words: (2^64-1)^2 + 2*(2^64-1) = 2^128 - 1.
func addMul(t, x []uint64, b uint64) (c uint64) {
	t = t[:len(x)]
	for i, a := range x {
		hi, lo := bits.Mul64(a, b)
		var carry uint64
		lo, carry = bits.Add64(lo, c, 0)
		hi += carry
		t[i], carry = bits.Add64(t[i], lo, 0)
		c = hi + carry
	}
	return c
}

// addMulShift sets t[:k-1] to the words 1..k-1 of t[:k] + n*q and returns the
// word carried out. Requires q = -t[0]/n mod 2^64, which makes word 0 zero.
func addMulShift(t, n []uint64, q uint64) (c uint64) {
	t = t[:len(n)]
	hi, lo := bits.Mul64(n[0], q)
	_, carry := bits.Add64(t[0], lo, 0)
	c = hi + carry
	for i := 1; i < len(n); i++ {
		hi, lo = bits.Mul64(n[i], q)
		lo, carry = bits.Add64(lo, c, 0)
		hi += carry
		t[i-1], carry = bits.Add64(t[i], lo, 0)
		c = hi + carry
	}
	return c
}

// Add sets z = x+y mod n. z may alias x and y.
func (w *Wide) Add(z, x, y Element) {
	switch {
	case len(w.n) == 2:
		add2(z, x, y, w.n)
	case !kernels.HasADX() || !addFast(z, x, y, w.n):
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
	case !kernels.HasADX() || !subFast(z, x, y, w.n):
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
// (2^64-1)^2 + 2*(2^64-1) = 2^128 - 1.
func mulAdd(a, b, c, d uint64) (hi, lo uint64) {
	hi, lo = bits.Mul64(a, b)
	lo, carry := bits.Add64(lo, c, 0)
	hi += carry
	lo, carry = bits.Add64(lo, d, 0)
	return hi + carry, lo
}
