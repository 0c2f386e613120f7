package verify

import (
	"math"
	"math/bits"
)

// lucasP returns the smallest P >= 3 for which D = P^2-4 has the Jacobi symbol
// (D/n) = -1, the parameter of the extra strong Lucas test. It returns 0 if it finds that n
// is composite. Requires n odd and n >= 840.
func lucasP(n uint64) uint64 {
	if p := firstP[n%840]; p != undecided {
		return uint64(p)
	}
	// A square has no such P, so the loop would not end. For any other n about half of all D have the symbol -1.
	if isSquare(n) {
		return 0
	}
	for p := uint64(9); ; p++ {
		// D = (P-2)(P+2) has no prime factor beyond P+2, far below n. So a common factor is a proper one.
		switch jacobi(p*p-4, n) {
		case -1:
			return p
		case 0:
			return 0
		}
	}
}

// undecided is the entry of firstP where no P = 3..8 has the symbol -1.
const undecided = 255

// firstP[n mod 840] is lucasP(n) if that is at most 8, or 0 if n has a common factor with
// 840 = 8*3*5*7. The D = 5, 12, 21, 32, 45, 60 of P = 3..8 are products of 2, 3, 5 and 7,
// so that (D/n) depends only on n mod 840: (2/n) depends on n mod 8, (q/n) and (n/q) differ by a sign that
// depends on n mod 4, and (n/q) depends on n mod q. The four symbols (2/n), (3/n), (5/n) and (7/n) are all 1 for
// one residue in 16. These 12 of 192 are undecided.
var firstP = func() (t [840]uint8) {
	for n := range t {
		for p := 3; t[n] == 0 && gcd(n, 840) == 1; p++ {
			switch {
			case p > 8:
				t[n] = undecided
			case jacobi(uint64(p*p-4), uint64(n+840)) < 0:
				t[n] = uint8(p)
			}
		}
	}
	return t
}()

// gcd returns the greatest common divisor of a, b >= 0.
func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// jacobi returns the Jacobi symbol (a/n), 0 if a and n have a common factor. Requires n
// odd. Invariant of the loop: the symbol is j*(a/n). It ends like Euclid's algorithm, with a = 0 and n the
// greatest common divisor.
func jacobi(a, n uint64) int {
	j := 1
	for a %= n; a != 0; a %= n {
		twos := bits.TrailingZeros64(a)
		a >>= twos
		if twos&1 == 1 && (n&7 == 3 || n&7 == 5) {
			j = -j // (2/n)
		}
		if a&3 == 3 && n&3 == 3 {
			j = -j // reciprocity
		}
		a, n = n, a
	}
	if n != 1 {
		return 0
	}
	return j
}

// isSquare reports whether n is a square. The root of n < 2^64 is below 2^32, and
// math.Sqrt of the rounded n is off by at most 1. r = 2^32 is possible; its square wraps to 0, which is no n.
func isSquare(n uint64) bool {
	r := uint64(math.Sqrt(float64(n)))
	return r*r == n || (r-1)*(r-1) == n || (r+1)*(r+1) == n && r+1 < 1<<32
}
