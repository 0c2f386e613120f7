package mont

import (
	"math"
	"math/bits"
)

// A pairForm is pairField of gen/avx2_pair.go. The constants are n0, n1*2^k, n0^-1 mod 2^k, w0*2^k and
// w1*2^2k, w = 2^-k mod n.
type pairForm struct {
	k     int // bits of a limb
	carry bool
}

func (pairForm) constantCount() int { return 5 }
func (f pairForm) sizeOfR() int     { return 2 * f.k }
func (pairForm) hasGCDs() bool      { return false }

// power returns 2^e.
func power(e int) float64 { return math.Float64frombits(uint64(1023+e) << 52) }

// scaled returns the bits of x*2^e, |x| < 2^53.
func scaled(x int64, e int) uint64 { return math.Float64bits(float64(x) * power(e)) }

// unscaled is the inverse of scaled.
func unscaled(x uint64, e int) int64 { return int64(math.Float64frombits(x) * power(-e)) }

// limbs returns low and high with a = low + high*2^k, -2^(k-1) <= low < 2^(k-1). a is in two's complement,
// |a| < 2^(k+62).
func (f pairForm) limbs(a [2]uint64) (low, high int64) {
	low = int64(a[0]<<(64-f.k)) >> (64 - f.k)
	high = int64(a[0]>>f.k | a[1]<<(64-f.k))
	if low < 0 {
		high++
	}
	return low, high
}

// joined is the inverse of limbs, for limbs of any size.
func (f pairForm) joined(low, high int64) [2]uint64 {
	lo, carry := bits.Add64(uint64(high)<<f.k, uint64(low), 0)
	hi, _ := bits.Add64(uint64(high>>(64-f.k)), uint64(low>>63), carry)
	return [2]uint64{lo, hi}
}

func (f pairForm) constants(n [2]uint64) avxConstants {
	n0, n1 := f.limbs(n)
	inverse := Inverse(n[0])
	inv, _ := f.limbs([2]uint64{inverse})
	w0, w1 := f.limbs(f.inverseOfBase(n, -inverse&(1<<f.k-1)))
	return avxConstants{scaled(n0, 0), scaled(n1, f.k), scaled(inv, 0), scaled(w0, f.k), scaled(w1, 2*f.k)}
}

// inverseOfBase returns (1 + j*n)/2^k, j = -1/n mod 2^k, less n if it is above n/2.
func (f pairForm) inverseOfBase(n [2]uint64, j uint64) [2]uint64 {
	rest := n[0]>>f.k | n[1]<<(64-f.k)
	hi, lo := bits.Mul64(j, n[0]&(1<<f.k-1))
	lo, c := bits.Add64(lo, 1, 0)
	hi += c
	h, l := bits.Mul64(j, rest)
	lo, c = bits.Add64(lo>>f.k|hi<<(64-f.k), l, 0)
	hi = hi>>f.k + h + c
	negativeLo, b := bits.Sub64(lo, n[0], 0) // w - n
	negativeHi, _ := bits.Sub64(hi, n[1], b)
	_, b = bits.Add64(lo, negativeLo, 0)
	if int64(hi+negativeHi+b) >= 0 { // 2w >= n
		return [2]uint64{negativeLo, negativeHi}
	}
	return [2]uint64{lo, hi}
}

func (f pairForm) modulus(c avxConstants) [2]uint64 {
	return f.joined(unscaled(c[0], 0), unscaled(c[1], f.k))
}

func (f pairForm) encode(_ uint64, a [2]uint64) avxNumber {
	low, high := f.limbs(a)
	return avxNumber{scaled(low, -2*f.k), scaled(high, -f.k)}
}

// value returns a mod n for -n <= a <= n.
func (f pairForm) value(c avxConstants, a avxNumber) [2]uint64 {
	x, n := f.joined(unscaled(a[0], -2*f.k), unscaled(a[1], -f.k)), f.modulus(c)
	if int64(x[1]) < 0 {
		var carry uint64
		x[0], carry = bits.Add64(x[0], n[0], 0)
		x[1], _ = bits.Add64(x[1], n[1], carry)
	}
	lo, b := bits.Sub64(x[0], n[0], 0)
	if hi, b := bits.Sub64(x[1], n[1], b); b == 0 {
		return [2]uint64{lo, hi}
	}
	return x
}

// split returns the multiple of 2^((i-3)*k) next to x*y, and the rest.
func (f pairForm) split(x, y float64, i int) (high, low float64) {
	s := 1.5 * power(52+(i-3)*f.k)
	high = math.FMA(x, y, s) - s
	return high, math.FMA(x, y, -high)
}

func (f pairForm) mul(c avxConstants, a, b avxNumber) avxNumber {
	float := math.Float64frombits
	a0, a1, b0, b1 := float(a[0]), float(a[1]), float(b[0]), float(b[1])
	n0, n1, inv, w0, w1 := float(c[0]), float(c[1]), float(c[2]), float(c[3]), float(c[4])
	h0, l0 := f.split(a0, b0, 0)
	h1, l1 := f.split(a0, b1, 1)
	h2, l2 := f.split(a1, b0, 1)
	h3, l3 := f.split(l0, w0, 1)
	t := h0 + (l1 + l2) + l3
	h4, l4 := f.split(a1, b1, 2)
	h5, l5 := f.split(l0, w1, 2)
	r0 := h1 + h2 + l4 + (h3 + l5)
	_, q := f.split(t, inv, 1)
	d := math.FMA(-q, n0, t)
	h6, l6 := f.split(q, n1, 2)
	r0 = r0 + d - l6
	r1 := h4 + h5 - h6
	if f.carry {
		s := 1.5 * power(52-f.k)
		carry := r0 + s - s
		r0, r1 = r0-carry, r1+carry
	}
	return avxNumber{math.Float64bits(r0), math.Float64bits(r1)}
}

func (pairForm) add(_ avxConstants, a, b avxNumber) avxNumber { return addFloats(a, b) }
func (pairForm) sub(_ avxConstants, a, b avxNumber) avxNumber { return subFloats(a, b) }
func (pairForm) half(_ avxConstants, a avxNumber) avxNumber   { return a }
