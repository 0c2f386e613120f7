package verify

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

func minusOne(bits uint) *big.Int { return new(big.Int).Sub(new(big.Int).Lsh(one, bits), one) }

// TestLongTest compares the parts of the long test with math/big for numbers of all lengths.
func TestLongTest(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		n := new(big.Int).SetUint64(random.Uint64() | 1)
		n.Lsh(n, uint(i%90)).Add(n, big.NewInt(int64(2*(i%7)+1)))
		if _, word := nat.FromBig(n).Word(); word || hasSmallPrime(n) {
			continue
		}
		m := &modulus{n: n, ctx: t.Context()}
		if got, want := m.strong() && m.lucas(), n.ProbablyPrime(0); got != want {
			t.Errorf("%v: %v, want %v", n, got, want)
		}
	}
	for _, bits := range []uint{89, 107, 127, 521, 607, 1279, 2203, 2281} { // Mersenne primes
		m := &modulus{n: minusOne(bits), ctx: t.Context()}
		if !m.strong() || !m.lucas() {
			t.Errorf("2^%d-1 is not prime", bits)
		}
	}
}

// TestLongTestParts: pseudoprimes to one of the two parts fail the other one.
func TestLongTestParts(t *testing.T) {
	for _, test := range []struct {
		n      string
		strong bool
	}{
		{psp, true},       // to the first 12 primes
		{"1194649", true}, // 1093^2, a Wieferich prime
	} {
		m := &modulus{n: decimal(t, test.n), ctx: t.Context()}
		if m.strong() != test.strong || m.lucas() {
			t.Errorf("%s passes both parts, or not the strong one", test.n)
		}
	}
	for _, n := range []int64{989, 3239, 5777, 10877} { // extra strong Lucas pseudoprimes
		m := &modulus{n: big.NewInt(n), ctx: t.Context()}
		if m.strong() || !m.lucas() {
			t.Errorf("%d passes the strong part, or not the one of Lucas", n)
		}
	}
}

// TestInterrupt: the check of primes of 11,213 bits, and of a certificate, ends soon after its context.
func TestInterrupt(t *testing.T) {
	large := nat.FromBig(minusOne(11213))
	stop := errors.New("stop")
	for name, f := range map[string]*task.Factorization{
		"PRP":         {Factors: []task.Factor{{P: large, Exp: 1, Status: task.PRP}}},
		"certificate": {Factors: []task.Factor{{P: large, Exp: 1, Status: task.Prime}}, Certificates: []string{large.String() + " +2:3"}},
		"minus":       {Factors: []task.Factor{{P: large, Exp: 1, Status: task.Prime}}, Certificates: []string{large.String() + " -3:2"}},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		timer := time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
		numbers, items := make([]nat.Nat, 60), make([]task.Factorization, 60)
		for i := range numbers {
			numbers[i], items[i] = large, *f
		}
		began := time.Now()
		err := Result(ctx, task.KindFactor, numbers, &task.Result{Kind: task.KindFactor, Items: items})
		if took := time.Since(began); !errors.Is(err, stop) || took > 10*time.Second {
			t.Errorf("%s: %v after %v", name, err, took)
		}
		timer.Stop()
	}
}

// BenchmarkUnfinished checks claims that a composite is unfinished.
func BenchmarkUnfinished(b *testing.B) {
	for _, bits := range []uint{64, 128, 512, 2048, 8192, 16300} {
		p := minusOne(bits)
		p.SetBit(p, int(bits), 1)
		for hasSmallPrime(p) {
			p.Sub(p, big.NewInt(2))
		}
		n := nat.FromBig(new(big.Int).Mul(p, big.NewInt(1_000_003)))
		b.Run(fmt.Sprintf("bits=%d", n.BitLen()), func(b *testing.B) {
			for b.Loop() {
				if err := checkComposite(b.Context(), n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
