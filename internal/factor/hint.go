package factor

import (
	"errors"
	"math/big"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/measured"
)

// A Hint is what other machines tell of a composite that an engine splits. It is a
// claim: the engine checks it, and a wrong hint costs no more than a gcd.
type Hint struct {
	// Divisors may have a factor in common with the composite, which then splits it.
	// Others are ignored.
	Divisors []*big.Int
	// Share takes the relations of the coefficients [first, end) that this engine has
	// sieved completely, as siqs.Set.AddYield reads them. It returns false if it can take
	// none now; the engine then offers them again. It must not block. nil: the relations
	// stay here.
	Share func(first, end uint64, relations []byte) bool
	// First is the coefficient number from which on this engine sieves, without those that
	// it has sieved. If there is no such coefficient, it sieves from Params.OwnStart on.
	First uint64
	// Params are those that the receiver of the relations has. If they are not those of
	// this engine, Share and First are ignored.
	Params *siqs.Params
	// Effort is the curves that other machines have run on Of so far. If the composite
	// divides Of they count like curves of this engine: levels that are done are skipped.
	// A later hint may count more. No p-1 and p+1 belong to them.
	Effort Effort
	Of     *big.Int
	// Curve is the curve that has found a divisor, nil if that is not known. The engine
	// repeats it modulo the divisor before it names it as the method. Its bounds must be
	// those of a level.
	Curve *ecm.Curve
}

const (
	// hintEvery is the least time between two calls of Options.Hint for a composite.
	hintEvery = 10 * time.Millisecond
	// backlogBits is the size from which on the sieve keeps its relations from the start,
	// 72 digits, if hints can come. Of a smaller number it keeps those after the first hint
	// with Share: machines rarely share one, and to keep relations costs 3 % of the time at
	// 60 digits.
	backlogBits = 240
)

// errHint means that a hint splits the composite. It does not leave the package.
var errHint = errors.New("factor: a hint has a divisor")

// hints asks for hints. The goroutine of Append owns it.
type hints struct {
	ask     func(c *big.Int) *Hint // Options.Hint, may be nil
	backlog int                    // backlogBits, another size in tests
	asked   time.Time
	c       *big.Int    // the composite that ask was last called for
	last    *Hint       // its answer
	divisor *big.Int    // of c, proper; of last
	effort  curveCounts // on c; of last
	shares  bool        // last.Share and last.First are for the number that is sieved
	checked *Hint       // the hint that shares belongs to
}

// poll asks for a hint unless it has asked within hintEvery. It returns errHint if there
// is a divisor of c.
func (h *hints) poll(c *big.Int) error {
	if h.ask == nil || time.Since(h.asked) < hintEvery {
		return nil
	}
	return h.look(c)
}

// look is poll at once.
func (h *hints) look(c *big.Int) error {
	if h.ask == nil {
		return nil
	}
	hint := h.ask(c)
	h.asked = time.Now()
	if hint != h.last || c != h.c {
		h.last, h.c, h.divisor, h.effort = hint, c, hint.divisorOf(c), hint.effortOn(c)
	}
	if h.divisor != nil {
		return errHint
	}
	return nil
}

// divisorOf returns a divisor d of c, 1 < d < c, that c has in common with one of
// Divisors; nil if there is none.
func (h *Hint) divisorOf(c *big.Int) *big.Int {
	if h == nil {
		return nil
	}
	for _, d := range h.Divisors {
		if d == nil || d.Sign() <= 0 {
			continue
		}
		if g := new(big.Int).GCD(nil, nil, d, c); g.Cmp(one) > 0 && g.Cmp(c) < 0 {
			return g
		}
	}
	return nil
}

// effortOn returns the curves that count for c.
func (h *Hint) effortOn(c *big.Int) (counts curveCounts) {
	if h == nil || h.Of == nil || h.Of.Sign() <= 0 || len(h.Effort) == 0 || new(big.Int).Mod(h.Of, c).Sign() != 0 {
		return counts
	}
	return h.Effort.counts()
}

// hintMethod returns the method of the divisor that a hint has of n: the curve that the
// hint names, if it finds the divisor; else what other machines run on numbers of this
// size. The error is the cause of the end of the context.
func (e *Engine) hintMethod(n *big.Int) (string, error) {
	h := e.hints.last
	if h.Curve == nil {
		if len(h.Effort) == 0 && n.BitLen() <= measured.SieveBits {
			return methodSIQS, nil
		}
		return methodECM, nil
	}
	finds, err := e.finds(h.Curve, e.hints.divisor)
	switch {
	case err == nil && finds:
		return h.Curve.String(), nil
	case err != nil && err != errBudget:
		return "", err
	}
	return methodECM, nil
}

// finds reports whether c, with the bounds of a level, finds a factor of d. Modulo a
// divisor of a third of the digits that takes a fifth of the time of the curve. The error
// is errBudget, or the cause of the end of the context.
func (e *Engine) finds(c *ecm.Curve, d *big.Int) (bool, error) {
	l := levelOf(c.B1, c.B2)
	if l == nil || c.Sigma < ecm.MinSigma {
		return false, nil
	}
	plan, err := l.plan(e.checkBudget)
	if err != nil {
		return false, err
	}
	which, err := e.curvesFor(d, e.checkBudget).FindsAll(plan, []uint64{c.Sigma})
	return err == nil && which >= 0, err
}

// share offers the yields that s has kept to the last hint, and has s sieve where the
// hint says.
func (h *hints) share(s *siqs.Searcher) {
	hint := h.last
	if hint == nil || hint.Share == nil || hint.Params == nil || s.Params() == nil {
		return
	}
	if h.checked != hint {
		h.checked, h.shares = hint, hint.Params.Sum() == s.Params().Sum()
		if h.shares {
			s.SkipTo(hint.First)
		}
	}
	for h.shares {
		first, end, relations, ok := s.NextYield()
		if !ok || !hint.Share(first, end, relations) {
			return
		}
		s.Sent()
	}
}

// checkSieve returns a check for the sieve of n: check, hints, and yields that are
// shared.
func (e *Engine) checkSieve(n *big.Int, check func() error) func() error {
	h := &e.hints
	if h.ask == nil {
		return check
	}
	h.checked, h.shares = nil, false
	return func() error {
		if err := check(); err != nil {
			return err
		}
		if time.Since(h.asked) < hintEvery {
			return nil
		}
		if err := h.look(n); err != nil {
			return err
		}
		h.share(e.siqs)
		return nil
	}
}
