package rho

import (
	"errors"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/prime"
)

func always() error { return nil }

func checkSplit(t *testing.T, n, seed uint64, sequences int) {
	t.Helper()
	d, err := split(n, seed, sequences, always)
	if err != nil || d <= 1 || d >= n || n%d != 0 {
		t.Errorf("split(%d, %d, %d) = %d, %v", n, seed, sequences, d, err)
	}
}

// TestSplitSmall takes every odd composite: sequences modulo tiny numbers often
// close modulo all prime factors at once.
func TestSplitSmall(t *testing.T) {
	for n := uint64(9); n < 1<<16; n += 2 {
		if !prime.IsPrime(n) {
			checkSplit(t, n, n>>3, maxSequences)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, n := range []uint64{
		4294967291 * 4294967279,     // the largest semiprime of two 32-bit primes
		4294967291 * 4294967291,     // the largest square of a prime
		2642239 * 2642239 * 2642239, // about the largest cube
		3 * 6148914691236517189,     // tiny and huge
		1<<64 - 1,
		1<<63 + 1,
		4294967291 * 3, 65537 * 65537, 1093 * 1093, 3511 * 3511,
	} {
		for seed := range uint64(4) {
			checkSplit(t, n, seed, maxSequences)
		}
	}
}

// TestLastResort takes the sequences away.
func TestLastResort(t *testing.T) {
	for _, n := range []uint64{9, 15, 25, 1048573 * 1048571, 3 * 6148914691236517189} {
		checkSplit(t, n, 0, 0)
	}
}

func TestSplitStops(t *testing.T) {
	stop := errors.New("stop")
	for _, sequences := range []int{0, maxSequences} {
		if d, err := split(4294967291*4294967279, 1, sequences, func() error { return stop }); err != stop {
			t.Errorf("with %d sequences: %d, %v; want the error of check", sequences, d, err)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(uint64(3), uint64(5), uint64(0))
	f.Add(uint64(1<<32-1), uint64(1<<32-1), uint64(1))
	f.Fuzz(func(t *testing.T, a, b, seed uint64) {
		a, b = a>>32|1, b&(1<<32-1)|1
		if a > 1 && b > 1 {
			checkSplit(t, a*b, seed, maxSequences)
		}
	})
}

func BenchmarkSplit(b *testing.B) {
	rnd := rand.New(rand.NewPCG(5, 5))
	half := func() uint64 {
		for {
			if p := uint64(rnd.Uint32() | 1<<31 | 1); prime.IsPrime(p) {
				return p
			}
		}
	}
	var list [256]uint64
	for i := range list {
		list[i] = half() * half()
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		Split(list[i%len(list)], 0, always)
		i++
	}
}
