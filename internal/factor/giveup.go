package factor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"factorfleet/internal/factor/pm1"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/measured"
)

// giveUp turns the composites into factors with the status Composite and completes the
// method, for example
//
//	trial; unfinished after ecm(B1=2000,B2=200000,curves=25)
//	unfinished after ecm(...); the sieve takes about 2h0m0s
//	unfinished after ecm(...); 1930 curves of other workers and t35 before, t36.2
//	unfinished after siqs; ended early
//	trial; unfinished after trial; a first factor is enough
//
// The budget is spent, or Options.Finish or Engine.SetOne ends the number.
//
// Whoever checks an answer may rely on it that such a factor is composite, no power, at
// least 2^64, without prime factors below prime.Bound, and not split by p-1 with the
// bound sureB1 if it has at most sureBits bits. So the tests of primality and that p-1
// are done here, beyond the budget: at 16,384 bits the tests take seconds. The error is
// the cause of the end of the context.
func (s *search) giveUp() error {
	early, enough := s.e.stop.finished(), s.e.stop.enough
	s.e.stop.lastTests()
	s.untested, s.unknown = append(s.untested, s.unknown...), nil
	for changed := true; changed; {
		if err := s.classify(); err != nil {
			return err
		}
		if changed = s.refine(); !changed {
			var err error
			if changed, err = s.splitSmooth(); err != nil {
				return err
			}
		}
	}
	s.effort = cmp.Or(s.effort, "trial") + s.outside
	if enough {
		s.effort += "; a first factor is enough"
	} else if early {
		s.effort += "; ended early"
	} else {
		s.effort += s.sieveObstacle()
	}
	left := s.composite
	s.composite = nil
	for i, p := range left {
		all := p.done.all()
		if digits := all.digits(); i == 0 || digits < s.e.effort {
			s.e.effort = digits
		}
		s.found(p, Composite)
	}
	switch {
	case len(left) == 0: // the last tests have finished the number
	case s.method == "prime":
		s.method = "unfinished after " + s.effort
	default:
		s.method += "; unfinished after " + s.effort
	}
	return nil
}

// sieveObstacle returns why no composite was sieved although its size permits it: the
// budget is less than the predicted time, or the pool has not enough memory. It returns
// "" if there is no such reason.
func (s *search) sieveObstacle() string {
	for _, p := range s.composite {
		if bits := p.n.BitLen(); bits <= measured.SieveBits && !p.done.sieveFailed && p.done.sieveNeed == 0 && !s.e.budgetAllowsSieve(bits) {
			return fmt.Sprintf("; the sieve takes about %v", s.e.times.Sieve(bits).Round(time.Second))
		}
	}
	return s.whyNotSieved
}

// Bounds of the p-1 that every unfinished factor has withstood. They are those that
// package verify relies on: an answer with a factor that this p-1 splits is refused.
const (
	sureB1   = 1000
	sureBits = 3400 // about 10 ms; the time grows with the square of the size
)

// splitSmooth runs p-1 on the first composite that it was not run on here, and reports
// whether it has split one. It repeats what p-1 of a level may have done, because parts
// of a piece inherit the levels: p-1 of a higher bound may have found two primes
// together that sureB1 separates.
func (s *search) splitSmooth() (split bool, err error) {
	for i := range s.composite {
		p := &s.composite[i]
		if p.done.sureTried || p.n.BitLen() > sureBits {
			continue
		}
		p.done.sureTried = true
		d, err := pm1.Find(p.n, sureB1, sureB1, s.e.checkContext)
		if err != nil {
			return false, err
		}
		if d != nil {
			s.method = fmt.Sprintf("p-1(B1=%d,B2=%d)", sureB1, sureB1)
			whole := *p
			s.composite = slices.Delete(s.composite, i, i+1)
			s.parts(whole, d)
			return true, nil
		}
	}
	return false, nil
}

// refine divides the composites by the primes that are known of other pieces. Cofactors
// are untested, as they may be prime. It reports whether there are any.
func (s *search) refine() (changed bool) {
	whole := s.composite[:0]
	for _, p := range s.composite {
		rest := p.n
		for i := s.start; i < len(s.dst); i++ {
			f := &s.dst[i]
			next, times := prime.TakeOut(rest, f.P.Big())
			rest = next
			f.Exp += times * p.exp
		}
		if rest.Cmp(p.n) == 0 {
			whole = append(whole, p)
			continue
		}
		s.untested = append(s.untested, piece{n: rest, exp: p.exp})
		changed = true
	}
	s.composite = whole
	return changed
}
