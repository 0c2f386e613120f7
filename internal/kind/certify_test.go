package kind

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/verify"
	"factorfleet/internal/worker"
)

// randomPrime returns a prime of exactly the given number of bits.
func randomPrime(r *rand.Rand, bits int) *big.Int {
	for {
		n := new(big.Int)
		for n.BitLen() < bits {
			n.Lsh(n, 32).Or(n, big.NewInt(int64(r.Uint32())))
		}
		n.Rsh(n, uint(n.BitLen()-bits)).SetBit(n, bits-1, 1).SetBit(n, 0, 1)
		if n.ProbablyPrime(0) {
			return n
		}
	}
}

// certified factors numbers with certificates and checks the answers.
func certified(t *testing.T, numbers []nat.Nat, o worker.RunOptions) []task.Factorization {
	t.Helper()
	o.Certify, o.Tick = true, func() {}
	var done []task.Factorization
	if err := All()[task.KindFactor].Run(t.Context(), numbers, o, &done); err != nil {
		t.Fatal(err)
	}
	if err := verify.Result(context.Background(), task.KindFactor, numbers, &task.Result{Kind: task.KindFactor, Items: done}); err != nil {
		t.Fatal(err)
	}
	return done
}

// TestCertify: random primes of 65 to 200 bits, alone and in products, get certificates.
// Each certificate with one character changed is refused, or proves the same prime.
func TestCertify(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 65))
	var numbers []nat.Nat
	for bits := 65; bits <= 200; bits += 3 {
		p := randomPrime(r, bits)
		numbers = append(numbers, nat.FromBig(p), nat.FromBig(new(big.Int).Mul(p, big.NewInt(30030*65537))))
	}
	numbers = append(numbers, nat.New(0), nat.New(1), nat.New(97), nat.New(1<<63))
	two := new(big.Int).Mul(randomPrime(r, 66), randomPrime(r, 67))
	numbers = append(numbers, nat.FromBig(two))
	for i, answer := range certified(t, numbers, worker.RunOptions{Budget: 20 * time.Second}) {
		for j, f := range answer.Factors {
			text := answer.Certificate(j)
			if _, word := f.P.Word(); f.Status != task.Prime || word != (text == "") {
				t.Errorf("%v: the factor %v has the status %v and the certificate %q", numbers[i], f.P, f.Status, text)
			}
			if text != "" && i%4 == 0 {
				checkChanged(t, r, f.P, text)
			}
		}
	}
}

// checkChanged changes one character of a certificate in a hundred ways.
func checkChanged(t *testing.T, r *rand.Rand, p nat.Nat, text string) {
	t.Helper()
	accepted := 0
	for range 100 {
		b := []byte(text)
		switch i := r.IntN(len(b)); r.IntN(3) {
		case 0:
			b[i] = "0123456789 -+:;"[r.IntN(15)]
		case 1:
			b = append(b[:i], b[i+1:]...)
		default:
			b = b[:i]
		}
		if verify.Certificate(context.Background(), p, string(b)) == nil && string(b) != text {
			accepted++ // with another witness
		}
	}
	if accepted > 30 {
		t.Errorf("%q: %d of 100 changes are accepted", text, accepted)
	}
}

// TestCertifyLarge: 2^2203-1, of which n+1 is a power of 2 and n-1 has small factors that
// do not suffice; and without certify nothing is proved.
func TestCertifyLarge(t *testing.T) {
	p := new(big.Int).Lsh(big.NewInt(1), 2203)
	n := []nat.Nat{nat.FromBig(p.Sub(p, big.NewInt(1)))}
	answer := certified(t, n, worker.RunOptions{Budget: time.Minute})[0]
	if text := answer.Certificate(0); !strings.HasSuffix(text, " +2:1") {
		t.Errorf("%v, certificate %q", answer.Factors[0].Status, text)
	}
	var done []task.Factorization
	err := All()[task.KindFactor].Run(t.Context(), n, worker.RunOptions{Budget: time.Minute, Tick: func() {}}, &done)
	if err != nil || done[0].Factors[0].Status != task.PRP || done[0].Certificates != nil {
		t.Errorf("uncertified: %+v, %v", done, err)
	}
}

// TestCertifyBudget: a prime that cannot be proved in time stays a probable prime, without an error. The
// prime has 1,500 bits, and no third of n-1 or n+1 is found.
func TestCertifyBudget(t *testing.T) {
	n := []nat.Nat{nat.FromBig(randomPrime(rand.New(rand.NewPCG(3, 4)), 1500))}
	answer := certified(t, n, worker.RunOptions{Budget: 500 * time.Millisecond})[0]
	if f := answer.Factors; len(f) != 1 || f[0].Status != task.PRP || answer.Certificates != nil {
		t.Errorf("%+v", answer)
	}
	if took := answer.CPU; took < 450*time.Millisecond || took > 5*time.Second {
		t.Errorf("it took %v of CPU time", took)
	}
}

// TestCertifyInterrupted: the current number has no answer, the numbers before it have.
func TestCertifyInterrupted(t *testing.T) {
	hard := nat.FromBig(randomPrime(rand.New(rand.NewPCG(3, 4)), 1500))
	for _, first := range []nat.Nat{nat.New(6), nat.FromBig(big.NewInt(0).Lsh(big.NewInt(1), 70))} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("enough")
		var done []task.Factorization
		ticks := 0 // of hard; to see that it is a prime takes less than a hundred
		tick := func() {
			if len(done) == 1 {
				ticks++
			}
			if ticks == 500 {
				cancel(cause)
			}
		}
		err := All()[task.KindFactor].Run(ctx, []nat.Nat{first, hard, first}, worker.RunOptions{Budget: time.Hour, Certify: true, Tick: tick}, &done)
		if err != cause || len(done) != 1 {
			t.Errorf("%d answers, %v", len(done), err)
		}
	}
}

// BenchmarkCertify proves random primes of each size, the same twenty each time, and says how
// long it takes to check a proof. Of 320 bits some take more than its ten seconds: the last
// metric is the share that is proved.
func BenchmarkCertify(b *testing.B) {
	for _, bits := range []int{80, 100, 128, 160, 200, 256, 320} {
		b.Run(fmt.Sprint(bits), func(b *testing.B) {
			r := rand.New(rand.NewPCG(uint64(bits), 0))
			var primes []nat.Nat
			for range 20 {
				primes = append(primes, nat.FromBig(randomPrime(r, bits)))
			}
			prover := factor.NewProver(factor.Options{})
			var checking time.Duration
			proved, i := 0, 0
			for ; b.Loop(); i++ {
				p := primes[i%len(primes)]
				proof, err := prover.Prove(b.Context(), p, 10*time.Second)
				if err != nil {
					b.Fatal(err)
				}
				if proof == nil {
					continue
				}
				proved++
				began := time.Now()
				if err := verify.Certificate(context.Background(), p, certificate(proof)); err != nil {
					b.Fatal(err)
				}
				checking += time.Since(began)
			}
			b.ReportMetric(float64(checking.Microseconds())/float64(max(proved, 1)), "check-us")
			b.ReportMetric(float64(proved)/float64(i), "proved")
		})
	}
}
