package factor

import (
	"math/big"

	"factorfleet/internal/factor/ecm"
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
	curve       int    // completed curves of the level by this engine
	total       uint64 // completed curves of all levels by this engine; it numbers the parameters
	sieveFailed bool   // the sieve has failed
	sieveNeed   uint64 // bytes that the sieve needed and the pool did not have; 0 if it was not refused

	own    curveCounts // completed curves of this engine
	others curveCounts // of other machines, by Hint.Effort
	before curveCounts // of Options.Work
}

// newProgress returns the progress of a piece on which nothing was done but before, the
// curves of Options.Work. It begins with the first level that is not done. Work counts as
// if p-1 and p+1 of the levels that are done had been run with the curves: people who
// spend such an effort run p-1 first.
func newProgress(before curveCounts) pieceProgress {
	at := pieceProgress{before: before}
	if before == (curveCounts{}) {
		return at
	}
	at.level = before.firstOpen()
	last := len(bounds) - 1
	at.pm1Done = at.level == last && before.sum(bounds[last].digits) >= 1
	at.pp1Done = at.pm1Done
	return at
}

// all returns the curves so far, whoever ran them.
func (at *pieceProgress) all() curveCounts {
	c := at.own
	c.add(at.others)
	c.add(at.before)
	return c
}

// alone reports whether only this engine has run curves.
func (at *pieceProgress) alone() bool {
	return at.others == (curveCounts{}) && at.before == (curveCounts{})
}

// skipDone moves at to the first level from its own on that is not done, or to the last
// one. p-1 and p+1 of the skipped levels are skipped as well: those of the level at which
// it goes on find what they would find, except that p+1 has another start.
func (at *pieceProgress) skipDone() {
	if at.alone() {
		return
	}
	all := at.all()
	for at.level < len(bounds)-1 && all.sum(bounds[at.level].digits) >= 1 {
		at.nextLevel()
	}
}

// nextLevel ends the level of at.
func (at *pieceProgress) nextLevel() {
	at.level, at.curve, at.pm1Done, at.pp1Done = at.level+1, 0, false, false
}

// ran counts a group of the level of at, l, and ends the level after its last group. If
// others have run curves too, skipDone ends it when all together suffice.
func (at *pieceProgress) ran(l *level) {
	at.total += ecm.Group
	at.curve += ecm.Group
	own := &at.own[min(at.level, len(bounds)-1)]
	*own = min(*own+ecm.Group, maxCurves)
	if at.curve >= l.curves && (at.alone() || at.level >= len(bounds)-1) {
		at.nextLevel()
	}
}

// planned returns the number of curves that this engine will have run of the level of at,
// l, when the level is done.
func (at *pieceProgress) planned(l *level) int {
	if at.alone() || at.level >= len(bounds)-1 {
		return l.curves
	}
	all := at.all()
	return at.curve + all.left(at.level)
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
	s.e.stop.found()
	rest := new(big.Int).Quo(p.n, d)
	g := new(big.Int).GCD(nil, nil, d, rest)
	if g.Cmp(one) != 0 {
		s.untested = append(s.untested, piece{g, 2 * p.exp, p.done})
		d, rest = new(big.Int).Quo(d, g), rest.Quo(rest, g)
	}
	s.untested = append(s.untested, piece{d, p.exp, p.done}, piece{rest, p.exp, p.done})
}
