package factor

import (
	"bytes"
	"errors"
	"math/big"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"factorfleet/internal/factor/ecm"
)

// TestCurveTask: a task finds a divisor by curves of the given seed, and single curves repeat the evidence of all groups
// before and the divisor.
func TestCurveTask(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(27, 14))
	p := randomPrime(rnd, 62)
	l := CurveLevels()[4]
	task := CurveTask{N: product(p, randomPrime(rnd, 400)), B1: l.B1, B2: l.B2, Seed: 77}
	var evidence []byte
	var last ecm.Yield
	err := task.Run(alwaysNil, 3, 1000, func() (bool, bool) { return true, false }, func(y ecm.Yield) {
		if last = y; y.Divisor == nil {
			evidence = append(evidence, y.Evidence...)
		}
	})
	if err != nil || last.Divisor == nil || last.Divisor.Cmp(p) != 0 {
		t.Fatalf("%+v, %v", last, err)
	}
	for group := uint64(3); group < last.From; group += 2 {
		sigmas := ecm.GroupSigmas(77, group)
		got, d, err := task.Evidence(alwaysNil, sigmas[:])
		const size = ecm.Group * ecm.EvidenceBytes
		if want := evidence[(group-3)*size:][:size]; err != nil || d != nil || !bytes.Equal(got, want) {
			t.Errorf("group %d: %x, %v, %v; want %x", group, got, d, err, want)
		}
	}
	sigmas := ecm.GroupSigmas(77, last.From)
	if _, d, err := task.Evidence(alwaysNil, append(sigmas[:1:1], last.Sigma)); err != nil || d == nil || d.Cmp(p) != 0 {
		t.Errorf("%v, %v", d, err)
	}
}

// TestCurveTaskCheck: what no program asks for is refused.
func TestCurveTaskCheck(t *testing.T) {
	t.Parallel()
	l := CurveLevels()[4]
	n := new(big.Int).Sub(pow(2, 127), one)
	for name, task := range map[string]CurveTask{
		"B1":    {n, l.B1 + 1, l.B2, 0},
		"B2":    {n, l.B1, l.B2 + 1, 0},
		"zero":  {new(big.Int), l.B1, l.B2, 0},
		"small": {new(big.Int).SetUint64(1<<64 - 1), l.B1, l.B2, 0},
		"even":  {pow(2, 100), l.B1, l.B2, 0},
		"three": {pow(3, 100), l.B1, l.B2, 0},
		"minus": {new(big.Int).Neg(n), l.B1, l.B2, 0},
	} {
		err := task.Run(alwaysNil, 0, 1, nil, nil)
		if _, _, other := task.Evidence(alwaysNil, []uint64{6}); !errors.Is(err, ErrCurves) || !errors.Is(other, ErrCurves) {
			t.Errorf("%s: %v, %v", name, err, other)
		}
	}
	if err := (&CurveTask{n, l.B1, l.B2, 0}).Check(); err != nil {
		t.Error(err)
	}
}

// TestPlanOnce: tasks of a level that begin together make one plan, and those that wait for it can be interrupted.
func TestPlanOnce(t *testing.T) {
	t.Parallel()
	l := &level{b1: 900, b2: 400e3, cached: new(atomic.Pointer[ecm.Plan])}
	var plans [8]*ecm.Plan
	var all sync.WaitGroup
	planTurn <- struct{}{}
	cut := errors.New("cut")
	if _, err := l.planOnce(func() error { return cut }); err != cut {
		t.Error(err)
	}
	<-planTurn
	for i := range plans {
		all.Go(func() { plans[i], _ = l.planOnce(alwaysNil) })
	}
	all.Wait()
	for _, p := range plans {
		if p == nil || p != plans[0] {
			t.Errorf("another plan, %v", p)
		}
	}
	// A plan that is interrupted is made by the next one.
	l.cached = new(atomic.Pointer[ecm.Plan])
	calls := 0
	if _, err := l.planOnce(func() error { calls++; return cut }); err != cut || calls == 0 {
		t.Errorf("%v after %d calls", err, calls)
	}
	if p, err := l.planOnce(alwaysNil); p == nil || err != nil {
		t.Error(p, err)
	}
}

// TestPlanIsReady: a task of a level whose plan is there does not wait for a plan that is being made.
func TestPlanIsReady(t *testing.T) {
	planTurn <- struct{}{}
	defer func() { <-planTurn }()
	l := levelAt(3)
	p, err := l.plan(alwaysNil)
	if err != nil || p.Prepare(alwaysNil) != nil {
		t.Fatal(err)
	}
	never := func() error { return errors.New("it waits") }
	if got, err := l.planOnce(never); got != p || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}
