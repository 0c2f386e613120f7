package factor

import (
	"math/big"
)

// A piece is n^exp, a part of the number that is being factored.
type piece struct {
	n    *big.Int
	exp  uint32
	done pieceProgress
}

// pieceProgress is how far the levels have been passed through with a piece. The
// parts of a piece inherit it, except shape and ratio: a curve meets all prime factors at once.
type pieceProgress struct {
	formTried   bool // the divisors of a form have been tried with this piece
	ratioTried  bool // factors of a close ratio have been looked for, in this piece
	level       int
	pm1Done     bool   // p-1 of the level is done
	pp1Done     bool   // p+1 likewise
	curve       int    // curves of the level done
	total       uint64 // curves done at all levels
	sieveFailed bool   // in vain
	sieveNeed   uint64 // bytes that the sieve would take and there were not
}

// takeSmallest removes the smallest composite, which is the likeliest to be
// finished in the time that is left.
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

// parts puts the parts d and p/d of p among the untested pieces, a factor that
// they share by itself: (d/g) (p/d/g) g^2.
func (s *search) parts(p piece, d *big.Int) {
	p.done.formTried, p.done.ratioTried = false, false
	rest := new(big.Int).Quo(p.n, d)
	g := new(big.Int).GCD(nil, nil, d, rest)
	if g.Cmp(one) != 0 {
		s.untested = append(s.untested, piece{g, 2 * p.exp, p.done})
		d, rest = new(big.Int).Quo(d, g), rest.Quo(rest, g)
	}
	s.untested = append(s.untested, piece{d, p.exp, p.done}, piece{rest, p.exp, p.done})
}
