package verify

import (
	"context"
	"errors"
	"math/big"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// smooth returns the least prime p above 2^least such that p-1 divides the exponent of pm1.
func smooth(least int) *big.Int {
	x := big.NewInt(1)
	for q := uint64(2); x.BitLen() < least; q++ {
		if provedPrime(q) {
			x.Mul(x, new(big.Int).SetUint64(q))
		}
	}
	for q := uint64(601); ; q++ {
		if p := new(big.Int).Mul(x, new(big.Int).SetUint64(q)); provedPrime(q) && p.Add(p, one).ProbablyPrime(0) {
			return p
		}
	}
}

func TestUnfinished(t *testing.T) {
	const budget = 30 * time.Second
	rough := number(m89 + "*" + m127)
	found := nat.FromBig(new(big.Int).Mul(smooth(100), number(m127).Big()))
	both := nat.FromBig(new(big.Int).Mul(smooth(100), smooth(120)))
	short := nat.FromBig(new(big.Int).Mul(smooth(60), number(p64).Big()))
	long := nat.FromBig(new(big.Int).Mul(smooth(100), new(big.Int).Sub(new(big.Int).Lsh(one, 4423), one)))
	const method = "p-1(B1=1000,B2=10000); unfinished after ecm(B1=2000,B2=200000,curves=25)"
	for _, test := range []struct {
		name         string
		n            nat.Nat
		method       string
		cpu, elapsed time.Duration
		budget       time.Duration
		want         string
	}{
		{"honest", rough, method, budget, budget, budget, ""},
		{"first method", rough, "unfinished after trial; the sieve takes about 2h0m0s", budget, budget, budget, ""},
		{"no effort", rough, "p-1(B1=1000,B2=10000)", budget, budget, budget, "does not say after what"},
		{"too early", rough, method, budget - 1, time.Hour, budget, "number 2 of 2"},
		{"too early, small budget", rough, method, 0, 0, 1, "unfinished after 0s, before its budget of 1ns was spent"},
		{"together", number(p64 + "*" + p64 + "*1"), method, 0, budget, budget, ""},
		{"together, too early", number(p64 + "*" + p64), method, 0, budget - 1, budget, "before its budget"},
		{"smooth", found, method, budget, budget, budget, "p-1 finds its divisor"},
		{"smooth, 120 bits", short, method, budget, budget, budget, "p-1 finds its divisor"},
		{"smooth, small budget", found, method, budget, budget, pm1Budget - 1, ""},
		{"smooth, long", long, method, budget, budget, budget, ""},
		{"all primes at once", both, method, budget, budget, budget, ""},
	} {
		r := &task.Result{Kind: task.KindFactor, Elapsed: test.elapsed, Items: []task.Factorization{
			{Factors: []task.Factor{{P: nat.New(7), Exp: 1, Status: task.Prime}}, Method: "prime"},
			{Factors: []task.Factor{{P: test.n, Exp: 1, Status: task.Composite}}, Method: test.method, CPU: test.cpu},
		}}
		err := Unfinished(t.Context(), []nat.Nat{nat.New(7), test.n}, r, false, func(bits int) time.Duration {
			if bits != test.n.BitLen() {
				t.Errorf("%s: asked for the budget of %d bits", test.name, bits)
			}
			return test.budget
		})
		check(t, test.name, err, test.want)
	}
}

// TestOneFactorIsEnough: if a first factor is enough, an unfinished answer with one needs no time, and one without is a claim
// of effort as always. Elsewhere the factor does not help.
func TestOneFactorIsEnough(t *testing.T) {
	const budget = 30 * time.Second
	hard := task.Factor{P: number(m89 + "*" + m127), Exp: 1, Status: task.Composite}
	seven := task.Factor{P: nat.New(7), Exp: 1, Status: task.Prime}
	square := hard
	square.Exp = 2
	for _, test := range []struct {
		name    string
		one     bool
		cpu     time.Duration
		method  string
		factors []task.Factor
		want    string
	}{
		{"a factor", true, 0, "trial; unfinished after trial; a first factor is enough", []task.Factor{seven, hard}, ""},
		{"a power", true, 0, "power; unfinished after trial", []task.Factor{square}, ""},
		{"nothing", true, 0, "unfinished after trial; a first factor is enough", []task.Factor{hard}, "before its budget of 30s"},
		{"nothing, with effort", true, budget, "unfinished after trial", []task.Factor{hard}, ""},
		{"a factor in another job", false, 0, "trial; unfinished after trial; a first factor is enough", []task.Factor{seven, hard}, "before its budget of 30s"},
		{"no method", true, 0, "trial", []task.Factor{seven, hard}, "does not say after what"},
	} {
		r := &task.Result{Kind: task.KindFactor, Items: []task.Factorization{{Factors: test.factors, Method: test.method, CPU: test.cpu}}}
		n := number("7*" + m89 + "*" + m127)
		err := Unfinished(t.Context(), []nat.Nat{n}, r, test.one, func(int) time.Duration { return budget })
		check(t, test.name, err, test.want)
	}
}

// TestUnfinishedEnds: the end of the context is not the worker's fault.
func TestUnfinishedEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("cause")
	cancel(cause)
	f := &task.Factorization{Factors: []task.Factor{{P: number(m89 + "*" + m127), Exp: 1, Status: task.Composite}}, Method: "unfinished after trial"}
	if err := checkEffort(ctx, f, time.Hour, time.Hour); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

// TestPM1: each prime p with a p-1 that divides the exponent is found.
func TestPM1(t *testing.T) {
	if got := pm1Exponent().BitLen(); got != 1438 {
		t.Errorf("the exponent has %d bits", got)
	}
	for _, bits := range []int{20, 64, 100, 500} {
		p := smooth(bits)
		n := new(big.Int).Mul(p, number(m127).Big())
		if d := pm1(n); d == nil || d.Cmp(p) != 0 {
			t.Errorf("%v: found %v", n, d)
		}
	}
}

// BenchmarkUnfinishedWords checks a result without unfinished answers; the time is for one number.
func BenchmarkUnfinishedWords(b *testing.B) {
	numbers := make([]nat.Nat, task.MaxCount)
	r := &task.Result{Items: make([]task.Factorization, len(numbers))}
	budget := func(int) time.Duration { return time.Second }
	for b.Loop() {
		Unfinished(b.Context(), numbers, r, false, budget)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/task.MaxCount, "ns/number")
}

func BenchmarkPM1(b *testing.B) {
	for _, bits := range []uint{256, 512, 1024, 2048, pm1Bits} {
		n := new(big.Int).Sub(new(big.Int).Lsh(one, bits), big.NewInt(159))
		b.Run(big.NewInt(int64(bits)).String(), func(b *testing.B) {
			for b.Loop() {
				pm1(n)
			}
		})
	}
}
