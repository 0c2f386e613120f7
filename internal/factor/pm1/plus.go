package pm1

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// This file has the start and the steps of p+1. Let x be a zero of x^2 - h*x + 1, so
// that h = x + 1/x, and
//
//	V(k) = x^k + x^-k.
//
// If h^2-4 is no square modulo p, x is in the field of p^2 elements. The p-th power of
// x is the other zero, 1/x, so that x^(p+1) = 1. If p+1 divides E, then V(E) = 2 mod p,
// and p divides gcd(V(E)-2, n). If h^2-4 is a square, x^(p-1) = 1, and the computation
// is a second p-1. V is computed without x:
//
//	V(0) = 2,  V(1) = h,  V(2k) = V(k)^2 - 2,  V(2k+1) = V(k) V(k+1) - h,  V(ab) = V(a) of V(b)
//
// Sources: H. C. Williams, A p+1 method of factoring, Math. Comp. 39 (1982). The starts
// 2/7 and 6/5 are those of GMP-ECM.

// A Start is h = num/den. The squarefree part D of h^2-4 decides for which p it is p+1:
// those with (D/p) = -1.
type Start struct {
	num, den uint64
	Name     string
}

// Starts are the starts to use one after the other, with D behind each. The first two
// are for primes p for which p+1 has a known divisor, so that it is smooth more often.
// One prime in eight has (D/p) = 1 for all three.
var Starts = [...]Start{
	{2, 7, "2/7"}, // -3: p = 2 mod 3, and 6 divides p+1
	{6, 5, "6/5"}, // -1: p = 3 mod 4, and 4 divides p+1
	{3, 1, "3"},   // 5: p = 2 or 3 mod 5
}

// FindPlus works like Find, with p+1 for about half of all p, and with p-1 for the
// others. Requires n without prime factors below 11, which divide the denominators or
// h^2-4.
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

// lucas sets z = V(k) for x = V(1), k > 0. z must be neither x nor u.
func (s *search) lucas(z, x mont.Element, k uint64) {
	// Invariant: z = V(m) and u = V(m+1), m being the bits of k read so far. A step
	// makes 2m or 2m+1 of m.
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
