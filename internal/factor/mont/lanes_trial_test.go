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

// mostTrial is the number of odd primes below maxTrialPrime.
const mostTrial = 1027

// trialModel computes as the lanes do for the number n and prime j of g. It fails if t is outside of
// its range.
func trialModel(t *testing.T, g *trialGroup, j int, n [2]uint64, wide bool) bool {
	t.Helper()
	digits, bias := 2, &g.b2
	if wide {
		digits, bias = 6, &g.b6
	}
	shifted := func(s int) uint64 {
		if s >= 64 {
			return n[1] >> (s - 64)
		}
		return n[0]>>s | n[1]<<1<<(63-s)
	}
	sum := int64(n[0] & (1<<31 - 1))
	for i := range digits {
		c := int64(int16(*g.pair(i/2, j) >> (i % 2 * 16)))
		d := int64(int16(shifted(31+16*i) ^ 1<<15))
		sum += c * d
	}
	sum += int64(bias[shifted(31+16*digits)&1][j] - 1<<31)
	if sum < 0 || sum >= 1<<32 {
		t.Fatalf("t = %d for %d", sum, n)
	}
	return int32((uint32(sum)+1<<31)*g.inv[j]) < int32(g.end[j])
}

// checkTrial compares the bitset of a number, and the model of the lanes, with division.
func checkTrial(t *testing.T, primes []uint32, groups []trialGroup, divs []uint64, lo, hi uint64) {
	t.Helper()
	for j := range 64 * len(divs) {
		var want bool
		if j < len(primes) {
			p := uint64(primes[j])
			want = (hi%p*(1<<32%p*(1<<32%p)%p)+lo%p)%p == 0
		}
		n := [2]uint64{lo, hi}
		if got := divs[j/64]>>(j%64)&1 == 1; got != want {
			t.Fatalf("bit %d of %v is %v", j, n, got)
		}
		if got := trialModel(t, &groups[j/8], j%8, n, true); got != want {
			t.Fatalf("wide model: bit %d of %v is %v", j, n, got)
		}
		if hi == 0 && trialModel(t, &groups[j/8], j%8, n, false) != want {
			t.Fatalf("model: bit %d of %v is not %v", j, n, want)
		}
	}
}

// checkTrials compares Divide and DivideWide for all numbers with division.
func checkTrials(t *testing.T, primes []uint32, words []uint64, wide [][2]uint64) {
	t.Helper()
	trial := NewTrial(primes)
	if got, want := trial.groups != nil, kernels.Active() >= kernels.AVX2 && len(primes) > 0; got != want {
		t.Fatalf("level %v: lanes %v", kernels.Active(), got)
	}
	groups, size := makeTrialGroups(primes, 8*trial.Words()), trial.Words()
	divs := make([]uint64, max(len(words), len(wide))*size+1)
	fill := func() {
		for i := range divs {
			divs[i] = 0xdead
		}
	}
	fill()
	trial.Divide(divs, words)
	for i, n := range words {
		checkTrial(t, primes, groups, divs[i*size:][:size], n, 0)
	}
	if divs[len(words)*size] != 0xdead {
		t.Error("Divide writes beyond the end")
	}
	fill()
	trial.DivideWide(divs, wide)
	for i, n := range wide {
		checkTrial(t, primes, groups, divs[i*size:][:size], n[0], n[1])
	}
	if divs[len(wide)*size] != 0xdead {
		t.Error("DivideWide writes beyond the end")
	}
}

// trialNumber returns a number > 0 of random size, a multiple of p in half of
// all cases.
func trialNumber(rnd *rand.Rand, p uint32) [2]uint64 {
	n := wideBig([2]uint64{rnd.Uint64(), rnd.Uint64()})
	n.Rsh(n, uint(rnd.IntN(128)))
	if rnd.IntN(2) == 0 {
		n.Sub(n, new(big.Int).Mod(n, big.NewInt(int64(p))))
	}
	if n.Sign() == 0 {
		n.SetUint64(uint64(p))
	}
	return wideWords(n)
}

func TestTrial(t *testing.T) {
	all := oddPrimes(mostTrial)
	kernelstest.Each(t, func(t *testing.T) {
		rnd := rand.New(rand.NewPCG(5, 5))
		for _, primes := range [][]uint32{nil, all[:1], all[:63], all[:64], all[:65], all[:192], all[mostTrial-70:]} {
			for _, count := range []int{0, 1, 2, 3, 4, 5, 35, 80} {
				wide, words := make([][2]uint64, count), make([]uint64, count)
				for i := range wide {
					wide[i] = trialNumber(rnd, all[rnd.IntN(200)])
					words[i] = max(wide[i][0], 1)
				}
				checkTrials(t, primes, words, wide)
			}
		}
	})
}

// trialExtremes returns, with neighbours and the nearest multiples of p, the powers of 2 and the numbers
// with extreme digits.
func trialExtremes(p uint32) (words []uint64, wide [][2]uint64) {
	put := func(b *big.Int) {
		if b.Sign() > 0 && b.BitLen() <= 128 {
			wide = append(wide, wideWords(b))
			words = append(words, max(wide[len(wide)-1][0], 1))
		}
	}
	for s := range 129 {
		power := new(big.Int).Lsh(big.NewInt(1), uint(s))
		multiple := new(big.Int).Sub(power, new(big.Int).Mod(power, big.NewInt(int64(p))))
		for d := int64(-1); d <= 1; d++ {
			put(new(big.Int).Add(power, big.NewInt(d)))
			put(new(big.Int).Add(multiple, big.NewInt(d)))
		}
	}
	for _, digit := range []uint64{0, 0x7fff, 0x8000, 0x8001, 0xffff, 1} {
		for _, other := range []uint64{0, 0x7fff, 0x8000, 0xffff} {
			w := digit<<48 | other<<32 | digit<<16 | other
			n := wideBig([2]uint64{w, w})
			for s := uint(0); s <= 32; s++ { // digits begin at bit 31
				put(new(big.Int).Rsh(n, s))
			}
		}
	}
	return words, wide
}

// TestTrialExtremes has the numbers that make t least and greatest, and the ends of all digits.
func TestTrialExtremes(t *testing.T) {
	all := oddPrimes(mostTrial)
	words, wide := trialExtremes(all[100])
	primes := append(append(all[:3:3], all[100]), all[mostTrial-4:]...)
	for _, p := range primes { // the digits are extreme and have the sign of c, or the other one
		var g trialGroup
		g.set(0, p)
		for _, flip := range []uint64{0, 1<<64 - 1} {
			n := new(big.Int)
			for i := 5; i >= 0; i-- {
				d := uint64(0xffff)
				if *g.pair(i/2, 0)>>(i%2*16)>>15&1 == 1 {
					d = 0
				}
				n.Or(n.Lsh(n, 16), new(big.Int).SetUint64((d^flip)&0xffff))
			}
			low := new(big.Int).SetUint64((flip ^ ^uint64(0)) & (1<<31 - 1))
			n.Or(n.Lsh(n, 31), low)
			for _, top := range []uint{0, 1} {
				w := wideWords(new(big.Int).SetBit(n, 127, top))
				wide, words = append(wide, w), append(words, max(w[0]&^(1<<63)|uint64(top)<<63, 1))
			}
		}
		for _, q := range all[:50] {
			words = append(words, uint64(p)*uint64(q), uint64(p)*uint64(p)*uint64(q), ^uint64(0)/uint64(p)*uint64(p))
		}
	}
	kernelstest.Each(t, func(t *testing.T) { checkTrials(t, primes, words, wide) })
}

func TestTrialPanics(t *testing.T) {
	for _, p := range []uint32{2, 8209} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("NewTrial takes %d", p)
				}
			}()
			NewTrial([]uint32{p})
		}()
	}
}

func FuzzTrial(f *testing.F) {
	f.Add(uint64(0), uint64(1))
	f.Add(^uint64(0), ^uint64(0))
	f.Add(uint64(8191*8179), uint64(0))
	f.Add(uint64(0x8000800080008000), uint64(0x7fff7fff7fff7fff))
	primes := oddPrimes(mostTrial)
	primes = append(primes[:100:100], primes[mostTrial-28:]...)
	f.Fuzz(func(t *testing.T, lo, hi uint64) {
		lo |= 1
		words, wide := make([]uint64, 8), make([][2]uint64, 8)
		for i := range wide {
			p := uint64(primes[(lo+uint64(i)*hi)%uint64(len(primes))])
			words[i] = max(lo/p*p>>i, 1)
			wide[i] = [2]uint64{lo * p, hi >> (8 * i)}
		}
		checkTrials(t, primes, words, wide)
	})
}

// BenchmarkTrial measures the time a number by level.
func BenchmarkTrial(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	words, wide := make([]uint64, 64), make([][2]uint64, 64)
	for i := range words {
		words[i] = rnd.Uint64() | 1
		wide[i] = [2]uint64{rnd.Uint64() | 1, rnd.Uint64()}
	}
	for _, level := range []kernels.Level{kernels.Plain, kernels.AVX2} {
		b.Run(level.String(), func(b *testing.B) {
			kernelstest.At(b, level)
			for _, count := range []int{64, 192, 1024} {
				t := NewTrial(oddPrimes(count))
				divs := make([]uint64, t.Words()*len(words))
				run := func(name string, f func()) {
					b.Run(fmt.Sprintf("%s/primes=%d", name, count), func(b *testing.B) {
						for i := 0; i < b.N; i += len(words) {
							f()
						}
					})
				}
				run("64", func() { t.Divide(divs, words) })
				run("128", func() { t.DivideWide(divs, wide) })
			}
		})
	}
}
