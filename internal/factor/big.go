package factor

import (
	"math/big"

	"factorfleet/internal/factor/prime"
	"factorfleet/internal/nat"
)

// A search is the work on one number of 2^64 or more. Before and after each
// step the number is the product of the found factors, dst[start:], and of all
// pieces.
type search struct {
	e            *Engine
	whole        *big.Int      // the number
	form         *formDivisors // of the number, nil before it is looked at
	dst          []Factor
	start        int
	untested     []piece // prime, a power, or composite: not yet looked at
	composite    []piece
	unknown      []piece // not tested in time
	method       string  // the last that split something
	effort       string  // the last that did not
	whyNotSieved string  // why the sieve was not used
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
	ok, err := prime.Test(p.n, s.e.checkBudget)
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

// split works on a composite until it falls apart. If it returns an error the
// piece is back among the composites.
func (s *search) split(p piece) error {
	for {
		d, method, err := s.findByForm(&p)
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

var one = big.NewInt(1)
