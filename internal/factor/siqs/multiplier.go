package siqs

import (
	"math"
	"sync"

	"factorfleet/internal/factor/prime"
)

// multipliers are the square-free k from which multiplier chooses. The largest makes kN
// 6.2 bits longer than N, and values 3.1 bits longer.
var multipliers = [...]uint32{
	1, 2, 3, 5, 6, 7, 10, 11, 13, 14, 15, 17, 19, 21, 23, 29, 31, 33, 35, 37,
	41, 43, 47, 53, 59, 61, 67, 71, 73,
}

// scorePrimes is the number of odd primes in the score of a multiplier: 3 to 283.
// Larger ones contribute less than 0.04 each.
const scorePrimes = 60

// A scoreTable holds the parts of the score that do not depend on N.
type scoreTable struct {
	prime  [scorePrimes]uint32
	double [scorePrimes]float64                // 2 log(p)/(p-1): two roots
	single [scorePrimes]float64                // log(p)/p: p divides k
	square [scorePrimes][len(multipliers)]int8 // Legendre symbol (k/p)
	size   [len(multipliers)]float64           // log(k)/2
}

// scores makes the table when it is first needed, once for the process.
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

// legendre returns the Legendre symbol (a/p) by Euler's criterion: a^((p-1)/2) mod p is
// 0, 1 or -1. Requires p an odd prime, a < p.
func legendre(a, p uint32) int8 {
	switch power(uint64(a), uint64(p-1)/2, uint64(p), reciprocal(p)) {
	case 0:
		return 0
	case 1:
		return 1
	}
	return -1
}

// mayBeSquare reports whether the odd x may be a square, by x modulo 8 and modulo the
// primes from 3 to 41. Few other numbers pass; the caller then takes the root.
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

// multiplier returns the k for which the values are expected to be the smoothest.
// Source: D. Knuth, The Art of Computer Programming 2, 4.5.4, after R. Schroeppel.
// Requires n odd.
//
// The score of k is what small primes contribute to the logarithm of a value on
// average, less the growth of the value:
//
//	score(k) = c(2) - log(k)/2 + sum of c(p)
//
//	(kN/p) = 1     c(p) = 2 log(p)/(p-1)   two roots modulo each p^e: sum of 2/p^e over e >= 1
//	p divides k    c(p) = log(p)/p         one root modulo p, and p^2 divides no value
//	(kN/p) = -1    c(p) = 0
//
// Values are about M*sqrt(kN/2), which gives log(k)/2. (kN/p) is (k/p)(N/p), so that
// one symbol for each p is computed for N, and those of k are in the table. A p that
// divides N gets the score of one that divides k; factorBase.build finds it afterwards.
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

// scoreOfTwo returns c(2), by kN mod 8, from the exponents in factorBase.shift:
//
//	1          4 log(2) for odd X, less log(2) for the doubled D
//	5          2 log(2) for half of the X
//	otherwise  1 log(2) for half of the X
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
