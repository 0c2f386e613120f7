package factor

import (
	"context"
	"slices"
	"time"

	"factorfleet/internal/nat"
)

// A Prover proves that numbers are prime. It factors n-1 and n+1 as far as one of the
// theorems of ProofStep needs, and does the same with the large primes that it finds
// there:
//
//	n --- n-1 = 2^2 * 3 * 7919 * p1        p1 >= 2^64: a claim of its own
//	  \-- n+1 = 2 * 5 * 31 * c            c composite: split in later rounds
//
// The claims form a directed graph without cycles, since the primes of n-1 and n+1 are
// below n. The proof consists of the claims that the first one reaches by its chosen
// primes.
//
// A Prover has an engine of its own and is not for concurrent use.
type Prover struct {
	e      *Engine
	limit  time.Duration     // of the meter, of the running Prove; 0: no limit
	claims map[string]*claim // by the bytes of n
	round  int               // of the running Prove, from 1
}

// NewProver returns a prover. It ignores Options.Budget: Prove has its own.
func NewProver(o Options) *Prover { return &Prover{e: New(o)} }

// It is not known beforehand which of the sides is easy to factor. So they are factored
// in rounds: a round spends at most one slice of time on each side of each claim, and
// the slice grows by a factor from round to round. A round continues where the last one
// ended. Only an interrupted sieve starts again; it starts only if it is expected to
// end within the slice.
const (
	firstSlice = 2 * time.Millisecond
	sliceGrows = 4
	mostSlice  = 10000 * time.Hour
)

// Prove returns a proof that n is prime, or nil if it found none within the budget; 0
// is no limit. n is a probable prime above 2^64. The error is the cause of the end of
// ctx.
func (p *Prover) Prove(ctx context.Context, n nat.Nat, budget time.Duration) (*Proof, error) {
	meter := p.e.stop.meter
	meter.Begin()
	defer meter.End()
	p.e.stop.ctx, p.round = ctx, 0
	p.e.stop.start(budget)
	p.limit = meter.Limit()
	if err := p.e.checkContext(); err != nil {
		return nil, err
	}
	p.claims = make(map[string]*claim)
	defer func() { p.claims = nil }()
	root := p.claim(n.Big())
	for slice := firstSlice; slice < mostSlice && !root.unprovable; slice *= sliceGrows {
		p.round++
		switch err := p.attempt(root, slice); {
		case err == errBudget:
			return nil, nil
		case err != nil:
			return nil, err
		case root.step != nil:
			return root.proof(), nil
		}
	}
	return nil, nil
}

// attempt works on c for one round: on each side for a slice, and then on the large
// primes of both sides. It returns errBudget when the time for the whole proof is
// spent.
func (p *Prover) attempt(c *claim, slice time.Duration) error {
	if c.step != nil || c.unprovable || c.round == p.round {
		return nil
	}
	// A claim that several others use is worked on once in a round.
	c.round = p.round
	for i := range c.sides {
		if err := p.searchSide(c, &c.sides[i], slice); err != nil {
			return err
		}
		if err := p.proveWithChildren(c, slice); err != nil || c.step != nil || c.unprovable {
			return err
		}
	}
	return nil
}

// searchSide factors one side of c, until the known primes suffice, nothing is left to
// split, or the slice is spent. It sets the budget of the engine to the slice, which
// also decides whether the sieve may start, and the limit of the meter to one and a half
// slices.
func (p *Prover) searchSide(c *claim, s *side, slice time.Duration) error {
	e := p.e
	// The sieve starts if its predicted time is a slice at most, and the curves before
	// it have taken some of the slice. Half a slice more lets it end.
	limit := e.stop.meter.Read() + slice + slice/2
	if p.limit > 0 {
		limit = min(limit, p.limit)
	}
	e.o.Budget = slice
	e.stop.meter.SetLimit(limit)
	if s.search == nil {
		s.search = &search{e: e}
		s.search.trial(s.m)
	}
	err := s.search.until(func() bool { return choose(c.n, p.parts(c, true)) != nil })
	if err == errBudget && !p.timeSpent() {
		return nil
	}
	return err
}

// until works like run, and returns nil as soon as enough is true. Pieces that were not
// tested in time in an earlier round are tested again.
func (s *search) until(enough func() bool) error {
	for !enough() {
		s.untested, s.unknown = append(s.untested, s.unknown...), nil
		if err := s.classify(); err != nil {
			return err
		}
		switch {
		case len(s.unknown) > 0:
			return errBudget
		case len(s.composite) == 0 || enough():
			return nil
		}
		if err := s.split(s.takeSmallest()); err != nil {
			return err
		}
	}
	return nil
}

// timeSpent reports whether the time for the whole proof is spent.
func (p *Prover) timeSpent() bool { return p.limit > 0 && p.e.stop.meter.Spent() >= p.limit }

// proveWithChildren proves c if the known primes suffice. Else, if all primes that are
// known would suffice once they are proved, it works on their claims, the smallest
// first, and tries again after each proof.
func (p *Prover) proveWithChildren(c *claim, slice time.Duration) error {
	if err := p.prove(c); err != nil || c.step != nil || c.unprovable {
		return err
	}
	// Would it help to prove the large primes?
	all := p.parts(c, false)
	if !reachable(c.n, all) {
		return nil
	}
	slices.SortFunc(all, func(a, b knownPrime) int { return a.q.Cmp(b.q) })
	for i := range all {
		child := all[i].claim
		if child == nil || child.step != nil {
			continue
		}
		if err := p.attempt(child, slice); err != nil {
			return err
		}
		if child.step == nil {
			continue
		}
		if err := p.prove(c); err != nil || c.step != nil || c.unprovable {
			return err
		}
	}
	return nil
}

// parts returns the known prime factors of both sides of c. If proved is true, those
// above 2^64 are left out unless their claim is proved.
func (p *Prover) parts(c *claim, proved bool) (list []knownPrime) {
	for i := range c.sides {
		s := &c.sides[i]
		if s.search == nil {
			continue
		}
		for _, f := range s.search.dst {
			var child *claim
			if f.Status == PRP {
				child = p.claim(f.P.Big())
			}
			if f.Status == Composite || proved && child != nil && child.step == nil {
				continue
			}
			list = append(list, knownPrime{i == 1, f.P, fullPower(s.m, f.P.Big()), child})
		}
	}
	return list
}

// prove sets the step of c if the known and proved primes suffice. It sets c.unprovable
// if a witness is missing.
func (p *Prover) prove(c *claim) error {
	chosen := choose(c.n, p.parts(c, true))
	if chosen == nil {
		return nil
	}
	// The witnesses may take longer than the slice.
	p.e.stop.meter.SetLimit(p.limit)
	w := newWitnesses(c.n, p.e.checkBudget)
	step := &ProofStep{N: nat.FromBig(c.n)}
	slices.SortFunc(chosen, func(a, b knownPrime) int { return a.q.Cmp(b.q) })
	for _, x := range chosen {
		find, list := w.minus, &step.Minus
		if x.plus {
			find, list = w.plus, &step.Plus
		}
		a, err := find(x.q.Big())
		if err != nil {
			return err
		}
		if a == 0 {
			c.unprovable = true
			return nil
		}
		*list = append(*list, Witness{x.q, a})
		if x.claim != nil {
			c.uses = append(c.uses, x.claim)
		}
	}
	c.step = step
	return nil
}
