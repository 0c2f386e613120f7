package main

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

func (f *floatField) limbs() int { return 1 }

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
