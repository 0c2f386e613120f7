package mont

// A shortIntForm is shortIntField of gen/avx2_int.go. The constants are the halves of n, its inverse modulo 2^32,
// the halves of w = 2^-32 mod n, signed, and (n-1)/2 - 2^31.
type shortIntForm struct{}

func (shortIntForm) constantCount() int { return 6 }
func (shortIntForm) sizeOfR() int       { return 64 }
func (shortIntForm) hasGCDs() bool      { return false }

const low32 = 1<<32 - 1

func (shortIntForm) constants(n [2]uint64) avxConstants {
	m := n[0]
	inv := Inverse(m) & low32
	j := -inv & low32
	// w = (1 + j*n)/2^32: j*(n mod 2^32) + 1 is a multiple of 2^32.
	w := int64((j*(m&low32)+1)>>32 + j*(m>>32))
	if w > int64(m/2) {
		w -= int64(m)
	}
	return avxConstants{m & low32, m >> 32, inv, uint64(lowHalf(uint64(w))), uint64(highHalf(uint64(w))), (m-1)/2 - 1<<31}
}

func (shortIntForm) modulus(c avxConstants) [2]uint64 { return [2]uint64{c[1]<<32 | c[0]} }

func (shortIntForm) encode(_ uint64, a [2]uint64) avxNumber { return avxNumber{a[0]} }

func (f shortIntForm) value(c avxConstants, a avxNumber) [2]uint64 {
	n, x := f.modulus(c)[0], a[0]
	if int64(x) < 0 {
		x += n
	}
	if x >= n {
		x -= n
	}
	return [2]uint64{x}
}

// lowHalf and highHalf return the halves a0 and a1 of a = a1*2^32 + a0, -2^31 <= a0 < 2^31.
func lowHalf(a uint64) int64  { return int64(int32(a)) }
func highHalf(a uint64) int64 { return int64(int32((a + 1<<31) >> 32)) }

func (shortIntForm) mul(c avxConstants, a, b avxNumber) avxNumber {
	a0, a1, b0, b1 := lowHalf(a[0]), highHalf(a[0]), lowHalf(b[0]), highHalf(b[0])
	low := uint64(a0 * b0)
	l, h := lowHalf(low), (low+(1<<63|1<<31))>>32
	m := uint64(a1*b0+a0*b1) + h + uint64(l*lowHalf(c[3]))
	q := m & low32 * c[2] & low32
	m = (m + 1<<63) >> 32
	r := uint64(a1*b1) + c[5] + uint64(l*lowHalf(c[4])) + m
	return avxNumber{r - q*c[1] - q*c[0]>>32}
}

func (shortIntForm) add(_ avxConstants, a, b avxNumber) avxNumber { return avxNumber{a[0] + b[0]} }
func (shortIntForm) sub(_ avxConstants, a, b avxNumber) avxNumber { return avxNumber{a[0] - b[0]} }
func (shortIntForm) half(_ avxConstants, a avxNumber) avxNumber   { return a }

// An intForm is intField of gen/avx2_int.go. The constants are n, its high half and its inverse modulo 2^32. Since
// all results are below n they are those of Modulus.
type intForm struct{ wide bool }

func (intForm) constantCount() int { return 3 }
func (intForm) sizeOfR() int       { return 64 }
func (intForm) hasGCDs() bool      { return false }

func (intForm) constants(n [2]uint64) avxConstants {
	return avxConstants{n[0], n[0] >> 32, Inverse(n[0]) & low32}
}

func (intForm) modulus(c avxConstants) [2]uint64            { return [2]uint64{c[0]} }
func (intForm) encode(_ uint64, a [2]uint64) avxNumber      { return avxNumber{a[0]} }
func (intForm) value(_ avxConstants, a avxNumber) [2]uint64 { return [2]uint64{a[0]} }
func (intForm) add(c avxConstants, a, b avxNumber) avxNumber {
	return avxNumber{Add(a[0], b[0], c[0])}
}
func (intForm) sub(c avxConstants, a, b avxNumber) avxNumber {
	return avxNumber{Sub(a[0], b[0], c[0])}
}
func (intForm) half(_ avxConstants, a avxNumber) avxNumber { return a }
func (intForm) mul(c avxConstants, a, b avxNumber) avxNumber {
	return avxNumber{mulStrict(a[0], b[0], c[0], Inverse(c[0]))}
}
