package verify

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// primeAbove returns the first prime from n on.
func primeAbove(n uint64) uint64 {
	for !new(big.Int).SetUint64(n).ProbablyPrime(0) {
		n++
	}
	return n
}

func BenchmarkProvedPrime(b *testing.B) {
	for _, size := range []int{16, 20, 21, 32, 40, 41, 50, 62, 64} {
		// Many primes, as one would be learned by heart by the branch predictor.
		random := rand.New(rand.NewPCG(1, 2))
		var primes [256]uint64
		for i := range primes {
			primes[i] = primeAbove(random.Uint64N(1<<(size-2)) + 1<<(size-1))
		}
		b.Run(fmt.Sprintf("bits=%d", size), func(b *testing.B) {
			for i := range b.N {
				if p := primes[i%256]; !provedPrime(p) {
					b.Fatal(p)
				}
			}
		})
	}
}

// BenchmarkRandom checks the answers for random numbers; the time is for one number.
func BenchmarkRandom(b *testing.B) {
	for _, size := range []int{20, 40, 63} {
		random := rand.New(rand.NewPCG(1, 2))
		numbers := make([]nat.Nat, 256)
		answers := make([]task.Factorization, len(numbers))
		for i := range numbers {
			n := random.Uint64()>>(64-size) | 1<<(size-1)
			numbers[i], answers[i].Factors = nat.New(n), factor(n)
		}
		b.Run(fmt.Sprintf("bits=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				if err := Answer(context.Background(), task.KindFactor, numbers[i%256], &answers[i%256]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSemiprime checks the answers for products of two primes of equal size.
func BenchmarkSemiprime(b *testing.B) {
	for _, size := range []int{32, 64, 128, 256} {
		p := new(big.Int).Lsh(big.NewInt(3), uint(size/2-2))
		for !p.ProbablyPrime(0) {
			p.Add(p, big.NewInt(1))
		}
		q := new(big.Int).Add(p, big.NewInt(1))
		for !q.ProbablyPrime(0) {
			q.Add(q, big.NewInt(1))
		}
		n := nat.FromBig(new(big.Int).Mul(p, q))
		status := task.PRP
		if q.IsUint64() {
			status = task.Prime
		}
		answer := &task.Factorization{Factors: []task.Factor{{P: nat.FromBig(p), Exp: 1, Status: status}, {P: nat.FromBig(q), Exp: 1, Status: status}}}
		b.Run(fmt.Sprintf("bits=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Answer(context.Background(), task.KindFactor, n, answer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// factor returns the factors of n by trial division and, for the remaining cofactor,
// Pollard's rho: slow and simple.
func factor(n uint64) []task.Factor {
	var factors []task.Factor
	divide := func(p uint64) {
		f := task.Factor{P: nat.New(p), Status: task.Prime}
		for ; n%p == 0; n /= p {
			f.Exp++
		}
		factors = append(factors, f)
	}
	for p := uint64(2); p < 1<<18 && p*p <= n; p++ {
		if n%p == 0 {
			divide(p)
		}
	}
	for n > 1 {
		p := n
		for c := int64(1); !new(big.Int).SetUint64(p).ProbablyPrime(0); c++ {
			p = rho(p, c)
		}
		divide(p)
	}
	for i := len(factors) - 1; i > 0 && factors[i].P.Cmp(factors[i-1].P) < 0; i-- {
		factors[i], factors[i-1] = factors[i-1], factors[i]
	}
	return factors
}

// rho returns a divisor of n > 1, perhaps n, by the iteration of x*x + c.
func rho(n uint64, c int64) uint64 {
	m, add, g := new(big.Int).SetUint64(n), big.NewInt(c), new(big.Int)
	x, y := big.NewInt(2), big.NewInt(2)
	step := func(x *big.Int) { x.Mul(x, x).Add(x, add).Mod(x, m) }
	for {
		step(x)
		step(y)
		step(y)
		g.Sub(x, y)
		if g.GCD(nil, nil, g.Abs(g), m); g.BitLen() != 1 {
			return g.Uint64()
		}
	}
}
