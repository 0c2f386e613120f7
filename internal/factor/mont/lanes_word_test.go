package mont

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
)

// wordModuli are moduli at the ends of the ranges of the kernels.
var wordModuli = []uint64{3, 5, 1<<20 + 7, 1<<59 + 1, 1<<60 - 1, 1<<60 + 1, 1<<61 - 1, 1<<61 + 1, 1<<62 - 1, 1<<62 + 1, 1<<63 - 1, 1<<63 + 1, 1<<64 - 1}

// wordRanges returns the bounds of products, and of sums and differences, as multiples of n, for the
// largest modulus n: see gen/word.go.
func wordRanges(n uint64) (product, sum int64) {
	switch {
	case n < 1<<60:
		return 2, 4
	case n < 1<<62:
		return 2, 2
	}
	return 1, 1
}

// checkWords runs the program with these moduli and compares each slot with math/big, and with the range
// that it must be in.
func checkWords[S wordSlot](t *testing.T, w *Words[S], rnd *rand.Rand, ns []uint64, code []Instruction) {
	t.Helper()
	largest := uint64(0)
	for _, n := range ns {
		largest = max(largest, n)
	}
	product, sum := wordRanges(largest)
	models := make([]*model, len(ns))
	for lane, n := range ns {
		w.SetModulus(lane, [2]uint64{n})
		bn := new(big.Int).SetUint64(n)
		models[lane] = newModel(bn, 64, func(s int) *big.Int {
			x := edgy(rnd, new(big.Int).Mul(bn, big.NewInt(product)))
			w.mem[s][lane] = x.Uint64()
			return x
		})
	}
	w.Run(code)
	for lane, m := range models {
		for _, in := range code {
			m.step(in)
		}
		for s, want := range m.slots {
			limit := product
			if s >= firstSum || s >= firstPoint && (s-firstPoint)%PointSlots > 1 {
				limit = sum
			}
			x := new(big.Int).SetUint64(w.mem[s][lane])
			if x.Cmp(new(big.Int).Mul(m.n, big.NewInt(limit))) >= 0 {
				t.Fatalf("n=%v of %d: slot %d is out of range: %v", m.n, ns, s, x)
			}
			if x.Mod(x, m.n).Cmp(want) != 0 {
				t.Fatalf("n=%v of %d: slot %d is %v, want %v", m.n, ns, s, x, want)
			}
		}
	}
}

// TestWords runs random programs with all pairs of moduli at the ends of the ranges, and
// with random ones.
func TestWords(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	one, two := NewWordMachine(), NewWordLanes()
	rounds := 300
	if testing.Short() {
		rounds = 30
	}
	for _, n := range wordModuli {
		for range rounds / 15 {
			checkWords(t, one, rnd, []uint64{n}, randomProgram(rnd, 40))
		}
		for _, m := range wordModuli {
			checkWords(t, two, rnd, []uint64{n, m}, randomProgram(rnd, 40))
		}
	}
	for range rounds {
		size := 58 + rnd.IntN(7)
		n, m := edgyModulus(rnd, size), edgyModulus(rnd, size)
		checkWords(t, two, rnd, []uint64{n[0], m[0]}, randomProgram(rnd, 40))
	}
}

// TestWordsRepeat runs one instruction many times from the largest residues, so that a range
// that grows leaves its bound.
func TestWordsRepeat(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6, 6))
	const p, q, d = firstPoint, firstPoint + PointSlots, firstPoint + 2*PointSlots
	for name, step := range map[string][]Instruction{
		"additions": {PointAdd(d, p, q, d), PointAdd(p, q, d, p), PointAdd(q, d, p, q)},
		"doublings": {PointDouble(p, p), PointDouble(q, q)},
		"pairs":     {Pairs(p, q, q+1, p+1)},
		"products":  {Sum(firstSum, p, q), Difference(firstSum+1, p, q), Product(p, firstSum, firstSum+1), Product(q, firstSum, firstSum)},
	} {
		t.Run(name, func(t *testing.T) {
			code := []Instruction{MakePoint(p), MakePoint(q), MakePoint(d), MakePoint(d + PointSlots)}
			for range 40 {
				code = append(code, step...)
			}
			for i, n := range wordModuli {
				checkWords(t, NewWordLanes(), rnd, []uint64{n, wordModuli[max(i-1, 0)]}, code)
			}
		})
	}
}

// TestWordsGCDs checks GCDs with math/big, in residues that are 0 or n too.
func TestWordsGCDs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	w := NewWordLanes()
	for range 2000 {
		var want [2]uint64
		for lane := range want {
			g := 1 + uint64(rnd.IntN(1000))*2
			n := g * (3 + 2*(rnd.Uint64()>>(12+rnd.IntN(45))))
			a := g * (rnd.Uint64() >> (12 + rnd.IntN(52)))
			if rnd.IntN(10) == 0 {
				a = n
			}
			w.SetModulus(lane, [2]uint64{n})
			w.mem[FirstSlot][lane] = a
			want[lane] = new(big.Int).GCD(nil, nil, new(big.Int).SetUint64(a), new(big.Int).SetUint64(n)).Uint64()
		}
		w.Run([]Instruction{GCDs(FirstSlot+1, FirstSlot)})
		if got := w.mem[FirstSlot+1]; got != want {
			t.Fatalf("gcds of %d and %d are %d, want %d", w.mem[FirstSlot], w.n, got, want)
		}
	}
}

// TestWordsTake continues in another machine, whose other lane has a modulus of another range.
func TestWordsTake(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 7))
	const p = firstPoint
	code := []Instruction{PointDouble(p, p), PointAdd(p, p, p, p)}
	from, to := NewWordLanes(), NewWordLanes()
	for _, n := range wordModuli {
		for _, m := range wordModuli {
			from.SetModulus(0, [2]uint64{m})
			from.SetModulus(1, [2]uint64{n})
			to.SetModulus(1, [2]uint64{m})
			for s := range testSlots {
				from.Set(s, 0, [2]uint64{1})
				from.Set(s, 1, bigToWords(edgy(rnd, new(big.Int).SetUint64(n))))
				to.Set(s, 1, [2]uint64{1})
			}
			from.Run([]Instruction{MakePoint(p), PointDouble(p, p)})
			to.Take(0, from, 1, p)
			if x, z := to.mem[p][0], to.mem[p+1][0]; x >= n || z >= n {
				t.Fatalf("n=%d beside %d: %d and %d are not in the range of all kernels", n, m, x, z)
			}
			from.Run(code)
			to.Run(append([]Instruction{MakePoint(p)}, code...))
			for s := p; s < p+2; s++ {
				if got, want := to.Value(s, 0), from.Value(s, 1); got != want {
					t.Fatalf("n=%d beside %d: slot %d is %d, want %d", n, m, s, got, want)
				}
			}
		}
	}
}

// BenchmarkWords measures a point addition for each size of modulus, in time a product.
func BenchmarkWords(b *testing.B) {
	code := make([]Instruction, 0, 1000)
	for i := range cap(code) {
		p := func(k int) int { return firstPoint + (i+k)%4*PointSlots }
		code = append(code, PointAdd(p(3), p(2), p(1), p(0)))
	}
	for _, size := range []int{60, 62, 64} {
		benchmarkWords(b, fmt.Sprint(size, "/one"), NewWordMachine(), size, code)
		benchmarkWords(b, fmt.Sprint(size, "/two"), NewWordLanes(), size, code)
	}
}

func benchmarkWords[S wordSlot](b *testing.B, name string, w *Words[S], size int, code []Instruction) {
	b.Run(name, func(b *testing.B) {
		for lane := range w.Width() {
			w.SetModulus(lane, [2]uint64{^uint64(0)>>(64-size) - uint64(lane)*2})
			for s := range testSlots {
				w.Set(s, lane, [2]uint64{uint64(s+1) << (size - 8)})
			}
		}
		for b.Loop() {
			w.Run(code)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(code)*w.Width()*code[0].Products()), "ns/product")
	})
}
