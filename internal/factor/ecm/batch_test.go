package ecm

import (
	"errors"
	"flag"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
)

// semiprimes returns products of two primes of half the size, of exactly size bits.
func semiprimes(size, count int) []Number {
	rnd := rand.New(rand.NewPCG(uint64(size), 7))
	half := func(bits int) *big.Int {
		for {
			if p := rnd.Uint64()>>(64-bits) | 1<<(bits-1) | 1; prime.IsPrime(p) {
				return new(big.Int).SetUint64(p)
			}
		}
	}
	var ns []Number
	for len(ns) < count {
		n := half(size / 2)
		if n.Mul(n, half(size-size/2)); n.BitLen() == size {
			lo := new(big.Int).And(n, new(big.Int).SetUint64(1<<64-1))
			ns = append(ns, Number{lo.Uint64(), new(big.Int).Rsh(n, 64).Uint64()})
		}
	}
	return ns
}

// A splitting is the result of Split for a number.
type splitting struct {
	d      Number
	method string
}

// splitAll returns the results of Split for ns, and checks every divisor.
func splitAll(t *testing.T, b *Batch, ns []Number, seed uint64) []splitting {
	t.Helper()
	out := make([]splitting, len(ns))
	err := b.Split(ns, seed, always, func(i int, d Number, method string) {
		n, bd := toBig(ns[i]), toBig(d)
		if bd.Cmp(one) <= 0 || bd.Cmp(n) >= 0 || new(big.Int).Mod(n, bd).Sign() != 0 {
			t.Errorf("%v is no proper divisor of %v", bd, n)
		}
		if out[i] != (splitting{}) {
			t.Errorf("%v is reported twice", n)
		}
		out[i] = splitting{d, method}
	})
	if err != nil {
		t.Error(err)
	}
	return out
}

func toBig(n Number) *big.Int {
	x := new(big.Int).SetUint64(n[1])
	return x.Add(x.Lsh(x, 64), new(big.Int).SetUint64(n[0]))
}

// TestSplit splits numbers of all sizes, and the same in another order, one by one and
// by scalar arithmetic, at every level.
func TestSplit(t *testing.T) {
	kernelstest.Each(t, testSplit)
}

func testSplit(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 8))
	var ns []Number
	for size := 24; size <= 100; size += 2 {
		if !kernelstest.Short() || size <= 80 || size%10 == 0 {
			ns = append(ns, semiprimes(size, 6)...)
		}
	}
	var b Batch
	out := splitAll(t, &b, ns, 5)
	for i, n := range ns {
		if taken := bitLen(n) <= max(64, mont.LaneBits()); taken == (out[i].d == (Number{})) {
			t.Errorf("%v: %v, taken: %v", toBig(n), out[i], taken)
		}
		if alone := splitAll(t, &b, []Number{n}, 5); alone[0] != out[i] {
			t.Errorf("%v: %v, alone %v", toBig(n), out[i], alone[0])
		}
		if n[1] != 0 {
			continue
		}
		d, method, err := b.SplitWord(n[0], 5, always)
		if d != out[i].d[0] || method != out[i].method || err != nil {
			t.Errorf("%v: %v, scalar %d, %q", n[0], out[i], d, method)
		}
	}
	for i, s := range splitAll(t, &Batch{forceWords: true}, ns, 5) {
		if ns[i][1] == 0 && s != out[i] || ns[i][1] != 0 && s != (splitting{}) {
			t.Errorf("%v: %v, without lanes %v", toBig(ns[i]), out[i], s)
		}
	}
	perm := rnd.Perm(len(ns))
	shuffled := make([]Number, len(ns))
	for i, j := range perm {
		shuffled[i] = ns[j]
	}
	for i, s := range splitAll(t, new(Batch), shuffled, 5) {
		if s != out[perm[i]] {
			t.Errorf("%v: %v, in another order %v", toBig(shuffled[i]), out[perm[i]], s)
		}
	}
}

// TestSplitSame checks that the answer does not depend on the level.
func TestSplitSame(t *testing.T) {
	var ns []Number
	for size := 24; size <= 96; size++ {
		ns = append(ns, semiprimes(size, 2)...)
	}
	var want []splitting
	for l := kernels.Best(); l >= kernels.Plain; l-- {
		kernelstest.At(t, l)
		out := splitAll(t, new(Batch), ns, 3)
		if want == nil {
			want = out
		}
		for i := range out {
			if bitLen(ns[i]) <= BatchBits() && out[i] != want[i] {
				t.Errorf("%v at level %v: %v, want %v", toBig(ns[i]), l, out[i], want[i])
			}
		}
	}
}

// TestSplitLevels checks that a Batch follows the level in force.
func TestSplitLevels(t *testing.T) {
	ns := semiprimes(98, 2) // above the lanes of AVX2
	b := new(Batch)
	kernelstest.Each(t, func(t *testing.T) {
		for _, s := range splitAll(t, b, ns, 0) {
			if split := s != (splitting{}); split != (BatchBits() >= 98) {
				t.Errorf("98 bits: split %v, numbers up to %d bits", split, BatchBits())
			}
		}
		splitAll(t, b, semiprimes(60, 3), 0)
	})
}

// TestGroups checks that the groups of a level divide the sizes, each within a class and a kind of machine.
func TestGroups(t *testing.T) {
	kernelstest.Each(t, func(t *testing.T) {
		size := 1
		words := mont.LaneBits() == 0
		for _, g := range makeGroups(words) {
			if classOf(size) != g.class || classOf(g.bits) != g.class || g.bits < size {
				t.Errorf("from %d bits on: %+v", size, g)
			}
			if kind, _ := mont.LaneKind(g.bits); !words && kind != g.kind {
				t.Errorf("%+v: machine %d", g, kind)
			}
			size = g.bits + 1
		}
		if size != BatchBits()+1 {
			t.Errorf("groups up to %d bits, not %d", size-1, BatchBits())
		}
	})
}

var manyCount = flag.Int("many", 0, "split so many semiprimes of 27 to 44 bits, and fewer of each size up to 96")

// TestSplitMany splits many semiprimes of each size at every level:
//
//	go test ./internal/factor/ecm -run SplitMany -v -many 20000
func TestSplitMany(t *testing.T) {
	if *manyCount == 0 {
		t.Skip("takes minutes: -many 20000")
	}
	kernelstest.Each(t, func(t *testing.T) {
		var b Batch
		for size := 27; size <= BatchBits() && size <= 96; size++ {
			ns := semiprimes(size, max(100, *manyCount>>(max(0, size-44)/4)))
			for i, s := range splitAll(t, &b, ns, 1) {
				if s == (splitting{}) {
					t.Errorf("%v is not split", toBig(ns[i]))
				}
			}
		}
	})
}

// TestSplitWords splits short lists of words, in which lanes are idle or a number is the last one, and
// long ones whose sizes are around the ends of the kernels' ranges, without mont.Lanes.
func TestSplitWords(t *testing.T) {
	var all []Number
	for _, size := range []int{27, 40, 59, 60, 61, 62, 63, 64} {
		all = append(all, semiprimes(size, 9)...)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	b := Batch{forceWords: true}
	for count := 0; count < len(all); count += 1 + count/7 {
		ns := all[:count]
		for i, s := range splitAll(t, &b, ns, 9) {
			if d, method, err := b.SplitWord(ns[i][0], 9, always); s != (splitting{Number{d}, method}) || err != nil || d == 0 {
				t.Errorf("%d of %d numbers: %v: %v, alone %d, %q", i, count, ns[i][0], s, d, method)
			}
		}
	}
}

// TestSplitOdd has numbers that no curve can split, and numbers that Split does not take.
func TestSplitOdd(t *testing.T) {
	ns := []Number{{}, {1}, {2}, {3}, {4}, {5}, {7}, {9}, {15}, {25}, {27}, {35}, {49}, {6}, {1 << 40}, {0, 1}, {0, 1 << 63},
		{1<<61 - 1}, {^uint64(58)}, {4294967291 * 4294967291}, {15, 0}, {2047}, {561}, {3 * 5 * 7 * 11 * 13 * 17}, {1<<31 - 1}}
	var b Batch
	for i, s := range splitAll(t, &b, ns, 0) {
		if n := ns[i]; s != (splitting{}) && (n[0]&1 == 0 || prime.IsPrime(n[0])) {
			t.Errorf("%v: %v", n, s)
		}
	}
	for i, s := range splitAll(t, &Batch{forceWords: true}, ns, 0) {
		if n := ns[i]; s != (splitting{}) && (n[1] != 0 || n[0]&1 == 0 || prime.IsPrime(n[0])) {
			t.Errorf("without lanes, %v: %v", n, s)
		}
	}
	for _, n := range ns {
		if d, _, _ := b.SplitWord(n[0], 0, always); d != 0 && (d == 1 || d >= n[0] || n[0]%d != 0) {
			t.Errorf("%v: %v is no proper divisor", n, d)
		}
	}
}

// TestSplitStops checks that the error of check ends the work.
func TestSplitStops(t *testing.T) {
	stop := errors.New("stop")
	var b Batch
	for calls := range 5 {
		left := calls
		err := b.Split(semiprimes(64, 50), 0, func() error {
			if left--; left < 0 {
				return stop
			}
			return nil
		}, func(int, Number, string) {})
		if err != stop {
			t.Errorf("after %d calls: %v", calls, err)
		}
	}
	splitAll(t, &b, semiprimes(64, 50), 0) // what is left over does no harm
}

// TestSplitMemory checks that Split allocates nothing for a number.
func TestSplitMemory(t *testing.T) {
	ns := append(append(semiprimes(40, 100), semiprimes(64, 50)...), semiprimes(58, 20)...)
	kernelstest.Each(t, func(t *testing.T) {
		var b Batch
		found := func(int, Number, string) {}
		if a := testing.AllocsPerRun(3, func() { b.Split(ns, 0, always, found) }); a != 0 {
			t.Errorf("%v allocations", a)
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add(uint64(1<<40+1), uint64(0), uint64(0))
	f.Add(^uint64(0), uint64(0), uint64(1))
	f.Add(^uint64(0), uint64(1), uint64(2))
	var b Batch
	f.Fuzz(func(t *testing.T, n0, n1, seed uint64) {
		n := Number{n0 | 1, n1 & 0xff} // up to 72 bits: more would take long
		out := splitAll(t, &b, []Number{n, {n0 | 1}, n}, seed)
		if out[0] != out[2] || n[1] == 0 && out[0] != out[1] {
			t.Errorf("%v: differs beside others", n)
		}
	})
}

func FuzzGCD(f *testing.F) {
	f.Add(uint64(0), uint64(0), uint64(1), uint64(1))
	f.Add(uint64(0), uint64(1)<<63, ^uint64(0), ^uint64(0))
	f.Add(uint64(15), uint64(0), ^uint64(0), uint64(0))
	f.Fuzz(func(t *testing.T, a0, a1, n0, n1 uint64) {
		a, n := Number{a0, a1}, Number{n0 | 1, n1}
		if got, want := toBig(gcd(a, n)), new(big.Int).GCD(nil, nil, toBig(a), toBig(n)); got.Cmp(want) != 0 {
			t.Errorf("gcd(%v, %v) = %v, want %v", toBig(a), toBig(n), got, want)
		}
	})
}

func BenchmarkLanes(b *testing.B) {
	for _, size := range []int{36, 40, 44, 48, 52, 56, 60, 62, 64, 72, 80, 88, 96, 104, 112, 120, 128} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			ns := semiprimes(size, min(20000, max(200, 40000>>(max(0, size-52)/7))))
			var batch Batch
			split := 0
			found := func(int, Number, string) { split++ }
			batch.Split(ns[:1], 0, always, found)
			b.ReportAllocs()
			b.ResetTimer()
			start := cpuTime()
			total, lost := 0, 0
			for total < b.N {
				part := ns[:min(len(ns), max(200, b.N-total))]
				split = 0
				batch.Split(part, 0, always, found)
				total += len(part)
				lost += len(part) - split
			}
			b.ReportMetric(float64((cpuTime()-start).Nanoseconds())/float64(total), "cpu-ns/number")
			b.ReportMetric(float64(lost), "lost")
		})
	}
}

func BenchmarkSplitWord(b *testing.B) {
	for _, size := range []int{40, 48, 52, 56, 60, 64} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			ns := semiprimes(size, 1000)
			var batch Batch
			b.ReportAllocs()
			i, start := 0, cpuTime()
			for b.Loop() {
				batch.SplitWord(ns[i%len(ns)][0], 0, always)
				i++
			}
			b.ReportMetric(float64((cpuTime()-start).Nanoseconds())/float64(i), "cpu-ns/number")
		})
	}
}

// BenchmarkFindWord64 measures FindWord, for comparison with SplitWord.
func BenchmarkFindWord64(b *testing.B) {
	ns := semiprimes(64, 1000)
	plan := NewWordPlan(230, 8000)
	i, start := 0, cpuTime()
	for b.Loop() {
		n := ns[i%len(ns)][0]
		for curve := uint64(0); FindWord(n, plan, Sigma(0, curve)) == 0; curve++ {
		}
		i++
	}
	b.ReportMetric(float64((cpuTime()-start).Nanoseconds())/float64(i), "cpu-ns/number")
}
