package factor

import (
	"fmt"
	"math/big"
	"time"

	"factorfleet/internal/factor/prime"
	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
)

// A piece is n^exp, a part of the number that is being factored.
type piece struct {
	n    *big.Int
	exp  uint32
	done progress
}

// progress is how far the levels have been passed through with a piece. The
// parts of a piece inherit it, except shape and ratio: a curve meets all prime factors at once.
type progress struct {
	shape  bool // the divisors of a form have been tried with this piece
	ratio  bool // factors of a close ratio have been looked for, in this piece
	level  int
	pm1    bool   // p-1 of the level is done
	pp1    bool   // p+1 likewise
	curve  int    // curves of the level done
	total  uint64 // curves done at all levels
	sieved bool   // in vain
	need   uint64 // bytes that the sieve would take and there were not
}

// A search is the work on one number of 2^64 or more. Before and after each
// step the number is the product of the found factors, dst[start:], and of all
// pieces.
type search struct {
	e         *Engine
	whole     *big.Int // the number
	shape     *shape   // of the number, nil before it is looked at
	dst       []Factor
	start     int
	untested  []piece // prime, a power, or composite: not yet looked at
	composite []piece
	unknown   []piece // not tested in time
	method    string  // the last that split something
	effort    string  // the last that did not
	lack      string  // why the sieve was not used
}

// big appends the factors of n >= 2^64.
func (e *Engine) big(dst []Factor, n *big.Int) ([]Factor, string, error) {
	s := &search{e: e, dst: dst, start: len(dst), method: "prime"}
	s.trial(n)
	err := s.run()
	if err == errBudget {
		s.giveUp()
	} else if err != nil {
		return dst, "", err
	}
	return s.dst, s.method, nil
}

// run works until nothing is left or an error ends it.
func (s *search) run() error {
	for {
		if err := s.classify(); err != nil {
			return err
		}
		if len(s.composite) == 0 {
			if len(s.unknown) > 0 {
				return errBudget
			}
			return nil
		}
		if err := s.split(s.takeSmallest()); err != nil {
			return err
		}
	}
}

// trial moves the prime factors of n below prime.Bound to dst and the rest to
// untested.
func (s *search) trial(n *big.Int) {
	s.whole = n
	rest := new(big.Int).Set(n)
	if twos := rest.TrailingZeroBits(); twos > 0 {
		rest.Rsh(rest, twos)
		s.dst = append(s.dst, Factor{nat.New(2), uint32(twos), Prime})
	}
	rest = prime.Divide(rest, func(p uint64, exp uint32) {
		s.dst = append(s.dst, Factor{nat.New(p), exp, Prime})
	})
	if len(s.dst) > s.start {
		s.method = "trial"
	}
	s.untested = append(s.untested, piece{n: rest, exp: 1})
}

// classify looks at all untested pieces: they become factors, pieces of other
// sizes, or composites. After errBudget the ones that it had no time for are
// unknown.
func (s *search) classify() error {
	for len(s.untested) > 0 {
		last := len(s.untested) - 1
		p := s.untested[last]
		s.untested = s.untested[:last]
		switch err := s.classifyOne(p); err {
		case nil:
		case errBudget:
			s.unknown = append(s.unknown, p)
		default:
			return err
		}
	}
	return nil
}

func (s *search) classifyOne(p piece) error {
	if p.n.IsUint64() {
		return s.classifyWord(p)
	}
	if base, exp := perfectPower(p.n); exp > 1 {
		s.method = "power"
		s.untested = append(s.untested, piece{base, p.exp * uint32(exp), p.done})
		return nil
	}
	ok, err := prime.Test(p.n, s.e.inBudget)
	switch {
	case err != nil:
		return err
	case ok:
		s.found(p, PRP)
	default:
		s.composite = append(s.composite, p)
	}
	return nil
}

// classifyWord finishes a piece below 2^64, which has no factor below
// prime.Bound.
func (s *search) classifyWord(p piece) (err error) {
	w := p.n.Uint64()
	switch {
	case w == 1:
	case s.e.roughPrime(w):
		s.dst = addPrime(s.dst, s.start, w, p.exp)
	default:
		before := s.method
		s.dst, s.method, err = s.e.splitWord(s.dst, s.start, w, p.exp)
		if before != "trial" {
			s.method = before // it was harder to get here
		}
	}
	return err
}

func (s *search) found(p piece, status Status) {
	s.dst = addFactor(s.dst, s.start, Factor{nat.FromBig(p.n), p.exp, status})
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

// split works on a composite until it falls apart. If it returns an error the
// piece is back among the composites.
func (s *search) split(p piece) error {
	for {
		d, method, err := s.findByShape(&p)
		if d == nil && err == nil {
			d, method, err = s.findByRatio(&p)
		}
		if d == nil && err == nil {
			d, method, err = s.findByCurves(&p)
		}
		if d == nil && err == nil {
			d, method, err = s.findBySieve(&p)
		}
		if err != nil {
			s.composite = append(s.composite, p)
			return err
		}
		if d != nil {
			s.method = method
			s.parts(p, d)
			return nil
		}
	}
}

// parts puts the parts d and p/d of p among the untested pieces, a factor that
// they share by itself: (d/g) (p/d/g) g^2.
func (s *search) parts(p piece, d *big.Int) {
	p.done.shape, p.done.ratio = false, false
	rest := new(big.Int).Quo(p.n, d)
	g := new(big.Int).GCD(nil, nil, d, rest)
	if g.Cmp(one) != 0 {
		s.untested = append(s.untested, piece{g, 2 * p.exp, p.done})
		d, rest = new(big.Int).Quo(d, g), rest.Quo(rest, g)
	}
	s.untested = append(s.untested, piece{d, p.exp, p.done}, piece{rest, p.exp, p.done})
}

var one = big.NewInt(1)

// giveUp turns all pieces into factors with Status Composite.
func (s *search) giveUp() {
	for _, ps := range [...][]piece{s.untested, s.composite, s.unknown} {
		for _, p := range ps {
			s.refine(p)
		}
	}
	if s.effort == "" {
		s.effort = "trial"
	}
	s.effort += s.lacks()
	if s.method == "prime" {
		s.method = "unfinished after " + s.effort
	} else {
		s.method += "; unfinished after " + s.effort
	}
}

// lacks says why none of the composites was sieved that could be: for want of memory, or of time.
func (s *search) lacks() string {
	for _, p := range s.composite {
		if bits := p.n.BitLen(); bits <= measured.SieveBits && !p.done.sieved && p.done.need == 0 && !s.e.affords(bits) {
			return fmt.Sprintf("; the sieve takes about %v", s.e.sieveTime(bits).Round(time.Second))
		}
	}
	return s.lack
}

// refine takes the primes already found out of p before it gives p up.
func (s *search) refine(p piece) {
	n := p.n
	for i := s.start; i < len(s.dst); i++ {
		f := &s.dst[i]
		if f.Status == Composite {
			continue
		}
		rest, times := prime.TakeOut(n, f.P.Big())
		n = rest
		f.Exp += times * p.exp
	}
	if n.Cmp(one) != 0 {
		s.found(piece{n: n, exp: p.exp}, Composite)
	}
}
