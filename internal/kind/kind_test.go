package kind

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/verify"
	"factorfleet/internal/worker"
)

// number parses a decimal number.
func number(t testing.TB, s string) nat.Nat {
	t.Helper()
	x, ok := new(big.Int).SetString(s, 10)
	if !ok {
		t.Fatalf("%q is no number", s)
	}
	return nat.FromBig(x)
}

func run(t testing.TB, kind string, o worker.RunOptions, numbers ...string) []task.Factorization {
	t.Helper()
	var in []nat.Nat
	for _, s := range numbers {
		in = append(in, number(t, s))
	}
	if o.Tick == nil {
		o.Tick = func() {}
	}
	var done []task.Factorization
	if err := All()[kind].Run(t.Context(), in, o, &done); err != nil {
		t.Fatal(err)
	}
	return done
}

// show writes an answer as "2^3*5(P)".
func show(f task.Factorization) string {
	var parts []string
	for _, p := range f.Factors {
		s := p.P.String()
		if p.Exp != 1 {
			s += fmt.Sprintf("^%d", p.Exp)
		}
		parts = append(parts, s+p.Status.String())
	}
	return strings.Join(parts, " ")
}

func TestSquare(t *testing.T) {
	in := []string{"0", "1", "999999999999", "4294967295", "4294967296", "18446744073709551615", "18446744073709551616"}
	want := []string{"0V", "1V", "999999999998000000000001V", "18446744065119617025V", "18446744073709551616V",
		"340282366920938463426481119284349108225V", "340282366920938463463374607431768211456V"}
	for i, got := range run(t, task.KindSquare, worker.RunOptions{}, in...) {
		if show(got) != want[i] || got.Method != "square" {
			t.Errorf("square of %s is %s by %q, want %s", in[i], show(got), got.Method, want[i])
		}
	}
}

func TestFactor(t *testing.T) {
	in := []string{"0", "1", "2", "360", "999999999999", "18446744073709551557",
		"147573952589676412927", "170141183460469231731687303715884105727"}
	want := []string{"", "", "2P", "2^3P 3^2P 5P", "3^3P 7P 11P 13P 37P 101P 9901P", "18446744073709551557P",
		"193707721P 761838257287P", "170141183460469231731687303715884105727PRP"}
	for i, got := range run(t, task.KindFactor, worker.RunOptions{Budget: 20 * time.Second}, in...) {
		if show(got) != want[i] {
			t.Errorf("%s is %s, want %s", in[i], show(got), want[i])
		}
	}
}

// clockWith returns a clock of CPU time that counts 1/share of the wall-clock time.
func clockWith(share time.Duration) func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) / share }
}

// measured returns clock, and what it has counted from its first reading to its last one: the CPU time of a task. A
// test that takes the time itself also counts what a busy machine takes before and after.
func measured(clock func() time.Duration) (reads func() time.Duration, counted func() time.Duration) {
	var readings []time.Duration
	reads = func() time.Duration {
		readings = append(readings, clock())
		return readings[len(readings)-1]
	}
	return reads, func() time.Duration { return readings[len(readings)-1] - readings[0] }
}

// TestTimes: easy numbers share their time, a hard number between them has its own, and the sum of all
// times is the CPU time of the task, on a busy machine too. The hard number has spent its budget of CPU time.
func TestTimes(t *testing.T) {
	for share, budget := range map[time.Duration]time.Duration{1: 100 * time.Millisecond, 20: 5 * time.Millisecond} {
		numbers := make([]nat.Nat, 100)
		for i := range numbers {
			numbers[i] = nat.New(uint64(i))
		}
		const hard = 57
		numbers[hard] = nat.FromBig(mersenneProduct(521, 607))
		var done []task.Factorization
		clock, counted := measured(clockWith(share))
		k := &factorKind{clock: clock}
		begin := time.Now()
		if err := k.Run(t.Context(), numbers, worker.RunOptions{Budget: budget, Tick: func() {}}, &done); err != nil {
			t.Fatal(err)
		}
		took, sum := time.Since(begin), time.Duration(0)
		for i := range done {
			sum += done[i].CPU
			if i != hard && done[i].CPU > 20*time.Millisecond/share {
				t.Errorf("%d is said to have taken %v", i, done[i].CPU)
			}
		}
		if done[hard].CPU < budget || done[hard].Wall < budget*share || done[hard].Wall > took {
			t.Errorf("the hard number is said to have taken %v, and %v of CPU time", done[hard].Wall, done[hard].CPU)
		}
		if sum > counted() || sum < counted()*9/10 {
			t.Errorf("took %v of CPU time, the numbers say %v", counted(), sum)
		}
	}
}

// TestShortTask: the CPU clock is not read for a task of one small number, whose time is bounded.
func TestShortTask(t *testing.T) {
	k := &factorKind{clock: func() time.Duration { t.Error("the clock is read"); return 0 }}
	var done []task.Factorization
	err := k.Run(t.Context(), []nat.Nat{nat.New(1<<62 + 1)}, worker.RunOptions{Certify: true, Tick: func() { time.Sleep(time.Millisecond) }}, &done)
	if err != nil || len(done) != 1 || done[0].CPU > mostSmall || done[0].CPU < mostSmall/2 || done[0].Wall < time.Millisecond {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestSquareTimes: the times of squares are CPU times.
func TestSquareTimes(t *testing.T) {
	numbers := make([]nat.Nat, 10*squareInterval)
	var done []task.Factorization
	const pause = 20 * time.Millisecond
	if err := (squareKind{}).Run(t.Context(), numbers, worker.RunOptions{Tick: func() { time.Sleep(pause) }}, &done); err != nil {
		t.Fatal(err)
	}
	sum := time.Duration(0)
	for i := range done {
		sum += done[i].CPU
	}
	if sum > pause {
		t.Errorf("squares between pauses of %v in all took %v of CPU time", 10*pause, sum)
	}
}

// TestEasyTimes: the times of easy numbers are CPU times, one by one and together. Long ones have a wall-clock time.
func TestEasyTimes(t *testing.T) {
	for _, count := range []int{40, 4000} {
		numbers := make([]nat.Nat, count)
		for i := range numbers {
			numbers[i] = nat.New(1<<60 + uint64(i))
		}
		var done []task.Factorization
		clock, counted := measured(clockWith(20))
		k := &factorKind{clock: clock}
		ticks := 0
		if err := k.Run(t.Context(), numbers, worker.RunOptions{Tick: func() {
			if ticks++; ticks == 2 { // in the middle of numbers that are computed together
				time.Sleep(10 * time.Millisecond)
			}
		}}, &done); err != nil {
			t.Fatal(err)
		}
		took, sum := counted(), time.Duration(0)
		for i := range done {
			sum += done[i].CPU
			if done[i].CPU > done[i].Wall && done[i].Wall > 0 {
				t.Errorf("%v of CPU time in %v", done[i].CPU, done[i].Wall)
			}
		}
		if sum > took || sum < took*9/10-10*time.Microsecond {
			t.Errorf("%d numbers took %v of CPU time, and they say %v", count, took, sum)
		}
	}
}

// TestStatusValues: the statuses of factor and task have the same values.
func TestStatusValues(t *testing.T) {
	if task.Status(factor.Prime) != task.Prime || task.Status(factor.PRP) != task.PRP || task.Status(factor.Composite) != task.Composite {
		t.Error("packages task and factor disagree")
	}
}

// TestFactorBudget: a number that is unfinished in time is an answer, not an error, and the next task of
// the same runner has its own budget.
func TestFactorBudget(t *testing.T) {
	hard := mersenneProduct(521, 607).String()
	got := run(t, task.KindFactor, worker.RunOptions{Budget: 50 * time.Millisecond}, hard, "6")
	if took := got[0].CPU; took > 5*time.Second {
		t.Errorf("took %v of CPU time", took)
	}
	if len(got) != 2 || show(got[1]) != "2P 3P" {
		t.Fatalf("got %v", got)
	}
	if show(got[0]) != hard+"C" {
		t.Errorf("got %s", show(got[0]))
	}
}

// TestHonestlyUnfinished: the unfinished answers of this kind pass the check of their effort: alone, among
// easy numbers, with certificates and for each size.
func TestHonestlyUnfinished(t *testing.T) {
	hard := number(t, mersenneProduct(521, 607).String())
	semiprime := number(t, "170141183460469231722463931679029328209") // 127 bits: (2^63+29)*(2^64-59)
	for _, numbers := range [][]nat.Nat{
		{hard}, {semiprime}, {nat.New(6), hard, nat.New(35), semiprime, nat.New(1 << 40), semiprime, hard},
	} {
		for _, budget := range []time.Duration{1, time.Millisecond, 30 * time.Millisecond} {
			for _, certify := range []bool{false, true} {
				var done []task.Factorization
				began := time.Now()
				o := worker.RunOptions{Budget: budget, Certify: certify, Tick: func() {}}
				if err := kindsOn(2)[task.KindFactor].Run(t.Context(), numbers, o, &done); err != nil {
					t.Fatal(err)
				}
				r := &task.Result{Kind: task.KindFactor, Elapsed: time.Since(began), Items: done}
				err := verify.Result(t.Context(), task.KindFactor, numbers, r)
				if err == nil {
					err = verify.Unfinished(t.Context(), numbers, r, false, func(int) time.Duration { return budget })
				}
				if err != nil {
					t.Errorf("%d numbers, budget %v: %v", len(numbers), budget, err)
				}
			}
		}
	}
}

// TestIdleCores: a number that takes long uses the idle cores and reports them, and its time is the sum
// over all of them.
func TestIdleCores(t *testing.T) {
	k := kindsOn(2)[task.KindFactor].(*factorKind)
	k.clock = clockWith(1)
	if k.Budget(nat.New(1<<40)) != 30*time.Second || k.Budget(nat.FromBig(mersenneProduct(300))) < 10*time.Minute {
		t.Error("budgets by size")
	}
	// 100000000000000000000000000319 * 462718293847561029384756102949
	n := number(t, "46271829384756102938475610442507135737371968373737196840731")
	most, methods := 0, make(map[string]bool)
	o := worker.RunOptions{Budget: time.Hour, Tick: func() {}, Progress: func(p worker.NumberProgress) {
		most = max(most, p.Cores)
		methods[p.Method] = true
		if p.Digits != len(n.String()) {
			t.Errorf("%+v of %v", p, n)
		}
	}}
	var done []task.Factorization
	begin := time.Now()
	if err := k.Run(t.Context(), []nat.Nat{n}, o, &done); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	if cores := min(2, runtime.GOMAXPROCS(0)); most != cores || !methods["siqs"] {
		t.Errorf("%d cores at work, by %v", most, methods)
	}
	if cpu := done[0].CPU; cpu > 2*took || most > 1 && cpu < took*5/4 {
		t.Errorf("%v on %d cores are said to have taken %v", took, most, cpu)
	}
	if len(done[0].Factors) != 2 {
		t.Errorf("%s", show(done[0]))
	}
}

// TestEnd: every kind stops when its context ends, returns the cause, and keeps its answers. Kind factor
// may have begun all its numbers together.
func TestEnd(t *testing.T) {
	cause := errors.New("enough")
	for name, kind := range All() {
		ctx, cancel := context.WithCancelCause(t.Context())
		numbers := make([]nat.Nat, task.MaxCount)
		for i := range numbers {
			numbers[i] = nat.New(1<<63 + uint64(i))
		}
		ticks := 0
		var done []task.Factorization
		err := kind.Run(ctx, numbers, worker.RunOptions{Budget: time.Minute, Tick: func() {
			if ticks++; ticks == 10 {
				cancel(cause)
			}
		}}, &done)
		if err != cause {
			t.Errorf("%s: returned %v", name, err)
		}
		if len(done) == 0 && name != task.KindFactor || len(done) > 3000 {
			t.Errorf("%s: %d numbers done", name, len(done))
		}
	}
}

// TestEndOfHardNumber: a long computation stops at one of its next ticks.
func TestEndOfHardNumber(t *testing.T) {
	const end, more = 200, 3
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	n := nat.FromBig(mersenneProduct(521, 607)) // hopeless
	ticks := 0
	var done []task.Factorization
	err := new(factorKind).Run(ctx, []nat.Nat{n}, worker.RunOptions{Budget: time.Minute, Tick: func() {
		if ticks++; ticks == end {
			cancel(cause)
		}
	}}, &done)
	if err != cause || len(done) != 0 {
		t.Fatalf("returned %v with %d answers", err, len(done))
	}
	if ticks > end+more {
		t.Errorf("%d ticks after the end", ticks-end)
	}
}

// mersenneProduct returns the product of 2^e - 1 for all exponents e.
func mersenneProduct(exponents ...uint) *big.Int {
	product := big.NewInt(1)
	for _, e := range exponents {
		m := new(big.Int).Lsh(big.NewInt(1), e)
		product.Mul(product, m.Sub(m, big.NewInt(1)))
	}
	return product
}

// TestAnswersStay: answers of a task do not change when the same kind runs another.
func TestAnswersStay(t *testing.T) {
	k := new(factorKind)
	o := worker.RunOptions{Budget: time.Minute, Tick: func() {}}
	var first, second []task.Factorization
	if err := k.Run(t.Context(), []nat.Nat{nat.New(12), nat.New(210)}, o, &first); err != nil {
		t.Fatal(err)
	}
	if err := k.Run(t.Context(), []nat.Nat{nat.New(35), nat.New(143)}, o, &second); err != nil {
		t.Fatal(err)
	}
	if show(first[0]) != "2^2P 3P" || show(first[1]) != "2P 3P 5P 7P" || show(second[1]) != "11P 13P" {
		t.Errorf("got %s, %s, %s", show(first[0]), show(first[1]), show(second[1]))
	}
}

// benchmarkNumbers measures a kind on chunks of 4096 numbers from n on.
func benchmarkNumbers(b *testing.B, kind worker.Kind, n uint64, count int) {
	numbers := make([]nat.Nat, count)
	for i := range numbers {
		numbers[i] = nat.New(n + uint64(i))
	}
	o := worker.RunOptions{Budget: time.Minute, Tick: func() {}}
	var done []task.Factorization
	b.ReportAllocs()
	for b.Loop() {
		done = done[:0]
		if err := kind.Run(b.Context(), numbers, o, &done); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/number")
}

func BenchmarkKind(b *testing.B) {
	for name, kind := range All() {
		for _, count := range []int{1, 4096} {
			b.Run(fmt.Sprintf("%s/small/%d", name, count), func(b *testing.B) { benchmarkNumbers(b, kind, 2, count) })
			b.Run(fmt.Sprintf("%s/1e12/%d", name, count), func(b *testing.B) { benchmarkNumbers(b, kind, 999999999999, count) })
		}
	}
}

// BenchmarkEngine measures the engine alone, to compare with BenchmarkKind/factor.
func BenchmarkEngine(b *testing.B) {
	for _, first := range []uint64{2, 999999999999} {
		b.Run(fmt.Sprint(first), func(b *testing.B) {
			e := factor.New(factor.Options{Tick: func() {}})
			var found []factor.Factor
			for b.Loop() {
				for i := range uint64(4096) {
					found, _, _ = e.Append(b.Context(), found[:0], nat.New(first+i))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/number")
		})
	}
}

// kindsOn returns the kinds of AllOn without a limit of memory.
func kindsOn(cores int) map[string]worker.Kind {
	kinds, _, _ := AllOn(cores, 0)
	return kinds
}
