package prime

import (
	"math"
	"math/bits"
)

// residues is 8*3*5*7. The D = P^2-4 = (P-2)(P+2) for P = 3..8 are products of the
// primes 2, 3, 5 and 7. So (D/n) depends on n mod residues alone, by the law of
// reciprocity.
const residues = 840

const (
	undecidedP = 9   // the first P for which D has another prime factor: 7*11
	undecided  = 255 // no P below undecidedP has the symbol -1
)

// firstP[n mod residues] is lucasP(n) for n >= residues, or undecided. One n in 16 of
// those that are not divisible by 3, 5 or 7 is undecided.
var firstP = func() (t [residues]uint8) {
	for i := range t {
		n := uint64(i) + residues
		for p := uint64(3); n&1 == 1 && t[i] == 0; p++ {
			if p == undecidedP {
				t[i] = undecided
				break
			}
			j := jacobiWord(p*p-4, n)
			if j == 0 {
				break // composite, as n > 7
			}
			if j < 0 {
				t[i] = uint8(p)
			}
		}
	}
	return t
}()

// lucasPWide is lucasP for an odd n = n[0] + n[1]*2^64 >= 2^64. Here n may be a square:
// it looks before P = 30, which few other n reach.
func lucasPWide(n [2]uint64) uint64 {
	mod := func(q uint64) uint64 { return bits.Rem64(n[1], n[0], q) }
	if p := firstP[mod(residues)]; p != undecided {
		return uint64(p)
	}
	for p := uint64(undecidedP); ; p++ {
		if p == 30 && isSquareWide(n) {
			return 0
		}
		switch jacobi(p*p-4, n[0]%8, mod) {
		case -1:
			return p
		case 0:
			return 0
		}
	}
}

// isSquareWide reports whether n[0] + n[1]*2^64 >= 2^64 is a square.
//
// The root of the nearest float64 is off by less than 2^12, and it is at least 2^32. A
// step of Newton's iteration, (r + n/r)/2, leaves an error of at most (2^12)^2/2^32 < 1
// above the root. Rounded down, r-1, r or r+1 is the root if there is one.
func isSquareWide(n [2]uint64) bool {
	f := math.Sqrt(math.Ldexp(float64(n[1]), 64) + float64(n[0]))
	r := ^uint64(0)
	if f < 1<<64 {
		r = max(uint64(f), n[1]+1) // so that n/r is a word
	}
	if n[1] == ^uint64(0) {
		return false // (2^64-1)^2 < n < 2^128
	}
	q, _ := bits.Div64(n[1], n[0], r)
	sum, carry := bits.Add64(r, q, 0)
	r = carry<<63 | sum>>1
	for _, r := range [...]uint64{r - 1, r, r + 1} {
		if hi, lo := bits.Mul64(r, r); hi == n[1] && lo == n[0] {
			return true
		}
	}
	return false
}
