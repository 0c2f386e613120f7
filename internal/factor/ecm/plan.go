// Package ecm finds a prime factor p of n by elliptic curves modulo n: what
// counts is not the size of n but that of p, and that the order of a curve
// modulo p is smooth. A curve is chosen by a number, sigma; it is a new chance.
//
// Definition. The curve b*y^2 = x^3 + A*x^2 + x and a point Q on it, of which
// only x = X/Z is kept. Stage 1 computes Q' = E*Q, E the product of all prime
// powers up to B1. If the order of Q modulo p divides E, then Z = 0 mod p and p
// divides gcd(Z, n). Stage 2 finds a p for which one more prime q with
// B1 < q <= B2 is missing: it writes q = m*D + j or m*D - j and multiplies the
// differences of the x of m*D*Q' (giant steps) and j*Q' (baby steps), since
// x(P) = x(P') exactly if P = P' or P = -P'.
//
// Sources: H. W. Lenstra, Factoring integers with elliptic curves, Ann. of Math.
// 126 (1987); P. L. Montgomery, Speeding the Pollard and elliptic curve methods
// of factorization, Math. Comp. 48 (1987), section 10, for the arithmetic;
// P. Zimmermann, B. Dodson, 20 years of ECM (2006), for Suyama's sigma (a group
// order divisible by 12), the stages and the numbers of curves.
//
// There are two implementations of the curves. Runner runs curves modulo one number of any size, up to
// eight at a time. Batch splits many numbers below 2^128: it runs compiled programs in the lanes of
// mont.Lanes, or for single words in mont.WordMachine. The tests compare both with two others that are
// only in test files: Search (search_test.go) for numbers and FindWord (findword_test.go) for words.
//
// It tests nothing for primality: the factor found may be composite. The same
// n, sigma, B1 and B2 give the same outcome everywhere.
package ecm

import (
	"fmt"

	"factorfleet/internal/factor/prime"
)

// A Plan is what all curves with the same bounds have in common: the primes of
// stage 1 and the pairs of stage 2. It is immutable.
type Plan struct {
	B1, B2 uint64

	primes []uint32 // up to B1
	d      uint64   // D, the giant step
	babies []uint16 // the j < D/2 prime to D, ascending
	first  uint64   // the first m; first >= 1
	end    []uint32 // end[i]: the pairs of m = first+i end there in pairs
	pairs  []uint16 // indices into babies
}

// minB1 is the least B1.
const minB1 = 15

// planCheck is the number of primes, some nanoseconds each, between two calls of
// check while a plan is made.
const planCheck = 1 << 13

// NewPlan returns the plan for 15 <= b1 <= b2 < 2^32. The time is that of a
// sieve up to b2, a second for 3*10^8, the memory about b2/10 bytes. It calls check about
// every tenth of a millisecond and returns its error if there is one.
func NewPlan(b1, b2 uint64, check func() error) (*Plan, error) {
	if b1 < minB1 || b2 < b1 || b2 >= 1<<32 {
		panic(fmt.Sprintf("ecm: internal error: bounds %d and %d", b1, b2))
	}
	return newPlanStep(b1, b2, giantStep(b1, b2), check)
}

// newPlanStep is NewPlan with the giant step d, whose primes and whose half are at most b1.
func newPlanStep(b1, b2, d uint64, check func() error) (*Plan, error) {
	p := &Plan{B1: b1, B2: b2, d: d}
	index := p.makeBabies()
	p.first = (b1 + p.d/2) / p.d // >= 1, since d/2 <= b1
	seen := make([]uint64, p.d/2+1)
	m := p.first
	it := prime.Primes(2, b2)
	for i, q := 1, it.Next(); q != 0; i, q = i+1, it.Next() {
		if i%planCheck == 0 {
			if err := check(); err != nil {
				return nil, err
			}
		}
		if q <= b1 {
			p.primes = append(p.primes, uint32(q))
		} else {
			m = p.addPair(q, m, index, seen)
		}
	}
	p.end = append(p.end, uint32(len(p.pairs)))
	return p, nil
}

// giantStep returns D, a product of the first primes, so that few j < D/2 are
// prime to it. D/2 <= b1 keeps m above 0 and the primes of D below those of stage 2.
func giantStep(b1, b2 uint64) uint64 {
	switch {
	case b1 >= 15015 && b2 >= 2e7: // BenchmarkCurve: 5000 additions for the babies
		return 30030
	case b1 >= 1155:
		return 2310
	case b1 >= 105:
		return 210
	default:
		return 30
	}
}

// makeBabies lists the baby steps and returns the index of each j.
func (p *Plan) makeBabies() []uint16 {
	index := make([]uint16, p.d/2+1)
	for j := uint64(1); j < p.d/2; j++ {
		if coprime(j, p.d) {
			index[j] = uint16(len(p.babies))
			p.babies = append(p.babies, uint16(j))
		}
	}
	return index
}

func coprime(a, b uint64) bool {
	for b != 0 {
		a, b = b, a%b
	}
	return a == 1
}

// addPair adds the pair of the prime q, which is not less than those before it,
// and returns its m. Requires the m of the last one, at first p.first, and in
// seen[j] the last m that had a pair (m, j): m*D+j and m*D-j, if both are prime,
// make one pair.
func (p *Plan) addPair(q, m uint64, index []uint16, seen []uint64) uint64 {
	for ; m < (q+p.d/2)/p.d; m++ {
		p.end = append(p.end, uint32(len(p.pairs)))
	}
	j := max(q, m*p.d) - min(q, m*p.d)
	if seen[j] != m {
		seen[j] = m
		p.pairs = append(p.pairs, index[j])
	}
	return m
}

// String returns the bounds as results name them.
func (p *Plan) String() string { return fmt.Sprintf("B1=%d,B2=%d", p.B1, p.B2) }

// chainIndex returns the place of j*q in the chain of babies, which are the j =
// 1, 5, 7, 11, 13, ... prime to 6. Requires such a j.
func chainIndex(j uint16) int { return int(j) / 3 }
