package factor

import (
	"math/big"
	"slices"

	"factorfleet/internal/factor/prime"
	"factorfleet/internal/nat"
)

// A search factors one number of 2^64 or more. Invariant, before and after each step:
//
//	whole = product of dst[start:] * product of untested, composite and unknown
//
// A piece moves between these lists:
//
//	untested   -> dst         it is prime, or it is a word and is factored at once
//	           -> untested    it is a power: its base, with a larger exponent
//	           -> composite
//	           -> unknown     the budget was spent during its primality test
//	composite  -> untested    it is split: its two parts
//	unknown    -> untested    giveUp: it is tested beyond the budget
//	composite  -> dst         giveUp, with the status Composite
//
// The goroutine of Append owns a search.
type search struct {
	e            *Engine
	whole        *big.Int      // the number to factor
	form         *formDivisors // of whole, or of a later piece; nil before the first composite
	dst          []Factor
	start        int     // the factors of whole are dst[start:]
	untested     []piece // not yet classified: prime, a power, or composite
	composite    []piece // no powers
	unknown      []piece // the budget was spent during the primality test
	method       string  // the last one that split a piece
	effort       string  // the last one that did not find a divisor
	outside      string  // follows the effort: curves that others have run; "" if there are none
	whyNotSieved string  // ends the effort; "" if the sieve was not refused
}

// big appends the factors of n >= 2^64 and returns them with the method. After the
// budget is spent, the rest is Composite and the method says so.
func (e *Engine) big(dst []Factor, n *big.Int) ([]Factor, string, error) {
	s := &search{e: e, dst: dst, start: len(dst), method: "prime"}
	e.effort = 0
	s.trial(n)
	s.divideByKnown()
	err := s.run()
	if err == errBudget {
		err = s.giveUp()
	}
	if err != nil {
		return dst, "", err
	}
	return s.dst, s.method, nil
}

// run splits until every piece is prime or probably prime. It returns errBudget if
// pieces are left, or the cause of the end of the context.
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

// trial moves the prime factors of n below prime.Bound to dst, and the cofactor to
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
		s.e.stop.found()
	}
	s.untested = append(s.untested, piece{n: rest, exp: 1, done: newProgress(s.e.work)})
}

// methodKnown is the method of a divisor of Engine.SetKnown.
const methodKnown = "known"

// divideByKnown splits the untested pieces by the divisors of Engine.SetKnown. A divisor may have a factor in common with
// a piece without dividing it. It ends: each split makes the pieces smaller, and none is made of a piece 1.
func (s *search) divideByKnown() {
	for _, d := range s.e.known {
		if d.Sign() <= 0 {
			continue
		}
		for i := 0; i < len(s.untested); {
			p := s.untested[i]
			g := new(big.Int).GCD(nil, nil, d, p.n)
			if g.Cmp(one) == 0 || g.Cmp(p.n) == 0 {
				i++
				continue
			}
			s.method = methodKnown
			s.untested = slices.Delete(s.untested, i, i+1)
			s.parts(p, g)
		}
	}
}

// classify tests all untested pieces. They become factors, other untested pieces (the
// base of a power), or composites. A piece whose test runs out of time becomes unknown.
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

// classifyOne tests p for a power and for primality. After an error p is in no list.
func (s *search) classifyOne(p piece) error {
	if p.n.IsUint64() {
		return s.classifyWord(p)
	}
	if base, exp := perfectPower(p.n); exp > 1 {
		s.method = "power"
		s.e.stop.found()
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

// classifyWord completes a piece p < 2^64.
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
			s.method = before // a harder method has split off this word
		}
	}
	return err
}

// found moves p to the factors with the given status.
func (s *search) found(p piece, status Status) {
	s.dst = addFactor(s.dst, s.start, Factor{nat.FromBig(p.n), p.exp, status})
}

// split splits p, a composite that is no power, in two. The methods are tried in this
// order:
//
//	algebraic divisors, Fermat and Lehman    a hundredth of the time of the sieve each
//	p-1, p+1, curves                         while they promise more than the sieve
//	the sieve                                if its size, budget and memory permit it
//
// A divisor of a hint ends the search for one, whatever method runs. Other machines have
// found it: see Engine.hintMethod.
//
// Each one returns no divisor if p.done says that it has been tried. The loop runs
// again after the sieve has failed or was refused: the curves then continue without
// end. After an error p is back among the composites.
func (s *search) split(p piece) error {
	d, method, err := (*big.Int)(nil), "", s.e.hints.look(p.n)
	for {
		if err == nil {
			d, method, err = s.findByForm(&p)
		}
		if d == nil && err == nil {
			d, method, err = s.findByRatio(&p)
		}
		if d == nil && err == nil {
			d, method, err = s.findByCurves(&p)
		}
		if d == nil && err == nil {
			d, method, err = s.findBySieve(&p)
		}
		if err == errHint {
			d = s.e.hints.divisor
			method, err = s.e.hintMethod(p.n)
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
