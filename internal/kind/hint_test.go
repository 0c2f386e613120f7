package kind

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestHintedDivisor: a divisor that a hint names while a number of 100 digits is computed ends the computation, and the
// answer is complete. Before, its progress names the composite. Wrong divisors change nothing.
func TestHintedDivisor(t *testing.T) {
	r := rand.New(rand.NewPCG(100, 14))
	p, q := randomPrime(r, 165), randomPrime(r, 166)
	n := new(big.Int).Mul(p, q)
	var hint *task.Hint
	named := false
	o := worker.RunOptions{Tick: func() {}, Hint: func() *task.Hint { return hint }}
	o.Progress = func(a worker.NumberProgress) {
		named = named || a.Composite == n.String()
		h := &task.Hint{Divisors: []nat.Nat{nat.New(15), nat.FromBig(new(big.Int).Add(p, big.NewInt(2)))}}
		if hint != nil {
			h.Divisors = append(h.Divisors, nat.FromBig(p))
		}
		hint = h
	}
	var done []task.Factorization
	if err := new(factorKind).Run(t.Context(), []nat.Nat{nat.FromBig(n)}, o, &done); err != nil {
		t.Fatal(err)
	}
	if len(done) != 1 || len(done[0].Factors) != 2 || done[0].Factors[0].P.Big().Cmp(p) != 0 || !named {
		t.Errorf("%s, the composite was named: %v", show(done[0]), named)
	}
}

// TestShared: once a hint names a part, the relations of the own sieve are shared as yields that hold, for coefficients
// that overlap nowhere, and go on from the first coefficient of the hint.
func TestShared(t *testing.T) {
	p, params := sieveParams(t, 198)
	var set siqs.Set
	if err := set.Reset(func() error { return nil }, p); err != nil {
		t.Fatal(err)
	}
	var covered task.Set
	own := p.Coefficients() / 4 * 3
	hint := &task.Hint{Composite: nat.FromBig(p.N), Child: "cpart", First: own, Params: params}
	atFirst := false
	o := worker.RunOptions{Budget: time.Hour, Tick: func() {}, Hint: func() *task.Hint { return hint }}
	o.Share = func(part string, r task.Range, y task.Yield) bool {
		if _, err := set.AddYield(y.Relations, r.First, r.End()); err != nil || part != "cpart" || y.Params != p.Sum() || covered.Add(r) != r.Count {
			t.Errorf("yield of %v for %s: %v", r, part, err)
		}
		atFirst = atFirst || r.First >= own
		return true
	}
	var done []task.Factorization
	if err := new(factorKind).Run(t.Context(), []nat.Nat{nat.FromBig(p.N)}, o, &done); err != nil {
		t.Fatal(err)
	}
	if len(done) != 1 || len(done[0].Factors) != 2 || set.Len() < 1000 || !atFirst {
		t.Errorf("%d relations shared, at the first coefficient: %v; %s", set.Len(), atFirst, show(done[0]))
	}
}

// TestTranslate: a hint is translated once. Without parameters that a program makes, or if nothing can be shared here,
// only its divisors are used.
func TestTranslate(t *testing.T) {
	_, params := sieveParams(t, 100)
	share := func(string, task.Range, task.Yield) bool { return true }
	for name, test := range map[string]struct {
		params []byte
		share  func(string, task.Range, task.Yield) bool
		want   bool
	}{"": {params, share, true}, "no share": {params, nil, false}, "garbage": {[]byte("garbage"), share, false}} {
		hint := &task.Hint{Child: "cpart", First: 7, Params: test.params, Divisors: []nat.Nat{nat.New(15)}}
		r := runner{o: worker.RunOptions{Share: test.share, Hint: func() *task.Hint { return hint }}}
		got := r.onHint(nil)
		if len(got.Divisors) != 1 || (got.Share != nil) != test.want || (got.Params != nil) != test.want || r.onHint(nil) != got {
			t.Errorf("%s: %+v, then %+v", name, got, r.onHint(nil))
		}
		if hint = nil; r.onHint(nil) != nil {
			t.Errorf("%s: a hint that there is no longer", name)
		}
	}
}

// TestNameOf: a composite is named if other workers could help to sieve it or with curves.
func TestNameOf(t *testing.T) {
	c := big.NewInt(77) // Digits say how large it is
	for _, test := range []struct {
		p    factor.EngineProgress
		want string
	}{
		{factor.EngineProgress{Digits: 75, Method: "siqs"}, ""},
		{factor.EngineProgress{Composite: c, Digits: 59, Method: "siqs"}, ""},
		{factor.EngineProgress{Composite: c, Digits: 60, Method: "siqs"}, "77"},
		{factor.EngineProgress{Composite: c, Digits: 100, Method: "linear algebra"}, "77"},
		{factor.EngineProgress{Composite: c, Digits: 90, Method: "ecm", B1: 2000, Left: time.Minute}, "77"},
		{factor.EngineProgress{Composite: c, Digits: 90, Method: "ecm", B1: 2000, Left: time.Hour, Budget: time.Minute}, "77"},
		{factor.EngineProgress{Composite: c, Digits: 90, Method: "ecm", B1: 2000, Left: time.Hour, Budget: time.Second}, ""},
		{factor.EngineProgress{Composite: c, Digits: 150, Method: "ecm", B1: 120}, "77"},
		{factor.EngineProgress{Composite: c, Digits: 150, Method: "p-1", B1: 1000, Budget: time.Minute}, "77"},
		{factor.EngineProgress{Composite: c, Digits: 150, Method: "ecm", B1: 120, Budget: 4 * time.Second}, ""},
		{factor.EngineProgress{Composite: c, Digits: task.MaxPartDigits, Method: "ecm", B1: 120}, "77"},
		{factor.EngineProgress{Composite: c, Digits: task.MaxPartDigits + 1, Method: "ecm", B1: 120}, ""},
	} {
		if got := nameOf(&test.p); got != test.want {
			t.Errorf("%+v: %q", test.p, got)
		}
	}
}

// findingCurve returns a prime of so many bits and a curve of that level that finds it.
func findingCurve(t *testing.T, bits, level int) (*big.Int, task.Curve) {
	t.Helper()
	r := rand.New(rand.NewPCG(150, 14))
	p, l := randomPrime(r, bits), factor.CurveLevels()[level]
	curves := factor.CurveTask{N: new(big.Int).Mul(p, randomPrime(r, 89)), B1: l.B1, B2: l.B2, Seed: 12} // small, and so quick
	var found ecm.Yield
	never := func() (bool, bool) { return false, false }
	if err := curves.Run(func() error { return nil }, 0, 10000, never, func(y ecm.Yield) { found = y }); err != nil || found.Divisor == nil || found.Divisor.Cmp(p) != 0 {
		t.Fatalf("%v, %v", found.Divisor, err)
	}
	return p, task.Curve{B1: l.B1, B2: l.B2, Sigma: found.Sigma}
}

// TestOthersCurves: a number of 150 digits is named with the budget that it has left, from the first curves on. The curves
// of a hint move it to another level, and a divisor with its curve gives the answer and the method.
func TestOthersCurves(t *testing.T) {
	p, curve := findingCurve(t, 73, 5)
	q := randomPrime(rand.New(rand.NewPCG(151, 14)), 427)
	n := new(big.Int).Mul(p, q)
	hint := (*task.Hint)(nil)
	var bounds []uint64 // B1 of the reports
	o := worker.RunOptions{Budget: time.Hour, Tick: func() {}, Hint: func() *task.Hint { return hint }}
	o.Progress = func(a worker.NumberProgress) {
		if a.Composite != n.String() || a.Budget < time.Minute || a.Budget > time.Hour {
			t.Errorf("%+v", a)
		}
		switch bounds = append(bounds, a.B1); {
		case len(bounds) == 1:
			hint = &task.Hint{Composite: nat.FromBig(n)}
			for _, l := range factor.EffortUpTo(50e3, 0) {
				hint.Effort = append(hint.Effort, task.LevelEffort(l))
			}
		case slices.Contains([]uint64{500e3, 125e3, 50e3}, a.B1): // p-1, p+1 or curves of the next level: a report can miss some
			hint = &task.Hint{Composite: nat.FromBig(n), Divisors: []nat.Nat{nat.FromBig(p)}, Curve: &curve}
		}
	}
	var done []task.Factorization
	if err := new(factorKind).Run(t.Context(), []nat.Nat{nat.FromBig(n)}, o, &done); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("ecm(B1=%d,B2=%d,sigma=%d)", curve.B1, curve.B2, curve.Sigma)
	if len(done) != 1 || len(done[0].Factors) != 2 || done[0].Factors[0].P.Big().Cmp(p) != 0 || done[0].Method != want {
		t.Errorf("%s by %s, want %s; B1 was %v", show(done[0]), done[0].Method, want, bounds)
	}
	if bounds[0] >= 11e3 || slices.Contains(bounds, 11e3) {
		t.Errorf("B1 was %v", bounds)
	}
}

// TestEarlierWork: the effort spent before reaches the engine.
func TestEarlierWork(t *testing.T) {
	r := rand.New(rand.NewPCG(152, 14))
	n := new(big.Int).Mul(randomPrime(r, 250), randomPrime(r, 250))
	k := new(factorKind)
	for _, work := range []float64{37.5, 0} { // the second task has the engine of the first one
		var done []task.Factorization
		o := worker.RunOptions{Budget: 50 * time.Millisecond, Work: work, Tick: func() {}}
		if err := k.Run(t.Context(), []nat.Nat{nat.FromBig(n)}, o, &done); err != nil {
			t.Fatal(err)
		}
		if got := done[0].Method; strings.Contains(got, "t37.5 before") != (work > 0) || !done[0].Unfinished() {
			t.Errorf("work %v: %s", work, got)
		}
	}
}
