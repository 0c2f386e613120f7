package mont

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/testsize"
)

// wideModuli returns moduli for each number of limbs: the largest, the least, and others.
func wideModuli(rnd *rand.Rand) []*big.Int {
	one := big.NewInt(1)
	var ns []*big.Int
	for limbs := minWideLimbs; limbs <= maxWideLimbs; limbs++ {
		size := uint(52*limbs - wideLaneSlack)
		top := new(big.Int).Lsh(one, size)
		least := new(big.Int).Lsh(one, size-52)
		ns = append(ns, new(big.Int).Sub(top, one), new(big.Int).Sub(top, big.NewInt(59)), new(big.Int).Add(least, one))
		for range 5 {
			ns = append(ns, randomBig(rnd, int(size)-rnd.IntN(52)))
		}
	}
	// Fewer limbs than there are.
	return append(ns, new(big.Int).SetBit(big.NewInt(13), 64, 1), new(big.Int).SetBit(big.NewInt(51), 128, 1))
}

// randomBig returns an odd number of the size, of words that are edges now and then.
func randomBig(rnd *rand.Rand, size int) *big.Int {
	w := make([]uint64, (size+63)/64)
	for i := range w {
		w[i] = edgeWord(rnd)
	}
	n := bigOf(w)
	n.SetBit(n, size-1, 1).SetBit(n, 0, 1)
	return n.And(n, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(size)), big.NewInt(1)))
}

// A wideModel is a machine over math/big.
type wideModel struct {
	n   *big.Int
	mem []*big.Int
}

func (m *wideModel) op(f func(z, x, y *big.Int) *big.Int, x, y *big.Int) *big.Int {
	z := f(new(big.Int), x, y)
	return z.Mod(z, m.n)
}

func (m *wideModel) mul(x, y *big.Int) *big.Int { return m.op((*big.Int).Mul, x, y) }
func (m *wideModel) add(x, y *big.Int) *big.Int { return m.op((*big.Int).Add, x, y) }
func (m *wideModel) sub(x, y *big.Int) *big.Int { return m.op((*big.Int).Sub, x, y) }

func (m *wideModel) run(in Instruction) {
	op, s := in.split()
	at := func(i int) *big.Int { return m.mem[i] }
	switch op {
	case opAdd:
		px, pz, qx, qz, dx, dz := at(s[1]), at(s[1]+1), at(s[2]), at(s[2]+1), at(s[3]), at(s[3]+1)
		u, v := m.mul(m.sub(px, pz), m.add(qx, qz)), m.mul(m.add(px, pz), m.sub(qx, qz))
		a, b := m.add(u, v), m.sub(u, v)
		m.mem[s[0]], m.mem[s[0]+1] = m.mul(m.mul(a, a), dz), m.mul(m.mul(b, b), dx)
	case opDouble:
		px, pz := at(s[1]), at(s[1]+1)
		a, b := m.add(px, pz), m.sub(px, pz)
		a, b = m.mul(a, a), m.mul(b, b)
		t := m.sub(a, b)
		m.mem[s[0]], m.mem[s[0]+1] = m.mul(a, b), m.mul(t, m.add(b, m.mul(at(SlotNum), t)))
	case opTwoPairs:
		for i, b := range s[2:] {
			m.mem[s[0]+i] = m.mul(at(s[0]+i), m.sub(at(s[1]), at(b)))
		}
	case opMul:
		m.mem[s[0]] = m.mul(at(s[1]), at(s[2]))
	case opSum:
		m.mem[s[0]] = m.add(at(s[1]), at(s[2]))
	case opDiff:
		m.mem[s[0]] = m.sub(at(s[1]), at(s[2]))
	}
}

// The slots of a test: points, products, and sums and differences by themselves.
const (
	widePoints   = FirstSlot
	wideProducts = widePoints + 6*PointSlots
	wideSums     = wideProducts + 4
	wideSlots    = wideSums + 2
)

// wideProgram returns a program of count instructions, whose operands are within the ranges.
func wideProgram(rnd *rand.Rand, count int) []Instruction {
	point := func() int { return widePoints + PointSlots*rnd.IntN(6) }
	product := func() int { return wideProducts + rnd.IntN(4) }
	var code []Instruction
	for range 6 {
		code = append(code, MakePoint(widePoints+PointSlots*len(code)))
	}
	for range count {
		switch rnd.IntN(8) {
		case 0, 1:
			code = append(code, PointAdd(point(), point(), point(), point()))
		case 2:
			code = append(code, PointDouble(point(), point()))
		case 3:
			code = append(code, TwoPairs(rnd.IntN(2), product(), product(), product()))
		case 4:
			code = append(code, Product(product(), product(), product()))
		case 5: // of a point for products only
			code = append(code, Product(product(), point()+rnd.IntN(2), wideSums+rnd.IntN(2)))
		case 6:
			code = append(code, Sum(wideSums, product(), product()), Product(product(), wideSums, product()))
		case 7:
			code = append(code, Difference(wideSums+1, product(), product()), Product(product(), wideSums, wideSums+1))
		}
	}
	return code
}

// A wideTester is what WideLanes, QuadLanes and WideMachine have in common.
type wideTester interface {
	Reset(w *Wide, slots int)
	Width() int
	Set(slot, lane int, x Element)
	Get(z Element, slot, lane int)
	Run(code []Instruction)
}

// testWideMachine compares a machine with the model, modulo n.
func testWideMachine(t *testing.T, m wideTester, n *big.Int, rnd *rand.Rand, count int) {
	t.Helper()
	w := NewWide(n)
	m.Reset(w, wideSlots)
	models := make([]wideModel, m.Width())
	x := w.New()
	for lane := range models {
		models[lane] = wideModel{n, make([]*big.Int, wideSlots)}
		for s := range wideSlots {
			a := randomBig(rnd, 1+rnd.IntN(n.BitLen()))
			switch rnd.IntN(12) {
			case 0:
				a.SetInt64(0)
			case 1:
				a.SetInt64(1)
			case 2, 3:
				a.Sub(n, big.NewInt(int64(rnd.IntN(2))))
			}
			if s == SlotOne {
				a.SetInt64(1)
			}
			a.Mod(a, n)
			// As they are and not as forms, edges are edges.
			w.words(x, a)
			if s == SlotOne {
				copy(x, w.one)
			}
			models[lane].mem[s] = w.Value(new(big.Int), x)
			m.Set(s, lane, x)
		}
	}
	code := wideProgram(rnd, count)
	m.Run(code)
	for lane := range models {
		for _, in := range code {
			models[lane].run(in)
		}
		for s := range wideSlots {
			if s == SlotNum+1 || s >= widePoints && s < wideProducts && (s-widePoints)%PointSlots > 1 {
				continue // not there, or not the same in all machines
			}
			m.Get(x, s, lane)
			if got := w.Value(new(big.Int), x); got.Cmp(models[lane].mem[s]) != 0 {
				t.Fatalf("n=%v: lane %d, slot %d: %v, want %v", n, lane, s, got, models[lane].mem[s])
			}
		}
	}
}

// machineModuli returns moduli at the ends of the ranges of WideMachine for each number of words.
func machineModuli() (ns []*big.Int) {
	one := big.NewInt(1)
	for k := uint(1); k <= 18; k++ {
		for _, size := range []uint{64*k - 4, 64*k - 1, 64 * k} {
			top := new(big.Int).Lsh(one, size)
			ns = append(ns, new(big.Int).Sub(top, one), new(big.Int).Add(top, one))
		}
	}
	return ns
}

func TestWideMachine(t *testing.T) {
	kernelstest.Each(t, func(t *testing.T) {
		rnd := rand.New(rand.NewPCG(8, 8))
		m := new(WideMachine)
		for _, n := range append(wideModuli(rnd), machineModuli()...) {
			testWideMachine(t, m, n, rnd, 100)
		}
	})
}

func TestWideLanes(t *testing.T) {
	if !kernels.HasIFMA() {
		t.Skip("NOT TESTED: this machine has no AVX-512 IFMA, so the Go code is not compared with it")
	}
	rnd := rand.New(rand.NewPCG(9, 9))
	l := new(WideLanes)
	for range testsize.Of(8, 3) {
		for _, n := range wideModuli(rnd) {
			testWideMachine(t, l, n, rnd, 100)
			checkWideRanges(t, l)
		}
	}
}

// checkWideRanges checks the ranges of what is in memory: limbs, and multiples of n.
func checkWideRanges(t *testing.T, l *WideLanes) {
	t.Helper()
	for s := range wideSlots {
		most, normal := int64(2), true
		switch {
		case s < 3:
			most, normal = 4, false
		case s >= wideSums:
			most = 4
		case s >= widePoints && s < wideProducts:
			part := (s - widePoints) % PointSlots
			most, normal = [...]int64{4, 2, 6, 4}[part], part > 1
		}
		bound := new(big.Int).Mul(l.w.N(), big.NewInt(most))
		for lane := range WideLaneWidth {
			from := l.mem[s*l.limbs*WideLaneWidth+lane:]
			for i := range l.limbs {
				if limb := from[i*WideLaneWidth]; limb>>52 != 0 && normal {
					t.Fatalf("n=%v: slot %d: limb %d is %#x", l.w.N(), s, i, limb)
				}
			}
			if l.join(from); bigOf(l.t).Cmp(bound) >= 0 {
				t.Fatalf("n=%v: slot %d: %v is not below %dn", l.w.N(), s, bigOf(l.t), most)
			}
		}
	}
}

func FuzzWideLanes(f *testing.F) {
	f.Add([]byte{7}, uint64(1))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), uint64(2))
	f.Fuzz(func(t *testing.T, n []byte, seed uint64) {
		m := new(big.Int).SetBytes(n)
		if m.SetBit(m, 0, 1); m.BitLen() < 2 || m.BitLen() > maxWideLaneBits {
			return
		}
		testWideMachine(t, new(WideMachine), m, rand.New(rand.NewPCG(seed, 1)), 50)
		if HasWideLanes(m.BitLen()) {
			l := new(WideLanes)
			testWideMachine(t, l, m, rand.New(rand.NewPCG(seed, 1)), 50)
			checkWideRanges(t, l)
		}
		if HasQuadLanes(m.BitLen()) {
			l := new(QuadLanes)
			testWideMachine(t, l, m, rand.New(rand.NewPCG(seed, 1)), 50)
			checkQuadRanges(t, l)
		}
	})
}

// BenchmarkWideLanes measures what a product costs in a lane.
func BenchmarkWideLanes(b *testing.B) {
	if !kernels.HasIFMA() {
		b.Skip("no lanes")
	}
	for limbs := minWideLimbs; limbs <= maxWideLimbs; limbs++ {
		if limbs > maxPairLimbs && limbs%2 == 1 {
			continue
		}
		n := new(big.Int).Lsh(big.NewInt(1), uint(52*limbs-wideLaneSlack))
		n.Sub(n, big.NewInt(59))
		l := new(WideLanes)
		l.Reset(NewWide(n), 400)
		for _, c := range []struct {
			name string
			in   Instruction
		}{
			{"add", PointAdd(8, 8, 12, 16)}, {"double", PointDouble(8, 8)}, {"pairs", TwoPairs(0, 12, 16, 20)}, {"product", Product(8, 8, 12)},
		} {
			code := make([]Instruction, 128)
			for i := range code {
				code[i] = c.in
			}
			products := max(1, c.in.Products())
			if c.name == "double" {
				products = 5
			}
			b.Run(fmt.Sprintf("%d/%s", limbs, c.name), func(b *testing.B) {
				for b.Loop() {
					l.Run(code)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(code)*products*WideLaneWidth), "ns/mul")
			})
		}
	}
}
