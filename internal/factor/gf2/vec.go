package gf2

import "math/bits"

// width is the number of vectors that block Lanczos works with at a time. Compared with
// 64 it halves the number of passes over the matrix, which wait for memory.
const width = 128

// A vec is a row of a block: one bit of each of width vectors. Bits 0..63 are in lo,
// 64..127 in hi. It also serves as a set of columns.
type vec struct{ lo, hi uint64 }

// ones is the set of all columns.
var ones = vec{^uint64(0), ^uint64(0)}

// add sets z += x.
func (z *vec) add(x *vec) {
	z.lo ^= x.lo
	z.hi ^= x.hi
}

// and returns the bits that are in both.
func (z vec) and(x vec) vec { return vec{z.lo & x.lo, z.hi & x.hi} }

// or returns the bits that are in either.
func (z vec) or(x vec) vec { return vec{z.lo | x.lo, z.hi | x.hi} }

// at reports whether bit i is set, 0 <= i < width.
func (z *vec) at(i int) bool {
	if i >= 64 {
		return z.hi>>(i-64)&1 == 1
	}
	return z.lo>>i&1 == 1
}

// flip changes bit i, 0 <= i < width.
func (z *vec) flip(i int) {
	if i >= 64 {
		z.hi ^= 1 << (i - 64)
	} else {
		z.lo ^= 1 << i
	}
}

// first returns the index of the lowest bit that is set, width if there is none.
func (z *vec) first() int {
	if z.lo != 0 {
		return bits.TrailingZeros64(z.lo)
	}
	return 64 + bits.TrailingZeros64(z.hi)
}

// A square is a matrix of width rows and columns: element i is row i.
type square [width]vec

// mul sets z = x*y: row i is the sum of the rows of y for the bits of x[i]. z may be x,
// but not y.
func (z *square) mul(x, y *square) {
	for i := range z {
		row, sum := x[i], vec{}
		for w := row.lo; w != 0; w &= w - 1 {
			sum.add(&y[bits.TrailingZeros64(w)])
		}
		for w := row.hi; w != 0; w &= w - 1 {
			sum.add(&y[64+bits.TrailingZeros64(w)])
		}
		z[i] = sum
	}
}

// addTransposed sets z += x^T*y. z must be neither x nor y.
func (z *square) addTransposed(x, y *square) {
	for i := range x {
		row := x[i]
		for w := row.lo; w != 0; w &= w - 1 {
			z[bits.TrailingZeros64(w)].add(&y[i])
		}
		for w := row.hi; w != 0; w &= w - 1 {
			z[64+bits.TrailingZeros64(w)].add(&y[i])
		}
	}
}

// add sets z += x.
func (z *square) add(x *square) {
	for i := range z {
		z[i].add(&x[i])
	}
}

// addOne sets z += I, the unit matrix.
func (z *square) addOne() {
	for i := range z {
		z[i].flip(i)
	}
}

// mask clears the columns of z that are not in m.
func (z *square) mask(m vec) {
	for i := range z {
		z[i] = z[i].and(m)
	}
}
