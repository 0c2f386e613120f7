package factor

import (
	"fmt"
	"math/big"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/pm1"
)

// A step is one unit of work on a piece before the sieve: p-1, p+1, or a group of
// ecm.Group curves.
//
// The sequence of steps of a piece is fixed by the piece alone. Several goroutines may
// run steps at the same time. Of the steps that find a divisor, the one with the lowest
// index counts, and every step before it is completed. So the answer and its method do
// not depend on the number of cores.
type step struct {
	index  int // in the sequence, from 0
	level  *level
	pm1    bool          // p-1
	pp1    bool          // p+1; if neither, curves
	before pieceProgress // of the piece, without this step
	after  pieceProgress // of the piece, with this step
	// running says that a goroutine runs the step. curveSearch.mu guards it.
	running bool
}

// next returns the step number index, which follows the progress at, for the piece n.
// It returns false if the sieve is next.
func (e *Engine) next(index int, at pieceProgress, n *big.Int) (step, bool) {
	at.skipDone()
	l := levelAt(at.level)
	if e.sieveIsNext(&at, n) {
		return step{}, false
	}
	st := step{index: index, level: l, before: at}
	switch {
	case l.wantsPM1(&at):
		st.pm1, at.pm1Done = true, true
	case l.wantsPP1(&at):
		st.pp1, at.pp1Done = true, true
	default:
		at.ran(l)
	}
	st.after = at
	return st, true
}

// String returns the method of the step. For curves it gives the number of curves of
// the level after the step.
func (st *step) String() string {
	l := st.level
	switch {
	case st.pm1:
		return fmt.Sprintf("p-1(B1=%d,B2=%d)", l.pm1B1, l.pm1B2)
	case st.pp1:
		return fmt.Sprintf("p+1(B1=%d,B2=%d,x0=%s)", l.pp1B1, l.pp1B2, st.start().Name)
	}
	return fmt.Sprintf("ecm(B1=%d,B2=%d,curves=%d)", l.b1, l.b2, st.before.curve+ecm.Group)
}

// start returns the start of p+1. Each start works for some primes only, see
// pm1.Starts. It changes from level to level, so that the next level can find the
// primes that this one cannot.
func (st *step) start() pm1.Start { return pm1.Starts[st.before.level%len(pm1.Starts)] }

// forOwner reports whether only the goroutine of Append runs the step: p-1 and p+1.
// They take long and have no intermediate result, so that a helper that is recalled
// would lose all of its work.
func (st *step) forOwner() bool { return st.pm1 || st.pp1 }

// do runs the step with curves, which have the modulus. It returns a proper divisor and
// the method that found it, or nil. An error is one of check.
func (st *step) do(curves *ecm.Runner, seed uint64, check func() error) (*big.Int, string, error) {
	l := st.level
	switch {
	case st.pm1:
		d, err := pm1.Find(curves.N(), l.pm1B1, l.pm1B2, check)
		return d, st.String(), err
	case st.pp1:
		d, err := pm1.FindPlus(curves.N(), l.pp1B1, l.pp1B2, st.start(), check)
		return d, st.String(), err
	}
	plan, err := l.plan(check)
	if err != nil {
		return nil, "", err
	}
	// The parameters depend on the seed and the number of curves before, not on the
	// goroutine. That number is a multiple of ecm.Group.
	sigmas := ecm.GroupSigmas(seed, st.before.total/ecm.Group)
	d, which, err := curves.Run(plan, sigmas[:])
	return d, ecm.Curve{B1: plan.B1, B2: plan.B2, Sigma: sigmas[which]}.String(), err
}
