package factor

import (
	"math/big"
)

// A piece is n^exp, a part of the number that is being factored. n >= 1 is odd and has
// no prime factor below prime.Bound.
type piece struct {
	n    *big.Int
	exp  uint32
	done pieceProgress
}

// A pieceProgress says which methods have been tried on a piece. The parts of a piece
// inherit it, except formTried, ratioTried and sureTried: a curve is a trial for all prime factors
// of its modulus at once, so that the parts need not repeat it.
type pieceProgress struct {
	formTried   bool   // algebraic divisors, on this piece
	ratioTried  bool   // Fermat and Lehman, on this piece
	sureTried   bool   // p-1 with sureB1, on this piece
	level       int    // index of the level of the next step, from 0
	pm1Done     bool   // of the level
	pp1Done     bool   // of the level
	curve       int    // completed curves of the level
	total       uint64 // completed curves of all levels; it numbers the parameters
	sieveFailed bool   // the sieve has failed
	sieveNeed   uint64 // bytes that the sieve needed and the pool did not have; 0 if it was not refused
}

// takeSmallest removes the smallest composite and returns it. The smallest one is the
// most likely to be finished in the remaining time. Requires a composite.
func (s *search) takeSmallest() piece {
	at, last := 0, len(s.composite)-1
	for i, p := range s.composite {
		if p.n.Cmp(s.composite[at].n) < 0 {
			at = i
		}
	}
	p := s.composite[at]
	s.composite[at] = s.composite[last]
	s.composite = s.composite[:last]
	return p
}

// parts adds the two parts d and e = n/d of p to the untested pieces. If they share a
// factor g = gcd(d, e) > 1, the pieces are d/g, e/g and g^2, with the exponent of p.
func (s *search) parts(p piece, d *big.Int) {
	p.done.formTried, p.done.ratioTried, p.done.sureTried = false, false, false
	rest := new(big.Int).Quo(p.n, d)
	g := new(big.Int).GCD(nil, nil, d, rest)
	if g.Cmp(one) != 0 {
		s.untested = append(s.untested, piece{g, 2 * p.exp, p.done})
		d, rest = new(big.Int).Quo(d, g), rest.Quo(rest, g)
	}
	s.untested = append(s.untested, piece{d, p.exp, p.done}, piece{rest, p.exp, p.done})
}
