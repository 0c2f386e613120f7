package factor

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"factorfleet/internal/factor/ecm"
)

// This file has what other packages need to run curves of one number, without an engine.

// A CurveLevel is the bounds of curves that find most factors of so many digits, and the
// number of them, after those of all smaller levels.
type CurveLevel struct {
	Digits int
	B1, B2 uint64
	Curves int // a multiple of ecm.Group
}

// CurveLevels returns the levels of curves in ascending order. After the last one an
// engine repeats it without end.
func CurveLevels() (list []CurveLevel) {
	for i := range levels() {
		list = append(list, levelAt(i).export())
	}
	return list
}

func (l *level) export() CurveLevel { return CurveLevel{l.digits, l.b1, l.b2, l.curves} }

// levelOf returns the level with these bounds, nil if there is none.
func levelOf(b1, b2 uint64) *level {
	i := slices.IndexFunc(levels(), func(l level) bool { return l.b1 == b1 && l.b2 == b2 })
	if i < 0 {
		return nil
	}
	return levelAt(i)
}

// A CurveTask is groups of curves of one number. Its values may come from outside.
type CurveTask struct {
	N      *big.Int
	B1, B2 uint64 // of a level, see CurveLevels
	Seed   uint64 // of ecm.GroupSigmas
}

// ErrCurves is wrapped by the errors of a CurveTask that no program makes.
var ErrCurves = errors.New("no such curves")

// Check returns an error unless there are such curves: N is at least 65 bits long, odd and
// not divisible by 3, and the bounds are those of a level. The bounds of other plans would
// not be bounded in time and memory.
func (t *CurveTask) Check() error {
	switch {
	case levelOf(t.B1, t.B2) == nil:
		return fmt.Errorf("%w: B1=%d and B2=%d are no bounds of this program", ErrCurves, t.B1, t.B2)
	case t.N.Sign() <= 0 || t.N.IsUint64():
		return fmt.Errorf("%w: a number of %d bits", ErrCurves, t.N.BitLen())
	case t.N.Bit(0) == 0 || new(big.Int).Mod(t.N, three).Sign() == 0:
		return fmt.Errorf("%w: a number that is divisible by 2 or 3", ErrCurves)
	}
	return nil
}

var three = big.NewInt(3)

// Memory returns the bytes that Run takes: of the plan of the level, which the process
// keeps, 0 if it has it already, and of the curves.
func (t *CurveTask) Memory() (plan, curves uint64) {
	plan, curves = ecm.Memory(t.B1, t.B2, t.N.BitLen())
	if l := levelOf(t.B1, t.B2); l != nil && l.cached.Load() != nil {
		plan = 0
	}
	return plan, curves
}

// Run runs the groups [from, end) as ecm.Runner.Yield does. The error is one of check or
// of t.Check.
func (t *CurveTask) Run(check func() error, from, end uint64, due func() (flush, stop bool), out func(ecm.Yield)) error {
	return t.with(check, func(plan *ecm.Plan, curves *ecm.Runner) error {
		return curves.Yield(plan, t.Seed, from, end, due, out)
	})
}

// Evidence runs single curves of t and returns the evidence of each, as a Yield has it, or
// a divisor that one of them finds. Up to ecm.Group curves take as long as one in lanes.
// The error is one of check or of t.Check.
func (t *CurveTask) Evidence(check func() error, sigmas []uint64) (evidence []byte, d *big.Int, err error) {
	err = t.with(check, func(plan *ecm.Plan, curves *ecm.Runner) error {
		for len(sigmas) > 0 && d == nil {
			group := sigmas[:min(len(sigmas), ecm.Group)]
			var more []byte
			if more, d, err = curves.Evidence(plan, group); err != nil {
				return err
			}
			evidence, sigmas = append(evidence, more...), sigmas[len(group):]
		}
		return nil
	})
	return evidence, d, err
}

// with calls f with the plan of t and with curves modulo N.
func (t *CurveTask) with(check func() error, f func(*ecm.Plan, *ecm.Runner) error) error {
	if err := t.Check(); err != nil {
		return err
	}
	plan, err := levelOf(t.B1, t.B2).planOnce(check)
	if err != nil {
		return err
	}
	curves := helperCurves.Get().(*ecm.Runner)
	curves.Reset(t.N, check)
	err = f(plan, curves)
	helperCurves.Put(curves) // not after a panic, when their state is unknown
	return err
}

// planTurn has an element while a goroutine makes a plan in planOnce.
var planTurn = make(chan struct{}, 1)

// planWait is the time between two calls of check while another goroutine makes a plan.
const planWait = 20 * time.Millisecond

// planOnce is plan with all that curves need of it, which only one goroutine makes at a
// time. Tasks of a level begin together, and a plan takes up to seconds and 110 MB.
func (l *level) planOnce(check func() error) (*ecm.Plan, error) {
	for {
		if p := l.cached.Load(); p != nil && p.Prepared() {
			return p, nil
		}
		select {
		case planTurn <- struct{}{}:
			defer func() { <-planTurn }()
			p, err := l.plan(check)
			if err == nil {
				err = p.Prepare(check)
			}
			return p, err
		case <-time.After(planWait):
			if err := check(); err != nil {
				return nil, err
			}
		}
	}
}
