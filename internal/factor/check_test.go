package factor

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/nat"
	"factorfleet/internal/sample"
	"factorfleet/internal/task"
	"factorfleet/internal/verify"
)

// checkFlag is the number of numbers that TestConsecutive and TestClasses each check. With 5e7
// they take some minutes.
var checkFlag = flag.Float64("check", 2e5, "`COUNT` of numbers to factor and to check, for each of the large tests")

// TestConsecutive compares Batch with a sieve: all factors of consecutive numbers, of
// several sizes, are known without the engine.
func TestConsecutive(t *testing.T) { kernelstest.Each(t, testConsecutive) }

func testConsecutive(t *testing.T) {
	const block = 1 << 16
	firsts := []uint64{0, 1e9, 1e12 - block/2, 1 << 44, 1e14}
	each := uint64(*checkFlag) / uint64(len(firsts))
	var primes []uint32
	for it := prime.Primes(2, 1e7+block); ; {
		p := it.Next()
		if p == 0 {
			break
		}
		primes = append(primes, uint32(p))
	}
	e := batchEngines(Options{})["together"]
	for _, first := range firsts {
		for done := uint64(0); done < each; done += block {
			compareWithSieve(t, e, primes, first+done, min(block, each-done))
		}
	}
	t.Logf("%d numbers compared", each*uint64(len(firsts)))
}

// compareWithSieve factors count numbers from first on in both ways. The square of the
// last prime must be above them.
func compareWithSieve(t *testing.T, e *Engine, primes []uint32, first, count uint64) {
	t.Helper()
	want := make([][]Factor, count)
	rest := make([]uint64, count)
	for i := range rest {
		rest[i] = first + uint64(i)
	}
	for _, p32 := range primes {
		p := uint64(p32)
		if p*p >= first+count {
			break
		}
		for i := (p - first%p) % p; i < count; i += p {
			exp := uint32(0)
			for ; rest[i] > 0 && rest[i]%p == 0; rest[i] /= p {
				exp++
			}
			if exp > 0 {
				want[i] = append(want[i], Factor{nat.New(p), exp, Prime})
			}
		}
	}
	ns := make([]nat.Nat, count)
	for i := range ns {
		ns[i] = nat.New(first + uint64(i))
		if rest[i] > 1 {
			want[i] = append(want[i], Factor{nat.New(rest[i]), 1, Prime})
		}
	}
	i := 0
	if err := e.Batch(t.Context(), ns, func(fs []Factor, _ string) {
		same := len(fs) == len(want[i])
		for j := 0; same && j < len(fs); j++ {
			same = fs[j] == want[i][j]
		}
		if !same {
			t.Errorf("%v = %s, not %s", ns[i], format(fs), format(want[i]))
		}
		i++
	}); err != nil || i != len(ns) {
		t.Fatalf("%d answers to %d numbers, %v", i, len(ns), err)
	}
}

// TestClasses verifies the answers for random numbers and semiprimes of all sizes in lanes by
// package verify, which shares no code with this one.
func TestClasses(t *testing.T) { kernelstest.Each(t, testClasses) }

func testClasses(t *testing.T) {
	left := int(*checkFlag)
	total := 0
	e := batchEngines(Options{})["together"]
	verifyAnswers := func(ns []nat.Nat) {
		i := 0
		if err := e.Batch(t.Context(), ns, func(fs []Factor, method string) {
			a := task.Factorization{Method: method}
			for _, f := range fs {
				a.Factors = append(a.Factors, task.Factor{P: f.P, Exp: f.Exp, Status: task.Status(f.Status)})
			}
			if err := verify.Answer(context.Background(), task.KindFactor, ns[i], &a); err != nil {
				t.Errorf("%v = %s: %v", ns[i], format(fs), err)
			}
			i++
		}); err != nil || i != len(ns) {
			t.Fatalf("%d answers to %d numbers, %v", i, len(ns), err)
		}
		left -= len(ns)
		total += len(ns)
	}
	r := rand.New(rand.NewPCG(1, uint64(*checkFlag)))
	for seed := uint64(1); left > 0; seed++ {
		for bits := 8; bits <= 64 && left > 0; bits++ {
			verifyAnswers(randomWords(r, bits, min(20_000, left)))
			verifyAnswers(sample.Semiprimes(bits, min(100, left+1), seed))
		}
		for bits := 65; bits <= 88 && left > 0; bits++ {
			verifyAnswers(sample.Random(bits, 20, seed))
			verifyAnswers(sample.Semiprimes(bits, 20, seed))
		}
	}
	t.Log(fmt.Sprint(total, " numbers verified"))
}

// randomWords returns numbers of exactly so many bits.
func randomWords(r *rand.Rand, bits, count int) []nat.Nat {
	ns := make([]nat.Nat, count)
	for i := range ns {
		ns[i] = nat.New(1<<(bits-1) | r.Uint64()>>(65-bits))
	}
	return ns
}
