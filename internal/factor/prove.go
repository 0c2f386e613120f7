package factor

import (
	"context"
	"slices"
	"time"

	"factorfleet/internal/nat"
)

// A Prover makes proofs that numbers are prime. To do so it factors n-1 and n+1, as far as
// it takes, and the same again for the large primes that it finds there. It has an engine
// of its own and is not for concurrent use.
type Prover struct {
	e        *Engine
	deadline time.Time // of the proof under way; zero: none
	claims   map[string]*claim
	round    int
}

// NewProver returns a prover. Options.Budget means nothing to it.
func NewProver(o Options) *Prover { return &Prover{e: New(o)} }

// TakeHelped returns for how long other cores have computed since it was last called.
func (p *Prover) TakeHelped() time.Duration { return p.e.TakeHelped() }

// The factors of both sides are looked for in rounds, each of which spends up to a slice of
// time on each side of each claim: which of the numbers is easy to factor is not known
// beforehand. What was done in a round is not done again, but for the sieve, which is begun
// only if it is expected to end within the slice.
const (
	firstSlice = 2 * time.Millisecond
	sliceGrows = 4
	mostSlice  = 10000 * time.Hour
)

// Prove returns a proof that n is prime, nil if it found none within the budget; 0 is no
// limit. The error is the cause of the end of ctx. n is a probable prime above 2^64.
func (p *Prover) Prove(ctx context.Context, n nat.Nat, budget time.Duration) (*Proof, error) {
	p.e.stop.ctx, p.round = ctx, 0
	p.e.stop.start(budget)
	p.deadline = p.e.stop.deadline
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

// attempt works on c for one round. It ends with errBudget when the time of all is spent.
func (p *Prover) attempt(c *claim, slice time.Duration) error {
	if c.step != nil || c.unprovable || c.round == p.round {
		return nil
	}
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

// searchSide looks for factors of one side of c, until they are enough or the slice is spent.
func (p *Prover) searchSide(c *claim, s *side, slice time.Duration) error {
	e := p.e
	// With half as much to spare the sieve, which may take a slice, comes to its end after the
	// curves before it.
	end := time.Now().Add(slice + slice/2)
	if !p.deadline.IsZero() && end.After(p.deadline) {
		end = p.deadline
	}
	e.o.Budget, e.stop.deadline = slice, end
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

// until factors until enough says so or nothing is left.
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
func (p *Prover) timeSpent() bool { return !p.deadline.IsZero() && time.Now().After(p.deadline) }

// proveWithChildren proves c if enough is known, after it has worked on the large primes of its sides
// if that may help.
func (p *Prover) proveWithChildren(c *claim, slice time.Duration) error {
	if err := p.prove(c); err != nil || c.step != nil || c.unprovable {
		return err
	}
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

// parts returns the primes that are known of both sides of c; if proved, only those that
// are below 2^64 or proved.
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

// prove makes the step of c if its known and proved primes are enough.
func (p *Prover) prove(c *claim) error {
	chosen := choose(c.n, p.parts(c, true))
	if chosen == nil {
		return nil
	}
	p.e.stop.deadline = p.deadline
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
