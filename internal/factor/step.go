package factor

import (
	"fmt"
	"math/big"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/pm1"
)

// A step is what is done with a piece at a time before it is sieved: p-1, p+1, or a group of curves. The
// steps of a piece are the same whoever does them, and how many at a time: of those that find
// something the first counts, and none before it is left out.
type step struct {
	index   int // from 0
	level   *level
	pm1     bool
	pp1     bool          // p+1; neither: curves
	before  pieceProgress // of the piece
	after   pieceProgress
	running bool // somebody does it; of a stretch
}

// next returns the step that follows on at with n, or false if the sieve does.
func (e *Engine) next(index int, at pieceProgress, n *big.Int) (step, bool) {
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
		at.total += ecm.Group
		if at.curve += ecm.Group; at.curve >= l.curves {
			at.level, at.curve, at.pm1Done, at.pp1Done = at.level+1, 0, false, false
		}
	}
	st.after = at
	return st, true
}

// String returns the method and how much of it has been done after the step.
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

// start returns the start of p+1. It changes from level to level, so that primes that one is not for
// are found at the next.
func (st *step) start() pm1.Start { return pm1.Starts[st.before.level%len(pm1.Starts)] }

// forOwner reports whether helpers leave the step to the goroutine of Append: p-1 and p+1 begin anew after
// an interruption.
func (st *step) forOwner() bool { return st.pm1 || st.pp1 }

// do does the step with the number of curves, and returns a divisor and what found it, or nil.
func (st *step) do(curves *ecm.Many, seed uint64, check func() error) (*big.Int, string, error) {
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
	var sigmas [ecm.Group]uint64
	for i := range sigmas {
		sigmas[i] = ecm.Sigma(seed, st.before.total+uint64(i))
	}
	d, which, err := curves.Run(plan, sigmas[:])
	return d, ecm.Curve{B1: plan.B1, B2: plan.B2, Sigma: sigmas[which]}.String(), err
}
