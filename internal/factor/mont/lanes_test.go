package mont

import (
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/testsize"
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

// allKinds are the kinds of all levels, by name.
func allKinds() map[string]*kind {
	all := make(map[string]*kind)
	for i := range ifmaKinds {
		if ifmaKinds[i].form == nil {
			all[fmt.Sprint("ifma", ifmaKinds[i].bits)] = &ifmaKinds[i]
		}
	}
	for i := range avxKinds {
		all[fmt.Sprint("avx", avxKinds[i].bits)] = &avxKinds[i]
	}
	return all
}

// eachKind runs a subtest for each kind.
func eachKind(t *testing.T, f func(t *testing.T, k *kind)) {
	all := allKinds()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) { f(t, all[name]) })
	}
}

// hasAssembly reports whether the level in force has the kernel.
func (k *kind) hasAssembly() bool {
	if k.form != nil {
		return kernels.Active() >= kernels.AVX2
	}
	return kernels.HasIFMA()
}

// pair returns two machines of a kind, on assembly if there is some and not, with the same random
// moduli and memory.
func pair(rnd *rand.Rand, k *kind) (asm, generic *Lanes) {
	asm, generic = newLanes(k, testSlots, k.hasAssembly()), newLanes(k, testSlots, false)
	for lane := range asm.width {
		n := edgyModulus(rnd, k.bits)
		for _, l := range []*Lanes{asm, generic} {
			l.SetModulus(lane, n)
		}
		for s := range testSlots {
			asm.setAny(rnd, s, lane)
		}
	}
	copy(generic.mem, asm.mem)
	return asm, generic
}

// setAny puts any number that a slot may hold into a lane, often at an end of the range.
func (l *Lanes) setAny(rnd *rand.Rand, s, lane int) {
	if l.form != nil {
		l.setNumber(s, lane, l.anyNumber(rnd, lane))
		return
	}
	v := laneView{lane: lane0(l), l: l, i: lane}
	bound := l.modulus(lane)
	if !l.strict {
		bound.Lsh(bound, 1)
	}
	x := edgy(rnd, bound)
	var a laneNum
	for j := range a {
		a[j] = new(big.Int).And(x, big.NewInt(limbMask)).Uint64()
		x.Rsh(x, 52)
	}
	v.set(s, a)
}

// modulus returns n of a lane.
func (l *Lanes) modulus(lane int) *big.Int {
	if l.form != nil {
		c := l.constants(lane)
		return wordsToBig(l.form.modulus(c))
	}
	n, _ := l.get(l.ctx, lane)
	return wordsToBig(n)
}

// residue returns the number in a lane of a slot as it is held, times R.
func (l *Lanes) residue(s, lane int) *big.Int {
	if l.form != nil {
		return toBig(l.form, l.number(s, lane))
	}
	return l.view(lane).slot(s).toBig()
}

// bitsOfR returns r with R = 2^r.
func (l *Lanes) bitsOfR() int {
	if l.form != nil {
		return l.form.sizeOfR()
	}
	return 52 * l.limbs
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
	rnd := rand.New(rand.NewPCG(1, 2))
	eachKind(t, func(t *testing.T, k *kind) {
		if !k.hasAssembly() {
			t.Skip("NOT TESTED: the level in force has no such kernel to compare the Go code with")
		}
		for range testsize.Of(200, 80) {
			asm, generic := pair(rnd, k)
			code := randomProgram(rnd, 30)
			asm.Run(code)
			generic.Run(code)
			for lane := range asm.width {
				for s := range testSlots {
					if x, y := asm.limbsOf(s, lane), generic.limbsOf(s, lane); x != y {
						t.Fatalf("n=%v: slot %d differs: %x, generic %x", asm.modulus(lane), s, x, y)
					}
				}
			}
		}
	})
}

// limbsOf returns the limbs of a slot, without the bits that a product does not look at.
func (l *Lanes) limbsOf(s, lane int) laneNum {
	if l.form != nil {
		a := l.number(s, lane)
		return laneNum{a[0], a[1]}
	}
	return l.view(lane).slot(s)
}

// TestLanesGCDs checks both implementations with math/big.
func TestLanesGCDs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	eachKind(t, func(t *testing.T, k *kind) {
		for range 50 {
			asm, generic := pair(rnd, k)
			if !asm.HasGCDs() {
				continue
			}
			for _, l := range []*Lanes{asm, generic} {
				if l.form == nil {
					l.Run([]Instruction{GCDs(4, 5)})
				} else {
					l.Run([]Instruction{Product(5, 5, 6), GCDs(4, 5)})
				}
				for lane := range l.width {
					a, n := l.residue(5, lane), l.modulus(lane)
					want := new(big.Int).GCD(nil, nil, new(big.Int).Abs(a), n)
					if want.Mod(want, n); wordsToBig(l.Value(4, lane)).Cmp(want) != 0 {
						t.Fatalf("gcd(%v, %v) = %v", a, n, l.Value(4, lane))
					}
				}
			}
		}
	})
}

// TestLanesConstants checks SetModulus, Set and Value.
func TestLanesConstants(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	eachKind(t, func(t *testing.T, k *kind) {
		l := newLanes(k, testSlots, false)
		for range 500 {
			n := edgyModulus(rnd, k.bits)
			bn, lane := wordsToBig(n), rnd.IntN(l.width)
			l.SetModulus(lane, n)
			if got := l.modulus(lane); got.Cmp(bn) != 0 {
				t.Fatalf("the modulus is %v, want %v", got, bn)
			}
			r := new(big.Int).Lsh(one, uint(l.bitsOfR()))
			r2 := new(big.Int).Mul(r, r)
			mod := func(s int) *big.Int { return new(big.Int).Mod(l.residue(s, lane), bn) }
			if r.Mod(r, bn).Cmp(mod(SlotOne)) != 0 || r2.Mod(r2, bn).Cmp(mod(SlotR2)) != 0 {
				t.Fatalf("n=%v: the constants differ", bn)
			}
			a := edgy(rnd, bn)
			l.Set(8, lane, bigToWords(a))
			if got := wordsToBig(l.Value(8, lane)); got.Cmp(a) != 0 {
				t.Fatalf("n=%v: set %v, got %v", bn, a, got)
			}
			l.setAny(rnd, 8, lane)
			if got := wordsToBig(l.Value(8, lane)); got.Cmp(mod(8)) != 0 {
				t.Fatalf("n=%v: %v has the value %v", bn, l.residue(8, lane), got)
			}
			if k.form != nil {
				continue
			}
			v := l.view(lane)
			if !l.strict && v.load(l.ctx[l.limbs*l.width:]).toBig().Cmp(new(big.Int).Lsh(bn, 1)) != 0 {
				t.Fatalf("n=%v: 2n differs", bn)
			}
		}
	})
}

func FuzzLanes(f *testing.F) {
	all := allKinds()
	names := slices.Sorted(maps.Keys(all))
	for i := range names {
		f.Add(^uint64(0), ^uint64(0), uint64(i), uint8(i))
	}
	f.Add(^uint64(0), ^uint64(44), uint64(95), uint8(slices.Index(names, "avx52"))) // half of 2^52-1 is (n-1)/2 at most
	f.Fuzz(func(t *testing.T, n0, n1, seed uint64, which uint8) {
		k := all[names[int(which)%len(names)]]
		n := bigToWords(new(big.Int).SetBit(new(big.Int).And(wordsToBig([2]uint64{n0, n1}),
			new(big.Int).Sub(new(big.Int).Lsh(one, uint(k.bits)), one)), 0, 1))
		if n == [2]uint64{1} {
			return
		}
		rnd := rand.New(rand.NewPCG(seed, 0))
		asm, generic := pair(rnd, k)
		for lane := range asm.width {
			asm.SetModulus(lane, n)
			for s := range testSlots {
				asm.setAny(rnd, s, lane)
			}
		}
		copy(generic.ctx, asm.ctx)
		copy(generic.mem, asm.mem)
		checkModels(t, []*Lanes{asm, generic}, randomProgram(rnd, 8))
	})
}

// BenchmarkLanes measures instructions: the best time is of one for one lane.
func BenchmarkLanes(b *testing.B) {
	codes := map[string]func(i int) Instruction{
		"add":    func(i int) Instruction { return PointAdd(8+4*(i%3), 8+4*((i+1)%3), 8+4*((i+2)%3), 20) },
		"double": func(i int) Instruction { return PointDouble(8+4*(i%3), 8+4*((i+2)%3)) },
		"pairs":  func(i int) Instruction { return Pairs(8+i%8, 9, 10, 11) },
		"mul":    func(i int) Instruction { return Product(8+i%4, 8+i%4, 12) },
	}
	all := allKinds()
	for _, kindName := range slices.Sorted(maps.Keys(all)) {
		for _, name := range []string{"add", "double", "pairs", "mul"} {
			b.Run(fmt.Sprint(kindName, name), func(b *testing.B) {
				k := all[kindName]
				l := newLanes(k, testSlots, k.hasAssembly())
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

func (l *Lanes) view(i int) *laneView {
	v := &laneView{l: l, i: i, lane: lane0(l)}
	v.n = v.load(l.ctx)
	return v
}
