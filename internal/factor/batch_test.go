package factor

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/nat"
	"factorfleet/internal/sample"
)

// batchEngines returns an engine that computes numbers together, in lanes or by their Go
// models, and one that leaves them to Append.
func batchEngines(o Options) map[string]*Engine {
	together, apart := New(o), New(o)
	together.maxTogether, together.minTogether, apart.maxTogether = ecm.MaxBits, 0, 0
	return map[string]*Engine{"together": together, "apart": apart}
}

// appended returns the answers of Append.
func appended(t *testing.T, ns []nat.Nat) (answers [][]Factor) {
	t.Helper()
	e := New(Options{})
	for _, n := range ns {
		fs, _, err := e.Append(t.Context(), nil, n)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, fs)
	}
	return answers
}

// checkBatch compares the answers of Batch with those of Append.
func checkBatch(t *testing.T, ns []nat.Nat, answers [][]Factor) {
	t.Helper()
	for name, e := range batchEngines(Options{}) {
		i := 0
		err := e.Batch(t.Context(), ns, func(fs []Factor, method string) {
			want := answers[i]
			if !slices.EqualFunc(fs, want, func(a, b Factor) bool { return a.P.Cmp(b.P) == 0 && a.Exp == b.Exp && a.Status == b.Status }) {
				t.Errorf("%s: %v = %s, not %s", name, ns[i], format(fs), format(want))
			}
			if (method == "") != (len(fs) == 0) || (method == "prime") != (len(fs) == 1 && fs[0].Exp == 1) {
				t.Errorf("%s: %v = %s by method %q", name, ns[i], format(fs), method)
			}
			i++
		})
		if err != nil || i != len(ns) {
			t.Fatalf("%s: %d answers to %d numbers, %v", name, i, len(ns), err)
		}
	}
}

func TestBatch(t *testing.T) { kernelstest.Each(t, testBatch) }

func testBatch(t *testing.T) {
	count := func(all int) int {
		if kernelstest.Short() {
			return all / 10
		}
		return all
	}
	var ns []nat.Nat
	for n := range uint64(count(5000)) {
		ns = append(ns, nat.New(n))
	}
	for bits := 8; bits <= 64; bits++ {
		ns = append(ns, sample.Random(bits, count(50), 1)...)
		ns = append(ns, sample.Semiprimes(bits, count(50), 1)...)
	}
	for bits := 65; bits <= 96; bits++ {
		ns = append(ns, sample.Random(bits, count(10), 1)...)
	}
	for bits := 65; bits <= 80; bits++ {
		ns = append(ns, sample.Semiprimes(bits, count(20), 1)...)
	}
	for bits := 90; bits <= 128; bits++ { // the sieve takes over
		ns = append(ns, sample.Semiprimes(bits, 3, 1)...)
		ns = append(ns, sample.Random(bits, 3, 1)...)
	}
	for n := range uint64(1000) { // the largest words, even ones too
		ns = append(ns, nat.New(^n))
	}
	answers := appended(t, ns)
	checkBatch(t, ns, answers)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(ns), func(i, j int) { // words beside others
		ns[i], ns[j] = ns[j], ns[i]
		answers[i], answers[j] = answers[j], answers[i]
	})
	checkBatch(t, ns[:count(2000)], answers)
}

// Powers, of primes just above those of trial division too, and products of them.
func TestBatchPowers(t *testing.T) { kernelstest.Each(t, testBatchPowers) }

func testBatchPowers(t *testing.T) {
	var ns []nat.Nat
	for _, p := range []int64{2, 3, 1019, 1021, 1031, 1033, 2003, 8167, 8171, 65537, 1048583, 4294967291, 4294967311} {
		for n, e := pow(p, 1), int64(1); n.BitLen() <= 128; n, e = pow(p, e+1), e+1 {
			ns = append(ns, nat.FromBig(n))
			for _, q := range []int64{2, 1031, 2003, 65539} {
				if m := product(n, pow(q, 1)); m.BitLen() <= 128 {
					ns = append(ns, nat.FromBig(m))
				}
				if m := product(n, pow(q, 2)); m.BitLen() <= 128 {
					ns = append(ns, nat.FromBig(m))
				}
			}
		}
	}
	checkBatch(t, ns, appended(t, ns))
}

// The answer of Batch for a number does not depend on the others.
func TestBatchRepeats(t *testing.T) { kernelstest.Each(t, testBatchRepeats) }

func testBatchRepeats(t *testing.T) {
	e := batchEngines(Options{})["together"]
	ns := sample.Random(64, 300, 5)
	answers := make(map[string]string)
	for range 2 {
		i := 0
		if err := e.Batch(t.Context(), ns, func(fs []Factor, method string) {
			key, answer := ns[i].String(), format(fs)+" by "+method
			if before, ok := answers[key]; ok && before != answer {
				t.Errorf("%s: %s, and then %s", key, before, answer)
			}
			answers[key] = answer
			i++
		}); err != nil {
			t.Fatal(err)
		}
		slices.Reverse(ns)
		ns = ns[:len(ns)/3*2]
	}
}

func TestBatchStops(t *testing.T) { kernelstest.Each(t, testBatchStops) }

func testBatchStops(t *testing.T) {
	cause := errors.New("enough")
	ctx, stop := context.WithCancelCause(t.Context())
	ticks := 0
	e := New(Options{Tick: func() {
		if ticks++; ticks == 100 {
			stop(cause)
		}
	}})
	e.maxTogether = ecm.MaxBits
	began := time.Now()
	err := e.Batch(ctx, sample.Semiprimes(128, 100, 1), func([]Factor, string) {})
	if err != cause || ticks > 101 {
		t.Errorf("%v after %d ticks and %v", err, ticks, time.Since(began))
	}
}

// With a small budget numbers above 2^64 are not computed together.
func TestBatchBudget(t *testing.T) { kernelstest.Each(t, testBatchBudget) }

func testBatchBudget(t *testing.T) {
	e := New(Options{Budget: 20 * time.Millisecond})
	e.maxTogether = ecm.MaxBits
	if e.canBatch(65) || !e.canBatch(64) {
		t.Error("wrong sizes are done together")
	}
	ns := sample.Semiprimes(128, 3, 1)
	began := time.Now()
	if err := e.Batch(t.Context(), ns, func(fs []Factor, method string) {}); err != nil || time.Since(began) > 20*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestBatchAllocatesNothing(t *testing.T) { kernelstest.Each(t, testBatchAllocatesNothing) }

func testBatchAllocatesNothing(t *testing.T) {
	e := batchEngines(Options{})["together"]
	ns := sample.Random(63, 1000, 1)
	run := func() {
		if err := e.Batch(context.Background(), ns, func([]Factor, string) {}); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(5, run); n > 20 {
		t.Errorf("%v allocations for %d numbers", n, len(ns))
	}
}

// BenchmarkBatch measures the time of a number in lists of one kind. BenchmarkFactor
// measures it one by one.
func BenchmarkBatch(b *testing.B) {
	for _, k := range []struct {
		name  string
		make  func(bits, count int, seed uint64) []nat.Nat
		sizes []int
	}{
		{"random", sample.Random, []int{32, 40, 48, 56, 63, 64, 80, 96, 128}},
		{"semiprime", sample.Semiprimes, []int{40, 48, 52, 56, 60, 64, 72, 80, 96, 112, 128}},
	} {
		for _, bits := range k.sizes {
			b.Run(fmt.Sprint(k.name, bits), func(b *testing.B) {
				count := 4096
				if bits > 64 {
					count = 128
				}
				ns := k.make(bits, count, 1)
				e := New(Options{})
				b.ReportAllocs()
				for b.Loop() {
					e.Batch(context.Background(), ns, func([]Factor, string) {})
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/number")
			})
		}
	}
}

// TestBatchRough: primes just above those of trial division are found at once by every curve, so that no
// curve splits their product. Nevertheless it is not sieved.
func TestBatchRough(t *testing.T) { kernelstest.Each(t, testBatchRough) }

func testBatchRough(t *testing.T) {
	ps := []int64{8171, 8179, 8191, 8209, 8219, 8221, 8231}
	seventh, different := pow(ps[0], 7), big.NewInt(1)
	for _, p := range ps {
		different.Mul(different, big.NewInt(p))
	}
	ns := slices.Repeat([]nat.Nat{nat.FromBig(seventh), nat.FromBig(different)}, 20)
	if err := New(Options{}).Batch(t.Context(), ns, func(fs []Factor, method string) {
		if len(fs) != 1 && len(fs) != 7 || method == "siqs" {
			t.Errorf("%s by %s", format(fs), method)
		}
	}); err != nil {
		t.Fatal(err)
	}
}
