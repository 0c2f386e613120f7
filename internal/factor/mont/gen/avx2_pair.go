package main

import "fmt"

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

func (f *pairField) limbs() int { return 2 }

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
