package mont

import (
	"math/bits"
)

// rem3 returns (u2, u1, u0) mod n. Requires u < n*2^64 and n[1] != 0.
//
// One step of Knuth's algorithm D (TAOCP 4.3.1): the quotient of the leading words of the
// normalised numbers is at most 2 too large.
func rem3(u2, u1, u0 uint64, n [2]uint64) [2]uint64 {
	s := bits.LeadingZeros64(n[1])
	n1, n0 := n[1]<<s|n[0]>>(64-s), n[0]<<s
	u2, u1, u0 = u2<<s|u1>>(64-s), u1<<s|u0>>(64-s), u0<<s
	q := ^uint64(0)
	if u2 < n1 {
		q, _ = bits.Div64(u2, u1, n1)
	}
	h0, l0 := bits.Mul64(q, n0)
	h1, l1 := bits.Mul64(q, n1)
	l1, c := bits.Add64(l1, h0, 0)
	h1 += c
	u0, b := bits.Sub64(u0, l0, 0)
	u1, b = bits.Sub64(u1, l1, b)
	u2, _ = bits.Sub64(u2, h1, b)
	for u2 != 0 { // below 0
		u0, c = bits.Add64(u0, n0, 0)
		u1, c = bits.Add64(u1, n1, c)
		u2 += c
	}
	return [2]uint64{u0>>s | u1<<(64-s), u1 >> s}
}

// timesWord returns a*w mod n. Requires a < n.
func timesWord(a [2]uint64, w uint64, n [2]uint64) [2]uint64 {
	h0, l0 := bits.Mul64(a[0], w)
	if n[1] == 0 {
		if h0 == 0 {
			return [2]uint64{l0 % n[0], 0}
		}
		_, r := bits.Div64(h0, l0, n[0]) // h0 < n
		return [2]uint64{r, 0}
	}
	h1, l1 := bits.Mul64(a[1], w)
	l1, c := bits.Add64(l1, h0, 0)
	return rem3(h1+c, l1, l0, n)
}
