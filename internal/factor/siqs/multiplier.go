package siqs

import (
	"math"
	"sync"

	"factorfleet/internal/factor/prime"
)

// multipliers are the square-free k that k*N is sieved with one of.
var multipliers = [...]uint32{
	1, 2, 3, 5, 6, 7, 10, 11, 13, 14, 15, 17, 19, 21, 23, 29, 31, 33, 35, 37,
	41, 43, 47, 53, 59, 61, 67, 71, 73,
}

// scorePrimes is how many odd primes the score of a multiplier looks at.
const scorePrimes = 60

// A scoreTable holds what does not depend on N.
type scoreTable struct {
	prime  [scorePrimes]uint32
	double [scorePrimes]float64                // 2 log(p)/(p-1): two roots
	single [scorePrimes]float64                // log(p)/p: p divides k
	square [scorePrimes][len(multipliers)]int8 // Legendre symbol (k/p)
	size   [len(multipliers)]float64           // log(k)/2
}

var scores = sync.OnceValue(func() *scoreTable {
	t := new(scoreTable)
	for j, k := range multipliers {
		t.size[j] = math.Log(float64(k)) / 2
	}
	for i, p := range prime.Small()[1 : scorePrimes+1] {
		log := math.Log(float64(p))
		t.prime[i] = p
		t.double[i] = 2 * log / float64(p-1)
		t.single[i] = log / float64(p)
		for j, k := range multipliers {
			t.square[i][j] = legendre(k%p, p)
		}
	}
	return t
})

// legendre returns the Legendre symbol (a/p). Requires p an odd prime, a < p.
func legendre(a, p uint32) int8 {
	switch power(uint64(a), uint64(p-1)/2, uint64(p), reciprocal(p)) {
	case 0:
		return 0
	case 1:
		return 1
	}
	return -1
}

// mayBeSquare reports whether the odd x may be a square: it looks at x modulo 8 and a
// dozen primes.
func (x *huge) mayBeSquare() bool {
	if x[0]%8 != 1 {
		return false
	}
	for _, p := range prime.Small()[1:13] {
		if legendre(uint32(x.mod(uint64(p))), p) < 0 {
			return false
		}
	}
	return true
}

// multiplier returns the k for which the values of the polynomials are expected
// to be divisible by small primes most: D. Knuth, R. Schroeppel, in Knuth, The
// Art of Computer Programming 2, 4.5.4. Requires n odd.
//
// A value X^2-kN has on average the contribution of each p in its logarithm that
// stands in the table; the size of kN costs log(k)/2.
func multiplier(n *huge) uint32 {
	t := scores()
	var score [len(multipliers)]float64
	for j, k := range multipliers {
		score[j] = scoreOfTwo(uint32(n[0])*k) - t.size[j]
	}
	for i, p := range t.prime {
		square := legendre(uint32(n.mod(uint64(p))), p)
		for j := range score {
			switch t.square[i][j] * square {
			case 1:
				score[j] += t.double[i]
			case 0:
				score[j] += t.single[i]
			}
		}
	}
	best := 0
	for j := range score {
		if score[j] > score[best] {
			best = j
		}
	}
	return multipliers[best]
}

// scoreOfTwo is the contribution of the prime 2, by kN mod 8. For 1 mod 8 it is 4 log(2) less the log(2) by
// which the values of odd X alone are larger: see factorBase.shift.
func scoreOfTwo(kn uint32) float64 {
	switch kn % 8 {
	case 1:
		return 3 * math.Ln2
	case 5:
		return math.Ln2
	default:
		return math.Ln2 / 2
	}
}
