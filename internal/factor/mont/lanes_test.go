package mont

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// toBig returns the number that limbs of 52 bits are.
func (a laneNum) toBig() *big.Int {
	x := new(big.Int)
	for _, limb := range slices.Backward(a[:]) {
		x.Add(x.Lsh(x, 52), new(big.Int).SetUint64(limb))
	}
	return x
}

func wordsToBig(a [2]uint64) *big.Int {
	x := new(big.Int).SetUint64(a[1])
	return x.Add(x.Lsh(x, 64), new(big.Int).SetUint64(a[0]))
}

func bigToWords(x *big.Int) (a [2]uint64) {
	var b [16]byte
	x.FillBytes(b[:])
	for i, c := range b {
		a[1-i/8] = a[1-i/8]<<8 | uint64(c)
	}
	return a
}

// edgyModulus returns an odd number of 2 to size bits, often close to a power of 2 or
// with long runs of equal bits.
func edgyModulus(rnd *rand.Rand, size int) [2]uint64 {
	if rnd.IntN(2) == 0 {
		size = 2 + rnd.IntN(size-1)
	}
	x := new(big.Int).Lsh(big.NewInt(1), uint(size))
	switch rnd.IntN(4) {
	case 0:
		x.Sub(x, big.NewInt(1+2*int64(rnd.IntN(3))))
	case 1:
		x.Rsh(x, 1).Add(x, big.NewInt(1+2*int64(rnd.IntN(3))))
	case 2:
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(rnd.IntN(size)))).SetBit(x, 0, 1)
	default:
		x = randomBelow(rnd, x)
	}
	x.SetBit(x, 0, 1)
	if x.Cmp(big.NewInt(3)) < 0 || x.BitLen() > size {
		x.SetInt64(3)
	}
	return bigToWords(x)
}

// randomBelow returns a number in [0, n).
func randomBelow(rnd *rand.Rand, n *big.Int) *big.Int {
	b := make([]byte, 24)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	x := new(big.Int).SetBytes(b)
	return x.Mod(x, n)
}

// edgy returns a number in [0, bound), often close to an end.
func edgy(rnd *rand.Rand, bound *big.Int) *big.Int {
	x := big.NewInt(int64(rnd.IntN(3)))
	switch rnd.IntN(3) {
	case 0:
		x.Sub(bound, x.Add(x, one))
	case 1:
		x = randomBelow(rnd, bound)
	}
	return x.Mod(x, bound)
}

var one = big.NewInt(1)

// The memory of the machines here: numbers below firstPoint, then points, then
// sums and differences.
const (
	firstPoint = 12
	firstSum   = firstPoint + 4*PointSlots
	testSlots  = firstSum + 4
)

// pair returns two machines of the kind i, on assembly and not, with the same random
// moduli and memory.
func pair(rnd *rand.Rand, i int) (asm, generic *Lanes) {
	asm, generic = newLanes(i, testSlots, true), newLanes(i, testSlots, false)
	for lane := range asm.width {
		n := edgyModulus(rnd, kinds[i].bits)
		bound := new(big.Int).Lsh(wordsToBig(n), 1)
		if kinds[i].strict {
			bound = wordsToBig(n)
		}
		for _, l := range []*Lanes{asm, generic} {
			l.SetModulus(lane, n)
		}
		v := laneView{lane: lane0(asm), l: asm, i: lane}
		for s := range testSlots {
			x := edgy(rnd, bound)
			var a laneNum
			for j := range a {
				a[j] = new(big.Int).And(x, big.NewInt(limbMask)).Uint64()
				x.Rsh(x, 52)
			}
			v.set(s, a)
		}
	}
	copy(generic.mem, asm.mem)
	return asm, generic
}

func lane0(l *Lanes) lane { return lane{limbs: l.limbs, strict: l.strict} }

// randomInstruction returns one with operands of the right kinds.
func randomInstruction(rnd *rand.Rand) Instruction {
	point := func() int { return firstPoint + PointSlots*rnd.IntN(4) }
	number := func() int { return 3 + rnd.IntN(firstPoint-3) } // no product of Pairs
	sum := func() int { return firstSum + rnd.IntN(testSlots-firstSum) }
	switch rnd.IntN(6) {
	case 0:
		return PointAdd(point(), point(), point(), point())
	case 1:
		return PointDouble(point(), point())
	case 2:
		return Pairs(number(), number(), number(), number())
	case 3:
		// X, Z and what Pairs has made are for products, as sums are.
		factor := func() int {
			return [...]int{rnd.IntN(firstPoint), point() + rnd.IntN(2), sum()}[rnd.IntN(3)]
		}
		return Product(number(), factor(), factor())
	case 4:
		return Sum(sum(), number(), number())
	default:
		return Difference(sum(), number(), number())
	}
}

// randomProgram returns instructions that make the points and then do something.
func randomProgram(rnd *rand.Rand, size int) (code []Instruction) {
	for p := firstPoint; p < firstSum; p += PointSlots {
		code = append(code, MakePoint(p))
	}
	for range 1 + rnd.IntN(size) {
		code = append(code, randomInstruction(rnd))
	}
	return code
}

// TestLanesTwins compares the assembly with the generic code, limb for limb, on random
// programs.
func TestLanesTwins(t *testing.T) {
	if !Fast() {
		t.Skip("NOT TESTED: this machine has no AVX-512 IFMA, so there is nothing to hold the Go code against")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range kinds {
		t.Run(fmt.Sprint(kinds[i].bits), func(t *testing.T) {
			for range 200 {
				asm, generic := pair(rnd, i)
				code := randomProgram(rnd, 30)
				asm.Run(code)
				generic.Run(code)
				for lane := range asm.width {
					v, w := asm.view(lane), generic.view(lane)
					for s := range testSlots {
						if v.slot(s) != w.slot(s) {
							t.Fatalf("n=%v: slot %d differs: %x, generic %x", v.n.toBig(), s, v.slot(s), w.slot(s))
						}
					}
				}
			}
		})
	}
}

func (l *Lanes) view(i int) *laneView {
	v := &laneView{l: l, i: i, lane: lane0(l)}
	v.n = v.load(l.ctx)
	return v
}

// TestLanesGCDs checks both implementations with math/big.
func TestLanesGCDs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for i := range kinds {
		for range 50 {
			asm, generic := pair(rnd, i)
			if !asm.HasGCDs() {
				continue
			}
			for _, l := range []*Lanes{asm, generic} {
				l.Run([]Instruction{GCDs(4, 5)})
				for lane := range l.width {
					v := l.view(lane)
					n := v.n.toBig()
					want := new(big.Int).GCD(nil, nil, v.slot(5).toBig(), n)
					if v.slot(4).toBig().Cmp(want) != 0 {
						t.Fatalf("gcd(%v, %v) = %v", v.slot(5).toBig(), n, v.slot(4).toBig())
					}
				}
			}
		}
	}
}

// TestLanesConstants checks SetModulus, Set and Value.
func TestLanesConstants(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for i := range kinds {
		l := newLanes(i, testSlots, false)
		for range 500 {
			n := edgyModulus(rnd, kinds[i].bits)
			bn, lane := wordsToBig(n), rnd.IntN(l.width)
			l.SetModulus(lane, n)
			r := new(big.Int).Lsh(one, uint(52*l.limbs))
			r2 := new(big.Int).Mul(r, r)
			v := l.view(lane)
			if r.Mod(r, bn).Cmp(v.slot(SlotOne).toBig()) != 0 || r2.Mod(r2, bn).Cmp(v.slot(SlotR2).toBig()) != 0 {
				t.Fatalf("n=%v: the constants differ", bn)
			}
			if v.n.toBig().Cmp(bn) != 0 || !l.strict && v.load(l.ctx[l.limbs*l.width:]).toBig().Cmp(new(big.Int).Lsh(bn, 1)) != 0 {
				t.Fatalf("n=%v: n or 2n differs", bn)
			}
			a := edgy(rnd, bn)
			l.Set(8, lane, bigToWords(a))
			if got := wordsToBig(l.Value(8, lane)); got.Cmp(a) != 0 {
				t.Fatalf("n=%v: set %v, got %v", bn, a, got)
			}
			// n more is the same residue.
			v.set(8, v.normalise(v.lane.sumLimbs(v.slot(8), v.n)))
			if got := wordsToBig(l.Value(8, lane)); got.Cmp(a) != 0 {
				t.Fatalf("n=%v: set %v + n, got %v", bn, a, got)
			}
		}
	}
}

// sumLimbs returns a+b in raw limbs.
func (l *lane) sumLimbs(a, b laneNum) laneNum {
	for i := range a {
		a[i] += b[i]
	}
	return a
}

func FuzzLanes(f *testing.F) {
	f.Add(uint64(1<<48-1), uint64(0), uint64(1), uint8(0))
	f.Add(uint64(1<<52-1), uint64(0), uint64(2), uint8(1))
	f.Add(^uint64(0), uint64(1<<36-1), uint64(3), uint8(2))
	f.Add(^uint64(0), ^uint64(0), uint64(4), uint8(3))
	f.Fuzz(func(t *testing.T, n0, n1, seed uint64, which uint8) {
		i := int(which) % len(kinds)
		n := bigToWords(new(big.Int).SetBit(new(big.Int).And(wordsToBig([2]uint64{n0, n1}),
			new(big.Int).Sub(new(big.Int).Lsh(one, uint(kinds[i].bits)), one)), 0, 1))
		if n == [2]uint64{1} {
			return
		}
		rnd := rand.New(rand.NewPCG(seed, 0))
		asm, generic := pair(rnd, i)
		for lane := range asm.width {
			asm.SetModulus(lane, n)
			v := asm.view(lane)
			for s := range testSlots {
				v.set(s, v.reduce(v.slot(s)))
			}
		}
		copy(generic.ctx, asm.ctx)
		copy(generic.mem, asm.mem)
		code := randomProgram(rnd, 8)
		checkModels(t, []*Lanes{asm, generic}, code)
	})
}

// reduce returns a mod n.
func (v *laneView) reduce(a laneNum) (r laneNum) {
	x := a.toBig()
	x.Mod(x, v.n.toBig())
	for j := range r {
		r[j] = new(big.Int).And(x, big.NewInt(limbMask)).Uint64()
		x.Rsh(x, 52)
	}
	return r
}

// BenchmarkLanes measures instructions: the best time is of one for one lane.
func BenchmarkLanes(b *testing.B) {
	codes := map[string]func(i int) Instruction{
		"add":    func(i int) Instruction { return PointAdd(8+4*(i%3), 8+4*((i+1)%3), 8+4*((i+2)%3), 20) },
		"double": func(i int) Instruction { return PointDouble(8+4*(i%3), 8+4*((i+2)%3)) },
		"pairs":  func(i int) Instruction { return Pairs(8+i%8, 9, 10, 11) },
		"mul":    func(i int) Instruction { return Product(8+i%4, 8+i%4, 12) },
	}
	for i, k := range kinds {
		for _, name := range []string{"add", "double", "pairs", "mul"} {
			b.Run(fmt.Sprint(k.bits, name), func(b *testing.B) {
				l := newLanes(i, testSlots, Fast())
				code := make([]Instruction, 240)
				for j := range code {
					code[j] = codes[name](j)
				}
				best := time.Hour
				for b.Loop() {
					start := time.Now()
					l.Run(code)
					best = min(best, time.Since(start))
				}
				b.ReportMetric(float64(best.Nanoseconds())/float64(len(code)*l.width), "best-ns/lane")
			})
		}
	}
}
