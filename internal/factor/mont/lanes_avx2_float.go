package mont

import "math"

// A floatForm is floatField of gen/avx2_float.go, or halvingField if halves. The constants are n and 1/n.
type floatForm struct{ halves bool }

func (floatForm) constantCount() int { return 2 }
func (floatForm) sizeOfR() int       { return 0 }
func (floatForm) hasGCDs() bool      { return true }

func (floatForm) constants(n [2]uint64) avxConstants {
	x := float64(n[0])
	return avxConstants{math.Float64bits(x), math.Float64bits(1 / x)}
}

func (floatForm) modulus(c avxConstants) [2]uint64 {
	return [2]uint64{uint64(math.Float64frombits(c[0]))}
}

// encode takes half of a number below n.
func (f floatForm) encode(first uint64, a [2]uint64) avxNumber {
	x, n := float64(a[0]), math.Float64frombits(first)
	if f.halves && x < n && 2*x > n {
		x -= n
	}
	return avxNumber{math.Float64bits(x)}
}

func (floatForm) value(c avxConstants, a avxNumber) [2]uint64 {
	n := int64(math.Float64frombits(c[0]))
	x := int64(math.Float64frombits(a[0])) // -n <= x <= n
	if x < 0 {
		x += n
	}
	if x >= n {
		x -= n
	}
	return [2]uint64{uint64(x)}
}

// quotient returns the integer next to x/n.
func (floatForm) quotient(c avxConstants, x float64) float64 {
	const m = 3 << 51
	return math.FMA(x, math.Float64frombits(c[1]), m) - m
}

func (f floatForm) mul(c avxConstants, a, b avxNumber) avxNumber {
	x, y := math.Float64frombits(a[0]), math.Float64frombits(b[0])
	h := float64(x * y)
	l := math.FMA(x, y, -h)
	return avxNumber{math.Float64bits(math.FMA(-f.quotient(c, h), math.Float64frombits(c[0]), h) + l)}
}

func (floatForm) add(_ avxConstants, a, b avxNumber) avxNumber { return addFloats(a, b) }
func (floatForm) sub(_ avxConstants, a, b avxNumber) avxNumber { return subFloats(a, b) }

func (f floatForm) half(c avxConstants, a avxNumber) avxNumber {
	if !f.halves {
		return a
	}
	x := math.Float64frombits(a[0])
	return avxNumber{math.Float64bits(math.FMA(-f.quotient(c, x), math.Float64frombits(c[0]), x))}
}

func addFloats(a, b avxNumber) (r avxNumber) {
	for i := range r {
		r[i] = math.Float64bits(math.Float64frombits(a[i]) + math.Float64frombits(b[i]))
	}
	return r
}

func subFloats(a, b avxNumber) (r avxNumber) {
	for i := range r {
		r[i] = math.Float64bits(math.Float64frombits(a[i]) - math.Float64frombits(b[i]))
	}
	return r
}
