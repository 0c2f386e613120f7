package factor

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
)

// TestWork: an effort of so many digits is measured as that many, and the curves go on at the level after it.
func TestWork(t *testing.T) {
	var none Effort
	for _, test := range []struct {
		work   float64
		digits int // of the next level
	}{{9, 11}, {20, 25}, {22.5, 25}, {30, 35}, {35, 40}, {37.5, 40}, {39.9, 40}, {40, 45}, {43, 45}, {45, 45}, {52, 45}, {59, 45}} {
		got := none.Digits(test.work)
		next, left := none.Next(test.work)
		if math.Abs(got-test.work) > 0.3 || next.Digits != test.digits || left <= 0 || left%ecm.Group != 0 || left > next.Curves {
			t.Errorf("work of %v digits: measured as %.2f, %d curves of %+v left", test.work, got, left, next)
		}
	}
	for _, work := range []float64{0, -3, math.NaN(), math.Inf(-1)} {
		if next, left := none.Next(work); none.Digits(work) != 0 || next.Digits != 9 || left != next.Curves {
			t.Errorf("work of %v digits: measured as %v, then %+v", work, none.Digits(work), next)
		}
	}
	if got := none.Digits(math.Inf(1)); got != 59 {
		t.Errorf("unlimited work is measured as %v", got)
	}
}

// TestEffort: efforts add up whatever their order, the level that is next ends when all curves together suffice, and
// bounds that no level has count as those of the next lower level.
func TestEffort(t *testing.T) {
	all := CurveLevels()
	var e Effort
	for i, l := range all {
		next, left := e.Next(0)
		if next != l || left != l.Curves {
			t.Errorf("after %v: %d curves of %+v, want %+v", e, left, next, l)
		}
		e = append(Effort{{l.B1, uint64(l.Curves - ecm.Group)}}, e...)
		if next, left := e.Next(0); next != l || left != ecm.Group {
			t.Errorf("after %v: %d curves of %+v, want the last group of %+v", e, left, next, l)
		}
		e = append(e, EffortLevel{l.B1 + 1, ecm.Group})
		if got := e.Digits(0); i > 1 && math.Abs(got-float64(l.Digits)) > 0.25 { // the first levels are one or two groups
			t.Errorf("after the level of %d digits: %.2f", l.Digits, got)
		}
		if up := EffortUpTo(l.B1, uint64(l.Curves)); up.Digits(0) != e.Digits(0) {
			t.Errorf("up to %+v: %v", l, up)
		}
	}
	// Curves with small bounds alone: their level is done, and the next one needs nearly all of its curves.
	e = Effort{{all[5].B1, uint64(all[5].Curves * 2)}, {1, 5}, {1 << 60, 0}}
	if next, left := e.Next(0); next != all[6] || left > all[6].Curves || left < all[6].Curves*3/4 {
		t.Errorf("after %v: %d of %+v", e, left, next)
	}
	e = Effort{{all[8].B1, math.MaxUint64}, {all[8].B1, math.MaxUint64}}
	if next, _ := e.Next(59); next != all[10] || e.Digits(0) != 59 {
		t.Errorf("after all: %+v, %v", next, e.Digits(0))
	}
}

// steps returns the steps of n as text, from an engine with the options o, as many as count. At the step number hinted
// others are told; -1 is never.
func steps(o Options, n *big.Int, count, hinted int, others Effort) (list []string) {
	e := New(o)
	r := &curveSearch{e: e, n: n, next: newProgress(e.work)}
	r.firstFound.Store(math.MaxInt64)
	for i := range count {
		if i == hinted {
			e.hints.effort = others.counts()
			r.countOthers()
		}
		st, ok := r.take(true)
		if !ok {
			return append(list, "sieve")
		}
		r.record(&st, nil, "", nil)
		list = append(list, st.String())
	}
	return list
}

// TestStepsAfterEffort: the steps after Options.Work and after the curves of others. p-1 and p+1 of the level at which
// the engine goes on are run, unless Work covers it.
func TestStepsAfterEffort(t *testing.T) {
	large := pow(2, 500)
	t.Parallel()
	for _, test := range []struct {
		name   string
		o      Options
		count  int
		hinted int
		others Effort
		want   string
	}{
		{"nothing", Options{}, 2, -1, nil, "ecm(B1=120,B2=6000,curves=8) p-1(B1=1000,B2=10000)"},
		{"work", Options{Work: 25}, 3, -1, nil,
			"p-1(B1=2500000,B2=25000000) p+1(B1=600000,B2=6000000,x0=6/5) ecm(B1=250000,B2=25000000,curves=8)"},
		{"all work", Options{Work: 50}, 2, -1, nil, "ecm(B1=11000000,B2=1100000000,curves=8) ecm(B1=11000000,B2=1100000000,curves=16)"},
		{"others at once", Options{}, 2, 0, EffortUpTo(50e3, 280), "p-1(B1=2500000,B2=25000000) p+1(B1=600000,B2=6000000,x0=6/5)"},
		{"others later", Options{}, 4, 2, EffortUpTo(11e3, 96),
			"ecm(B1=120,B2=6000,curves=8) p-1(B1=1000,B2=10000) p-1(B1=500000,B2=5000000) p+1(B1=125000,B2=1250000,x0=2/7)"},
		{"others after work", Options{Work: 35}, 3, 2, EffortUpTo(3000e3, 5000),
			"p-1(B1=30000000,B2=300000000) p+1(B1=7500000,B2=75000000,x0=2/7) p-1(B1=100000000,B2=1000000000)"},
		{"all others", Options{}, 3, 0, Effort{{11e6, 1 << 20}},
			"p-1(B1=100000000,B2=1000000000) p+1(B1=25000000,B2=250000000,x0=6/5) ecm(B1=11000000,B2=1100000000,curves=8)"},
	} {
		got := strings.Join(steps(test.o, large, test.count, test.hinted, test.others), " ")
		want := test.want
		for _, start := range []string{"x0=2/7", "x0=6/5"} { // which one it is does not matter here
			got, want = strings.ReplaceAll(got, start, ""), strings.ReplaceAll(want, start, "")
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, got, want)
		}
	}
}

// TestLevelEndsEarly: curves of others at the level of the engine shorten it by as many, and the last groups of a level
// are run.
func TestLevelEndsEarly(t *testing.T) {
	t.Parallel()
	l := levelAt(5)
	count := func(others Effort) (n int) {
		for _, s := range steps(Options{}, pow(2, 500), 60, 0, others) {
			if strings.HasPrefix(s, fmt.Sprintf("ecm(B1=%d,", l.b1)) {
				n += ecm.Group
			}
		}
		return n
	}
	if got := count(nil); got != l.curves {
		t.Errorf("%d curves alone, want %d", got, l.curves)
	}
	// They shorten the smaller levels too, so that this one needs a few more.
	if got := count(Effort{{l.b1, 40}}); got < l.curves-40 || got > l.curves-24 {
		t.Errorf("%d curves beside 40 of others, %d alone", got, l.curves)
	}
}

// TestEffortAndSieve: the sieve begins at once if the curves were run before, and after as many curves as without if they
// were not.
func TestEffortAndSieve(t *testing.T) { kernelstest.Each(t, testEffortAndSieve) }

func testEffortAndSieve(t *testing.T) {
	n := pow(2, 249)
	alone := len(steps(Options{}, n, 1000, -1, nil))
	for name, got := range map[string][]string{
		"work":   steps(Options{Work: 40}, n, 1000, -1, nil),
		"others": steps(Options{}, n, 1000, 0, EffortUpTo(3e6, 1<<20)),
	} {
		if len(got) != 1 || got[0] != "sieve" {
			t.Errorf("%s: %d steps of %d: %v", name, len(got), alone, got)
		}
	}
	if got := len(steps(Options{Work: 9}, n, 1000, -1, nil)); got >= alone || got < alone/2 {
		t.Errorf("%d steps after a little work, %d alone", got, alone)
	}
}

// TestHintEffort: curves of others count if the composite divides the number that they were run on, on one core and
// with helpers, while curves run; they go to the parts. An answer that is unfinished states them.
func TestHintEffort(t *testing.T) {
	t.Parallel()
	n := product(pow(2, 521).Sub(pow(2, 521), one), pow(2, 607).Sub(pow(2, 607), one))
	for cores := range 2 {
		for i, of := range []*big.Int{n, product(n, big.NewInt(65537)), product(n, n).Add(n, one), new(big.Int), nil} {
			if cores > 0 && i > 0 {
				break
			}
			counts := of != nil && of.Sign() > 0 && new(big.Int).Mod(of, n).Sign() == 0
			levels := map[uint64]bool{}
			var hint *Hint
			o := Options{Pool: lending(cores), Budget: slowly(500 * time.Millisecond), Progress: func(p EngineProgress) {
				levels[p.B1] = true
				hint = &Hint{Effort: EffortUpTo(50e3, 280), Of: of}
			}, Hint: func(*big.Int) *Hint { return hint }}
			fs, method, err := New(o).Append(t.Context(), nil, nat.FromBig(n))
			if err != nil || len(fs) != 1 || strings.Contains(method, "curves of other workers, t25.") != counts || !strings.Contains(method, "unfinished after ") {
				t.Errorf("%d cores: %s by %q, %v", cores, format(fs), method, err)
			}
			if levels[2500e3] != counts {
				t.Errorf("%d cores, counts %v: B1 was %v", cores, counts, levels)
			}
		}
	}
}

// TestUnfinishedAfterWork: an unfinished answer states the earlier effort.
func TestUnfinishedAfterWork(t *testing.T) {
	t.Parallel()
	n := product(pow(2, 521).Sub(pow(2, 521), one), pow(2, 607).Sub(pow(2, 607), one))
	e := New(Options{Budget: slowly(100 * time.Millisecond)})
	e.SetWork(37.5)
	_, method, err := e.Append(t.Context(), nil, nat.FromBig(n))
	if err != nil || !strings.HasSuffix(method, "; t37.5 before, t37.5") || !strings.HasPrefix(method, "unfinished after ") {
		t.Errorf("%q, %v", method, err)
	}
	e.SetWork(0)
	if _, method, err = e.Append(t.Context(), nil, nat.FromBig(n)); err != nil || strings.Contains(method, "before") {
		t.Errorf("%q, %v", method, err)
	}
}

// TestHintCurve gives a divisor while a number of 150 digits is worked on, and a curve. The method is that curve if it
// finds the divisor.
func TestHintCurve(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(26, rand.Uint64()))
	l := levelAt(2)
	plan, err := l.plan(alwaysNil)
	if err != nil {
		t.Fatal(err)
	}
	// A curve of seed 5 that finds a prime p.
	var found ecm.Yield
	var p *big.Int
	q := randomPrime(rnd, 460)
	for found.Divisor == nil {
		p = randomPrime(rnd, 42)
		var curves ecm.Runner
		curves.Reset(product(p, q), alwaysNil)
		curves.Yield(plan, 5, 0, 50, func() (bool, bool) { return true, false }, func(y ecm.Yield) { found = y })
	}
	n := product(p, q)
	if n.BitLen() <= measured.SieveBits {
		t.Fatal("the number is sieved")
	}
	right := ecm.Curve{B1: l.b1, B2: l.b2, Sigma: found.Sigma}
	for name, test := range map[string]struct {
		curve ecm.Curve
		want  string
	}{
		"right":        {right, right.String()},
		"other curve":  {ecm.Curve{B1: levelAt(0).b1, B2: levelAt(0).b2, Sigma: found.Sigma + 1}, "ecm"},
		"other bounds": {ecm.Curve{B1: l.b1, B2: 1 << 47, Sigma: found.Sigma}, "ecm"},
		"no curve":     {ecm.Curve{B1: l.b1, B2: l.b2, Sigma: 5}, "ecm"},
		"zero":         {ecm.Curve{}, "ecm"},
	} {
		asked := 0
		hint := &Hint{Divisors: []*big.Int{p}, Curve: &test.curve}
		e := New(Options{Hint: func(*big.Int) *Hint {
			if asked++; asked < 3 {
				return nil
			}
			return hint
		}})
		s, err := splitFrom(t, e, n, 9) // p-1 of this level takes seconds
		if err != nil || s.method != test.want || len(s.untested) != 2 || asked < 3 {
			t.Errorf("%s: %s, %v, %v, want %s", name, s.method, s.untested, err, test.want)
		}
	}
}
