package mont

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/kernels/kernelstest"
)

// quadModuli returns moduli at the ends of the ranges of all kernels, and others.
func quadModuli(rnd *rand.Rand) []*big.Int {
	one := big.NewInt(1)
	var ns []*big.Int
	last := 63
	for _, q := range quadKernels {
		size := q.bits*q.limbs - 4
		top := new(big.Int).Lsh(one, uint(size))
		limit := new(big.Int).Sub(top, new(big.Int).Rsh(top, 18)) // fits
		for _, n := range []*big.Int{
			new(big.Int).Sub(top, one), // does not
			limit, new(big.Int).Rsh(top, 1), new(big.Int).Rsh(top, 2), new(big.Int).Rsh(top, 3),
			new(big.Int).Lsh(one, uint(last+1)), randomBig(rnd, size), randomBig(rnd, last+2+rnd.IntN(size-last-1)),
		} {
			if n.SetBit(n, 0, 1); HasQuadLanes(n.BitLen()) {
				ns = append(ns, n)
			}
		}
		last = size
	}
	return ns
}

func TestQuadLanes(t *testing.T) {
	if kernels.Best() < kernels.AVX2 {
		t.Skip("NOT TESTED: this machine has no AVX2")
	}
	rnd := rand.New(rand.NewPCG(9, 9))
	l := new(QuadLanes)
	for range 3 {
		for _, n := range quadModuli(rnd) {
			testWideMachine(t, l, n, rnd, 100)
			checkQuadRanges(t, l)
		}
	}
}

// checkQuadRanges checks the ranges of what is in memory.
func checkQuadRanges(t *testing.T, l *QuadLanes) {
	t.Helper()
	n := new(big.Int)
	for i := l.limbs - 1; i >= 0; i-- {
		n.Lsh(n, uint(l.bits)).Add(n, new(big.Int).SetUint64(l.ctx[(2+i)*quadLaneWidth]))
	}
	x := new(big.Int).Rsh(n, 20)
	if x.Add(x, n).BitLen() > l.bits*l.limbs-4 {
		t.Fatalf("n=%v: %v is not below R/16*(1-2^-20)", l.w.N(), n)
	}
	for s := range wideSlots {
		most, limbs := int64(2), uint64(1)
		part := (s - widePoints) % PointSlots
		switch {
		case s == wideSums, s >= widePoints && s < wideProducts && part == 2:
			most, limbs = 4, 2
		case s == wideSums+1, s >= widePoints && s < wideProducts && part == 3:
			most, limbs = 4, 3
		}
		bound := new(big.Int).Mul(n, big.NewInt(most))
		for lane := range quadLaneWidth {
			for i := range l.limbs {
				if limb := l.mem[(s*l.limbs+i)*quadLaneWidth+lane]; limb >= limbs<<l.bits {
					t.Fatalf("n=%v: slot %d: limb %d is %#x", l.w.N(), s, i, limb)
				}
			}
			if l.value(x, s, lane); x.Cmp(bound) >= 0 {
				t.Fatalf("n=%v: slot %d: %v is not below %d * %v", l.w.N(), s, x, most, n)
			}
		}
	}
}

// BenchmarkQuadLanes measures what a product costs in a lane.
func BenchmarkQuadLanes(b *testing.B) {
	if kernels.Best() < kernels.AVX2 {
		b.Skip("no lanes")
	}
	kernelstest.At(b, kernels.AVX2)
	for _, q := range quadKernels {
		n := new(big.Int).Lsh(big.NewInt(1), uint(q.bits*q.limbs-5))
		n.Sub(n, big.NewInt(59))
		l := new(QuadLanes)
		l.Reset(NewWide(n), 400)
		for _, c := range []struct {
			name     string
			products int
			in       Instruction
		}{
			{"add", 6, PointAdd(8, 8, 12, 16)}, {"double", 5, PointDouble(8, 8)}, {"pairs", 2, TwoPairs(0, 12, 16, 20)}, {"product", 1, Product(8, 8, 12)},
		} {
			code := make([]Instruction, 128)
			for i := range code {
				code[i] = c.in
			}
			b.Run(fmt.Sprintf("%d/%s", q.limbs, c.name), func(b *testing.B) {
				for b.Loop() {
					l.Run(code)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(code)*c.products*quadLaneWidth), "ns/mul")
			})
		}
	}
}
