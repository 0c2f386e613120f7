// Package ecm finds a prime factor p of n by elliptic curves modulo n. Its time depends
// on the size of p, hardly on that of n: a curve finds p if the order of the curve
// modulo p is smooth. A number, sigma, chooses the curve, and each curve is a new
// chance.
//
// Definition. Let Q be a point on the curve b*y^2 = x^3 + A*x^2 + x modulo n. Only x =
// X/Z of a point is kept, so that P and -P are the same. The group order modulo p is g,
// p+1-2*sqrt(p) <= g <= p+1+2*sqrt(p).
//
//	Stage 1    Q' = E*Q, E the product of all prime powers up to B1. If the order of Q modulo p divides E, then
//	           Q' is the neutral element: Z = 0 mod p, and p divides gcd(Z, n).
//	Stage 2    finds p if the order divides q*E for one more prime q, B1 < q <= B2. It writes q = m*D + j or
//	           q = m*D - j with 0 < j < D/2. Then x(m*D*Q') = x(j*Q') mod p, because x(P) = x(P') exactly if
//	           P = P' or P = -P'. It multiplies the differences of these x, giant steps m*D*Q' less baby
//	           steps j*Q', and takes a gcd of the product.
//
// The files:
//
//	plan               bounds, primes and pairs that all curves with the same bounds share
//	curve, class       parameters; bounds and numbers of curves by the size of the number
//	expect             the probability that a curve finds a factor
//	prac, chains       k*P with few additions
//	program*           a curve as instructions for the machines of package mont
//	runner*            Runner: curves modulo one number of any size, up to eight at a time
//	batch*             Batch: curves on many numbers below 2^128, in the lanes of mont.Lanes
//	word, words        the same for one word and for many words without mont.Lanes
//
// The tests compare Runner and Batch with two other implementations, which are only in
// test files: Search (search_test.go) for numbers and FindWord (findword_test.go) for
// words.
//
// Sources: H. W. Lenstra, Factoring integers with elliptic curves, Ann. of Math. 126
// (1987). P. L. Montgomery, Speeding the Pollard and elliptic curve methods of
// factorization, Math. Comp. 48 (1987), section 10, for the arithmetic. P. Zimmermann,
// B. Dodson, 20 years of ECM (2006), for Suyama's sigma, the stages and the numbers of
// curves.
//
// Nothing here is tested for primality: a factor that is found may be composite. The
// same n, sigma, B1 and B2 give the same result on every machine.
package ecm

import (
	"fmt"

	"factorfleet/internal/factor/prime"
)

// A Plan is what all curves with the same bounds share: the primes of stage 1 and the
// pairs (m, j) of stage 2. It is immutable, and goroutines may share it.
type Plan struct {
	B1, B2 uint64

	primes []uint32 // up to B1, ascending
	d      uint64   // D, the giant step
	babies []uint16 // the j < D/2 prime to D, ascending
	first  uint64   // the first m; first >= 1
	end    []uint32 // the pairs of m = first+i are pairs[end[i-1]:end[i]], end[-1] = 0
	pairs  []uint16 // the j of the pairs, as indices in babies
}

// minB1 is the least B1.
const minB1 = 15

// planCheck is the number of primes, some nanoseconds each, between two calls of check.
const planCheck = 1 << 13

// NewPlan returns the plan for 15 <= b1 <= b2 < 2^32. It takes the time of a sieve up
// to b2, a second for 3*10^8, and about b2/10 bytes of memory. The error is one of
// check, which it calls about every 0.1 ms.
func NewPlan(b1, b2 uint64, check func() error) (*Plan, error) {
	if b1 < minB1 || b2 < b1 || b2 >= 1<<32 {
		panic(fmt.Sprintf("ecm: internal error: bounds %d and %d", b1, b2))
	}
	return newPlanStep(b1, b2, giantStep(b1, b2), check)
}

// newPlanStep works like NewPlan with the giant step d. d/2 and the prime factors of d
// are at most b1.
func newPlanStep(b1, b2, d uint64, check func() error) (*Plan, error) {
	p := &Plan{B1: b1, B2: b2, d: d}
	index := p.makeBabies()
	p.first = (b1 + p.d/2) / p.d // at least 1, since d/2 <= b1
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

// giantStep returns D, a product of the first primes, so that few j < D/2 are prime to
// it. A prime q > B1 is prime to D, and so is its j. D/2 <= b1 keeps m above 0, and the
// primes of D at most B1.
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

// makeBabies sets p.babies and returns the index in it of each j < D/2 prime to D.
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

// coprime reports whether gcd(a, b) = 1.
func coprime(a, b uint64) bool {
	for b != 0 {
		a, b = b, a%b
	}
	return a == 1
}

// addPair adds the pair (m, j) of the prime q = m*D + j or q = m*D - j, and returns m.
// The primes come in ascending order. m is that of the last pair, or p.first. seen[j]
// is the last m that has a pair (m, j): if m*D+j and m*D-j are both prime, they are one
// pair.
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

// String returns the bounds as results name them, "B1=...,B2=...".
func (p *Plan) String() string { return fmt.Sprintf("B1=%d,B2=%d", p.B1, p.B2) }

// chainIndex returns the place of j in the sequence 1, 5, 7, 11, 13, ... of all numbers
// prime to 6. Requires such a j.
func chainIndex(j uint16) int { return int(j) / 3 }

// Prepare makes what the curves of p need besides, as long chains as no plan before has
// needed: a few microseconds for each prime up to B1. Without it the first curve makes
// them. The error is one of check.
func (p *Plan) Prepare(check func() error) error {
	_, err := p.chains(check)
	return err
}

// Prepared reports whether Prepare has nothing to do.
func (p *Plan) Prepared() bool {
	t := chainTable.Load()
	return t != nil && len(*t) >= len(p.primes)-1
}
