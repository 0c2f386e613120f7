package pm1

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// Let V(k) = x^k + x^-k, where x is a zero of x^2 - hx + 1. If h^2-4 is no square modulo p, then x is in
// the field of p^2 elements and x^p is the other zero, 1/x, so that x^(p+1) = 1. If p+1 divides E,
// then V(E) = 2 mod p, and p divides gcd(V(E)-2, n). If h^2-4 is a square, x^(p-1) = 1 and the
// same is one more p-1. V needs neither x nor its field:
//
//	V(0) = 2, V(1) = h, V(2k) = V(k)^2 - 2, V(2k+1) = V(k) V(k+1) - h, V(ab) = V(a) of V(b).
//
// Source: H. C. Williams, A p+1 method of factoring, Math. Comp. 39 (1982); the starts 2/7 and 6/5 are those
// of GMP-ECM.

// A Start is h = num/den. Which p it is good for depends on h^2-4 without its square factors.
type Start struct {
	num, den uint64
	Name     string
}

// Starts are those to use, one after the other. The first two are for primes p for which p+1 has a known
// divisor, so that it is smooth more often. One prime in eight has none of them.
var Starts = [...]Start{
	{2, 7, "2/7"}, // -3: p = 2 mod 3, and 6 divides p+1
	{6, 5, "6/5"}, // -1: p = 3 mod 4, and 4 divides p+1
	{3, 1, "3"},   // 5: p = 2 or 3 mod 5
}

// FindPlus works like Find, but with p+1 for about half of all p, and with p-1 for the others. Requires n
// without prime factors below 11.
func FindPlus(n *big.Int, b1, b2 uint64, start Start, check func() error) (*big.Int, error) {
	return find(b1, b2, func() *search {
		s := newSearch(n, check)
		s.plus = true
		h := new(big.Int).SetUint64(start.den)
		h.ModInverse(h, n).Mul(h, new(big.Int).SetUint64(start.num))
		s.w.SetBig(s.h, h)
		copy(s.unit, s.two)
		return s
	})
}

// lucas sets z = V(k) where x = V(1), k > 0, z another element than x and not u.
func (s *search) lucas(z, x mont.Element, k uint64) {
	// Before and after each step z = V(m), u = V(m+1), m the bits of k so far.
	copy(z, x)
	s.mul(s.u, x, x)
	s.w.Sub(s.u, s.u, s.two)
	for i := bits.Len64(k) - 2; i >= 0 && s.err == nil; i-- {
		double, sum := z, s.u
		if k>>i&1 == 1 {
			double, sum = s.u, z
		}
		s.mul(sum, z, s.u)
		s.w.Sub(sum, sum, x)
		s.mul(double, double, double)
		s.w.Sub(double, double, s.two)
	}
}
