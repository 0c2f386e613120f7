package siqs

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/prime"
)

func always() error { return nil }

var one = big.NewInt(1)

// randomPrime returns a prime of exactly so many bits.
func randomPrime(rnd *rand.Rand, bits int) *big.Int {
	for {
		p := new(big.Int)
		for i := range bits {
			p.SetBit(p, i, uint(rnd.IntN(2)))
		}
		p.SetBit(p, 0, 1)
		p.SetBit(p, bits-1, 1)
		if p.ProbablyPrime(0) {
			return p
		}
	}
}

// semiprime returns a product of two primes of half the size, of exactly so many
// bits.
func semiprime(rnd *rand.Rand, bits int) *big.Int {
	for {
		n := randomPrime(rnd, bits/2)
		n.Mul(n, randomPrime(rnd, bits-bits/2))
		if n.BitLen() == bits {
			return n
		}
	}
}

func checkFactor(t *testing.T, s *Searcher, n *big.Int) {
	t.Helper()
	d, err := s.Factor(always, n)
	if err != nil {
		t.Errorf("Factor(%v): %v", n, err)
		return
	}
	if d.Cmp(one) <= 0 || d.Cmp(n) >= 0 || new(big.Int).Rem(n, d).Sign() != 0 {
		t.Errorf("Factor(%v) = %v", n, d)
	}
}

// TestFactor factors semiprimes of every size.
func TestFactor(t *testing.T) {
	s := NewSearcher()
	for bits := 64; bits <= 140; bits++ {
		rnd := rand.New(rand.NewPCG(1, uint64(bits)))
		count := 5
		if bits > 100 {
			count = 1
		}
		for range count {
			checkFactor(t, s, semiprime(rnd, bits))
		}
	}
}

// TestFactorSpecial factors numbers that a sieve may stumble over.
func TestFactorSpecial(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	p, q, r := randomPrime(rnd, 45), randomPrime(rnd, 45), randomPrime(rnd, 30)
	product := func(fs ...*big.Int) *big.Int {
		n := big.NewInt(1)
		for _, f := range fs {
			n.Mul(n, f)
		}
		return n
	}
	next := new(big.Int).Add(p, big.NewInt(2))
	for ; !next.ProbablyPrime(0); next.Add(next, big.NewInt(2)) {
	}
	f7, _ := new(big.Int).SetString("340282366920938463463374607431768211457", 10)
	s := NewSearcher()
	for _, n := range []*big.Int{
		product(p, p),                // a square
		product(p, p, q),             // with a square
		product(p, p, q, q),          // square of a composite
		product(p, q, r),             // three primes
		product(r, r, r, p),          // a cube
		product(p, next),             // close primes
		product(big.NewInt(3), p, q), // small factors: of the multiplier,
		product(big.NewInt(73), p, q),
		product(big.NewInt(101), p, q), // of the factor base,
		product(big.NewInt(1009), p, q),
		product(big.NewInt(10007), p, q), // beyond it
		product(big.NewInt(1000003), p, q),
		f7, // 2^128+1
		product(randomPrime(rnd, 20), randomPrime(rnd, 100)),
	} {
		checkFactor(t, s, n)
	}
}

// TestFactorComposed factors products of primes of all sizes, some of them twice.
func TestFactorComposed(t *testing.T) {
	s := NewSearcher()
	for i := range uint64(60) {
		rnd := rand.New(rand.NewPCG(i, 77))
		p, q := randomPrime(rnd, 18+rnd.IntN(20)), randomPrime(rnd, 18+rnd.IntN(20))
		n := new(big.Int).Mul(p, q)
		for n.BitLen() < MinBits || rnd.IntN(2) == 0 && n.BitLen() < 110 {
			switch rnd.IntN(3) {
			case 0:
				n.Mul(n, p)
			case 1:
				n.Mul(n, big.NewInt(int64(prime.Small()[1+rnd.IntN(30)])))
			default:
				n.Mul(n, randomPrime(rnd, 10+rnd.IntN(30)))
			}
		}
		checkFactor(t, s, n)
	}
}

// TestFactorFails expects errors for what cannot be factored here.
func TestFactorFails(t *testing.T) {
	p := randomPrime(rand.New(rand.NewPCG(1, 2)), 30)
	cube := new(big.Int).Exp(p, big.NewInt(3), nil)
	s := NewSearcher()
	for _, n := range []*big.Int{big.NewInt(15), new(big.Int).Lsh(p, 40), new(big.Int).Exp(p, big.NewInt(15), nil), cube} {
		if d, err := s.Factor(always, n); err == nil {
			t.Errorf("Factor(%v) = %v", n, d)
		}
	}
	checkFactor(t, s, semiprime(rand.New(rand.NewPCG(1, 3)), 90)) // it goes on
}

// TestAllocations expects a searcher that is warm to allocate little more than the
// result.
func TestAllocations(t *testing.T) {
	for _, bits := range []int{70, 96, 120} {
		rnd := rand.New(rand.NewPCG(1, uint64(bits)))
		ns := make([]*big.Int, 10)
		for i := range ns {
			ns[i] = semiprime(rnd, bits)
		}
		s := NewSearcher()
		per := testing.AllocsPerRun(2, func() {
			for _, n := range ns {
				checkFactor(t, s, n)
			}
		}) / float64(len(ns))
		if per > 12 { // of them 6 by checkFactor
			t.Errorf("%d bits: %v allocations a number", bits, per)
		}
	}
}

// BenchmarkFactor is the time for a semiprime.
func BenchmarkFactor(b *testing.B) {
	for _, bits := range []int{70, 80, 90, 96, 104, 112, 120, 128, 140, 166} {
		b.Run(fmt.Sprint(bits), func(b *testing.B) {
			rnd := rand.New(rand.NewPCG(7, uint64(bits)))
			ns := make([]*big.Int, 50)
			for i := range ns {
				ns[i] = semiprime(rnd, bits)
			}
			s := NewSearcher()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, err := s.Factor(always, ns[i%len(ns)]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// start is choose and prepare.
func (s *Sieve) start(alive func() error, n *big.Int, t tuning) error {
	if err := s.choose(alive, n, t); err != nil {
		return err
	}
	return s.prepare(alive)
}
