package mont

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/kernels/kernelstest"
)

// oddPrimes returns the first count odd primes by division.
func oddPrimes(count int) []uint32 {
	var ps []uint32
next:
	for n := uint32(3); len(ps) < count; n += 2 {
		for _, p := range ps {
			if n%p == 0 {
				continue next
			}
		}
		ps = append(ps, n)
	}
	return ps
}

// trialNumber returns a number > 0 of random size, a multiple of p in half of
// all cases.
func trialNumber(rnd *rand.Rand, p uint32) [2]uint64 {
	n := new(big.Int).SetUint64(rnd.Uint64())
	n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(rnd.Uint64()))
	n.Rsh(n, uint(rnd.IntN(128)))
	if rnd.IntN(2) == 0 {
		n.Sub(n, new(big.Int).Mod(n, big.NewInt(int64(p))))
	}
	if n.Sign() == 0 {
		n.SetUint64(uint64(p))
	}
	lo := new(big.Int).And(n, new(big.Int).SetUint64(^uint64(0))).Uint64()
	return [2]uint64{lo, n.Rsh(n, 64).Uint64()}
}

// checkTrial compares the bitset of a number with division.
func checkTrial(t *testing.T, primes []uint32, divs []uint64, lo, hi uint64) {
	t.Helper()
	n := new(big.Int).SetUint64(hi)
	n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(lo))
	for j := range 64 * len(divs) {
		want := j < len(primes) && new(big.Int).Mod(n, big.NewInt(int64(primes[j]))).Sign() == 0
		if got := divs[j/64]>>(j%64)&1 == 1; got != want {
			t.Fatalf("bit %d of %v is %v", j, n, got)
		}
	}
}

// eachTrial calls f with a Trial of each level of the machine.
func eachTrial(primes []uint32, f func(trial *Trial)) {
	for _, l := range kernels.Levels {
		if l <= kernels.Best() {
			before := kernels.Use(l)
			trial := NewTrial(primes)
			kernels.Use(before)
			f(trial)
		}
	}
}

func TestTrial(t *testing.T) {
	all := oddPrimes(6541)
	rnd := rand.New(rand.NewPCG(5, 5))
	for _, primes := range [][]uint32{nil, all[:1], all[:63], all[:64], all[:65], all[:192], all[6541-70:]} {
		for _, count := range []int{0, 1, 7, 8, 9, 35, 80} {
			wide, words := make([][2]uint64, count), make([]uint64, count)
			for i := range wide {
				wide[i] = trialNumber(rnd, all[rnd.IntN(200)])
				words[i] = max(wide[i][0]>>(12*(i/8%2)), 1) // eight narrow ones together
			}
			if count > 4 {
				wide[0], wide[1], wide[2] = [2]uint64{0, 1}, [2]uint64{^uint64(0), ^uint64(0)}, [2]uint64{0, 1 << 32}
				words[0], words[1], words[2] = 1<<32, ^uint64(0), 1
			}
			if count == 80 { // both sides of 2^52, and the largest multiples below
				for i := range 16 {
					words[i] = 1<<52 - 8 + uint64(i)
				}
				for i := range min(8, len(primes)) {
					p := uint64(primes[i])
					words[i], words[i+8], words[i+16] = (1<<52-1)/p*p, 1<<52/p*p+p, (1<<64-1)/p*p
				}
			}
			eachTrial(primes, func(trial *Trial) {
				divs := make([]uint64, count*trial.Words()+1)
				for i := range divs {
					divs[i] = 0xdead
				}
				trial.Divide(divs, words)
				for i, n := range words {
					checkTrial(t, primes, divs[i*trial.Words():][:trial.Words()], n, 0)
				}
				trial.DivideWide(divs, wide)
				for i, n := range wide {
					checkTrial(t, primes, divs[i*trial.Words():][:trial.Words()], n[0], n[1])
				}
				if divs[count*trial.Words()] != 0xdead {
					t.Error("written beyond the end")
				}
			})
		}
	}
}

func FuzzTrial(f *testing.F) {
	f.Add(uint64(0), uint64(1))
	f.Add(^uint64(0), ^uint64(0))
	f.Add(uint64(65521*65519), uint64(0))
	primes := oddPrimes(6541)
	primes = append(primes[:100:100], primes[6541-28:]...)
	f.Fuzz(func(t *testing.T, lo, hi uint64) {
		lo |= 1
		words, wide := make([]uint64, 8), make([][2]uint64, 8)
		for i := range wide {
			p := uint64(primes[(lo+uint64(i)*hi)%uint64(len(primes))])
			words[i] = max(lo/p*p>>i, 1)
			wide[i] = [2]uint64{lo * p, hi >> (8 * i)}
		}
		eachTrial(primes, func(trial *Trial) {
			divs := make([]uint64, 8*trial.Words())
			trial.Divide(divs, words)
			for i, n := range words {
				checkTrial(t, primes, divs[i*trial.Words():][:trial.Words()], n, 0)
			}
			trial.DivideWide(divs, wide)
			for i, n := range wide {
				checkTrial(t, primes, divs[i*trial.Words():][:trial.Words()], n[0], n[1])
			}
		})
	})
}

// BenchmarkTrial measures the time a number, in lanes and by the textbook.
func BenchmarkTrial(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	words, narrow, wide := make([]uint64, 64), make([]uint64, 64), make([][2]uint64, 64)
	for i := range words {
		words[i] = rnd.Uint64() | 1
		narrow[i] = words[i]>>12 | 1
		wide[i] = [2]uint64{rnd.Uint64() | 1, rnd.Uint64()}
	}
	for _, count := range []int{64, 128, 192, 256, 512, 1024} {
		for _, l := range kernels.Levels {
			b.Run(fmt.Sprintf("%v/primes=%d", l, count), func(b *testing.B) {
				kernelstest.At(b, l)
				t := NewTrial(oddPrimes(count))
				divs := make([]uint64, t.Words()*len(words))
				run := func(name string, f func()) {
					b.Run(name, func(b *testing.B) {
						for i := 0; i < b.N; i += len(words) {
							f()
						}
					})
				}
				run("52", func() { t.Divide(divs, narrow) })
				run("64", func() { t.Divide(divs, words) })
				run("128", func() { t.DivideWide(divs, wide) })
			})
		}
	}
}
