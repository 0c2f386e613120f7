package verify

import (
	"math/bits"
	"slices"
)

// strongBound bounds n in allPrime32: below it, the strong test to base 2 and the list of
// its pseudoprimes decide.
const strongBound = 1 << 32

// allPrime32 reports whether all of n are prime: whether they pass the strong test to base 2,
//
//	n-1 = d*2^s, d odd: 2^d = 1, or 2^(d*2^i) = -1 mod n for an i < s,
//
// and are not in pseudoprimes. The four powers are computed in one loop, so that the
// processor overlaps them. Requires tableSize <= n < strongBound and n odd.
func allPrime32(n *[4]uint64) bool {
	x := powersOfTwo(n)
	for i := range n {
		f := newMontgomery(n[i])
		if !f.strongEnd(x[i], bits.TrailingZeros64(n[i]-1)) || isPseudoprime(n[i]) {
			return false
		}
	}
	return true
}

// powersOfTwo returns 2^d in Montgomery form for each n, where n-1 = d*2^s, d odd.
//
// It reads d from the left in windows w of three bits: x becomes x^8 * 2^w, a shift by w.
// Before and after each window x < 2^8*n: the squares are below 2n, as lazyMul returns
// them for c = n, and the shift is by at most 7. The first square is allowed since
// (2^8*n)^2 < R*n for n < 2^48. So a multiplication by 2^w costs a shift instead of a product.
//
// d has at most 31 bits, hence 11 windows or less. The first window needs no square: x = 1, shifted.
func powersOfTwo(n *[4]uint64) (x [4]uint64) {
	var d, inv [4]uint64
	length := 0
	for i := range n {
		d[i] = (n[i] - 1) >> bits.TrailingZeros64(n[i]-1)
		length = max(length, bits.Len64(d[i]))
	}
	windows := (length + 2) / 3
	for i := range n {
		f := newMontgomery(n[i])
		d[i] <<= 64 - 3*windows
		x[i], inv[i] = f.one<<(d[i]>>61), f.inv
		d[i] <<= 3
	}
	n0, n1, n2, n3 := n[0], n[1], n[2], n[3]
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	d0, d1, d2, d3 := d[0], d[1], d[2], d[3]
	i0, i1, i2, i3 := inv[0], inv[1], inv[2], inv[3]
	for range windows - 1 {
		for range 3 {
			x0 = lazyMul(x0, x0, n0, n0, i0)
			x1 = lazyMul(x1, x1, n1, n1, i1)
			x2 = lazyMul(x2, x2, n2, n2, i2)
			x3 = lazyMul(x3, x3, n3, n3, i3)
		}
		x0 <<= d0 >> 61
		x1 <<= d1 >> 61
		x2 <<= d2 >> 61
		x3 <<= d3 >> 61
		d0, d1, d2, d3 = d0<<3, d1<<3, d2<<3, d3<<3
	}
	x = [4]uint64{x0, x1, x2, x3}
	for i := range x {
		x[i] = mul(x[i], -n[i]%n[i], n[i], inv[i])
	}
	return x
}

// isPseudoprime reports whether n is one of pseudoprimes. Almost every call is for a prime, and ends at the filter.
// The hash is the upper bits of a product (D. Knuth, The Art of Computer Programming 3, section 6.4).
func isPseudoprime(n uint64) bool {
	h := uint32(n) * filterFactor >> (32 - filterBits)
	if pseudoprimeFilter[h>>6]>>(h&63)&1 == 0 {
		return false
	}
	_, found := slices.BinarySearch(pseudoprimes[:], uint32(n))
	return found
}

// pseudoprimeFilter is a bit set of the hashes of all pseudoprimes. One bit in thirty is set,
// so that the binary search is rarely needed for a prime.
var pseudoprimeFilter = func() (t [1 << filterBits / 64]uint64) {
	for _, n := range pseudoprimes {
		h := n * filterFactor >> (32 - filterBits)
		t[h>>6] |= 1 << (h & 63)
	}
	return t
}()

const (
	filterBits   = 16
	filterFactor = 0x9e3779b1 // 2^32 / golden ratio, rounded to an odd number
)
