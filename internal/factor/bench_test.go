package factor

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/nat"
)

// randomPrime returns a prime of exactly so many bits.
func randomPrime(rnd *rand.Rand, bits int) *big.Int {
	for {
		p := randomBits(rnd, bits)
		if p.SetBit(p, 0, 1); p.ProbablyPrime(0) {
			return p
		}
	}
}

// randomBits returns a number of exactly so many bits.
func randomBits(rnd *rand.Rand, bits int) *big.Int {
	b := make([]byte, (bits+7)/8)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	n := new(big.Int).SetBytes(b)
	n.SetBit(n.Rsh(n, uint(8*len(b)-bits)), bits-1, 1)
	return n
}

// semiprime returns a product of two primes of half the size, of exactly so many bits.
func semiprime(rnd *rand.Rand, bits int) *big.Int {
	for {
		n := randomPrime(rnd, bits/2)
		n.Mul(n, randomPrime(rnd, bits-bits/2))
		if n.BitLen() == bits {
			return n
		}
	}
}

// BenchmarkFactor measures the time of a number in lists of one kind. trialCount, the
// levels and the figures of the cost model come from it.
func BenchmarkFactor(b *testing.B) {
	kinds := []struct {
		name  string
		make  func(*rand.Rand, int) *big.Int
		count int
		sizes []int
	}{
		{"random", randomBits, 1000, []int{16, 32, 40, 48, 56, 63, 64}},
		{"prime", randomPrime, 100, []int{32, 63, 64, 65, 128, 512}},
		{"semiprime", semiprime, 100, []int{24, 32, 40, 48, 56, 62, 63, 64, 72, 80, 96, 112, 128}},
		{"random", randomBits, 100, []int{72, 80, 96, 112, 128}},
	}
	for _, k := range kinds {
		for _, bits := range k.sizes {
			b.Run(fmt.Sprint(k.name, bits), func(b *testing.B) {
				rnd := rand.New(rand.NewPCG(uint64(bits), 1))
				list := make([]nat.Nat, k.count)
				for i := range list {
					list[i] = nat.FromBig(k.make(rnd, bits))
				}
				e := New(Options{})
				var fs []Factor
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					fs, _, _ = e.Append(context.Background(), fs[:0], list[i%len(list)])
					i++
				}
			})
		}
	}
}
