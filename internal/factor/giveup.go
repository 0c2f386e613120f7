package factor

import (
	"fmt"
	"time"

	"factorfleet/internal/factor/prime"
	"factorfleet/internal/measured"
)

// giveUp turns all pieces into factors with the status Composite and completes the
// method, for example
//
//	trial; unfinished after ecm(B1=2000,B2=200000,curves=25)
//	unfinished after ecm(...); the sieve takes about 2h0m0s
//
// The second one has found no factor. The budget is spent.
func (s *search) giveUp() {
	for _, ps := range [...][]piece{s.untested, s.composite, s.unknown} {
		for _, p := range ps {
			s.refine(p)
		}
	}
	if s.effort == "" {
		s.effort = "trial"
	}
	s.effort += s.sieveObstacle()
	if s.method == "prime" {
		s.method = "unfinished after " + s.effort
	} else {
		s.method += "; unfinished after " + s.effort
	}
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

// refine divides p by the primes that are known of other pieces, and adds the cofactor
// as Composite.
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
