package siqs

import "math/bits"

// reciprocal returns floor((2^64-1)/p), the constant of reduce. Requires p > 1.
func reciprocal(p uint32) uint64 { return ^uint64(0) / uint64(p) }

// reduce returns x mod p for any word x. Requires recip = reciprocal(p), p < 2^63.
//
// With recip = (2^64-1-e)/p, 0 <= e < p, the quotient q = floor(x*recip/2^64) is at
// most x/p, and
//
//	x/p - x*recip/2^64 = x*(1+e)/(p*2^64) < 1,  as 1+e <= p and x < 2^64.
//
// So q is floor(x/p) or one less, and x - q*p is below 2p.
func reduce(x uint64, p, recip uint64) uint64 {
	q, _ := bits.Mul64(x, recip)
	r := x - q*p
	return min(r, r-p) // r-p wraps round exactly if r < p
}

// inverse returns 1/a mod p, by the extended algorithm of Euclid. Requires p prime, 0 <
// a < p < 2^31.
//
// Before and after each iteration, up to the signs of s and s1,
//
//	r = s*a mod p,  r1 = s1*a mod p,  0 <= s <= s1 <= p.
//
// The signs of s and s1 alternate, so that the absolute values are added, and only the
// last sign is kept.
func inverse(a, p uint32) uint32 {
	r, r1 := p, a
	s, s1 := uint32(0), uint32(1)
	negative := false // the sign of s1
	for r1 > 1 {
		q := r / r1
		r, r1 = r1, r-q*r1
		s, s1 = s1, s+q*s1
		negative = !negative
	}
	if negative {
		return p - s1
	}
	return s1
}

// power returns a^e mod p, from the lowest bit of e up. Requires a < p < 2^32, so that
// products fit in a word.
func power(a, e, p, recip uint64) uint64 {
	z := uint64(1)
	for ; e > 0; e >>= 1 {
		if e&1 == 1 {
			z = reduce(z*a, p, recip)
		}
		a = reduce(a*a, p, recip)
	}
	return z
}

// sqrtMod returns an r with r^2 = a mod p and true, or false if there is none. Requires
// p an odd prime below 2^32, a < p.
//
//	p = 3 mod 4    r = a^((p+1)/4), as r^2 = a*a^((p-1)/2)
//	p = 5 mod 8    Atkin's formula, one power
//	p = 1 mod 8    Euler's criterion, then Tonelli and Shanks
//
// In the first two cases the square of r shows whether a is a square.
func sqrtMod(a, p, recip uint64) (r uint64, ok bool) {
	switch {
	case a == 0:
		return 0, true
	case p%4 == 3:
		r = power(a, (p+1)/4, p, recip)
	case p%8 == 5:
		r = sqrtMod5(a, p, recip)
	default:
		if power(a, (p-1)/2, p, recip) != 1 {
			return 0, false
		}
		r = sqrtMod1(a, p, recip)
	}
	return r, reduce(r*r, p, recip) == a
}

// sqrtMod5 is sqrtMod for p = 5 mod 8, by the formula of A. O. L. Atkin:
//
//	v = (2a)^((p-5)/8),  i = 2a*v^2,  r = a*v*(i-1).
//
// i^2 = (2a)^((p-1)/2) = -1 for a square a, as 2 is none modulo such p. So r^2 =
// a*(a*v^2)*(i-1)^2 = a*(i/2)*(-2i) = a.
func sqrtMod5(a, p, recip uint64) uint64 {
	a2 := reduce(2*a, p, recip)
	v := power(a2, (p-5)/8, p, recip)
	av := reduce(a*v, p, recip)
	i := reduce(2*av*v, p, recip)
	return reduce(av*(i+p-1), p, recip)
}

// sqrtMod1 returns a square root of the square a mod p, by the algorithm of Tonelli and
// Shanks. Requires p an odd prime, a > 0. With p-1 = q*2^s, q odd, it takes about s^2/4
// products, and s is small for most p.
func sqrtMod1(a, p, recip uint64) uint64 {
	s := bits.TrailingZeros64(p - 1)
	q := (p - 1) >> s
	z := uint64(2)
	for power(z, (p-1)/2, p, recip) == 1 {
		z++
	}
	c := power(z, q, p, recip)
	r := power(a, (q+1)/2, p, recip)
	t := power(a, q, p, recip)
	// Before and after each iteration r^2 = a*t, the order of c is 2^s, that of t
	// divides 2^(s-1).
	for t != 1 {
		i, u := 0, t
		for ; u != 1; i++ {
			u = reduce(u*u, p, recip)
		}
		for range s - i - 1 {
			c = reduce(c*c, p, recip)
		}
		s = i
		r = reduce(r*c, p, recip)
		c = reduce(c*c, p, recip)
		t = reduce(t*c, p, recip)
	}
	return r
}
