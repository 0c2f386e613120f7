package main

import "fmt"

func init() { register("lanes_wide", emitWideLanes) }

// The machines of WideLanes: 8 lanes of one modulus n < 2^(52*limbs-6), so that 64n <= R. The
// field is lazy in the sense of field.go with the ranges of points in curve.go: products of
// operands a*b < R*n are below 2n, or 4n if 2n is added to them, and the largest operands are
// below 6n.
//
// Of numbers of so many limbs only one or two are in registers at a time, the others in memory:
// as operands the limbs of a num are addresses.
//
// The code of an instruction would be long if each product was written out. There are
// three cores instead: two products u = a*b + 2n and v = c*d in turns, two squares,
// and one product. Their operands are at R8 to R11; AX says where to go on, a stage, which finds u
// and v in registers. R12 is the destination of the instruction, R13 the difference of points.
//
// Above maxPairLimbs the products of a core come one after the other, and the rows of each in
// a loop, for even numbers of limbs only: see loop.go.
const minWideLimbs, maxPairLimbs, maxWideLimbs = 3, 10, 20

func emitWideLanes(f *file) {
	for limbs := minWideLimbs; limbs <= maxWideLimbs; limbs++ {
		if limbs > maxPairLimbs && limbs%2 == 1 {
			continue
		}
		name := fmt.Sprintf("runWide%d", limbs)
		k := f.kernel(name, fmt.Sprintf("%s executes count instructions, which is not 0, on 8 lanes of %d limbs.", name, limbs),
			field{limbs: limbs, groups: 1}, param{"ctx", "*uint64"}, param{"mem", "*uint64"}, param{"code", "*Instruction"}, param{"count", "int"})
		k.op("MOVQ ctx+0(FP), CX")
		k.op("MOVQ mem+8(FP), DI")
		k.op("MOVQ code+16(FP), SI")
		k.op("MOVQ count+24(FP), BX")
		k.wideMachine()
	}
}

// At CX, a word for all lanes each, are the limbs of n, those of 2n and -n^-1 mod 2^52; then, at
// a cache line, the scratch numbers, which are vectors.

func (k *kernel) wordN(i int) string     { return fmt.Sprintf("%d(CX)", 8*i) }
func (k *kernel) wordTwice(i int) string { return fmt.Sprintf("%d(CX)", 8*(k.limbs+i)) }
func (k *kernel) wordInverse() string    { return fmt.Sprintf("%d(CX)", 16*k.limbs) }

// scratchAt is the offset of a scratch number.
func (k *kernel) scratchAt(i int) int { return (8*(2*k.limbs+1)+63)/64*64 + i*k.slotSize() }

func (k *kernel) scratch(i int) num {
	r := make(num, k.limbs)
	for j := range r {
		r[j] = fmt.Sprintf("%d(CX)", k.scratchAt(i)+64*j)
	}
	return r
}

func (k *kernel) load(m string) string {
	r := k.reg()
	k.op("VMOVDQU64 %s, %s", m, r)
	return r
}

func (k *kernel) broadcast(m string) string {
	r := k.reg()
	k.op("VPBROADCASTQ %s, %s", m, r)
	return r
}

func (k *kernel) storeTo(a, to num) {
	for i := range a {
		k.op("VMOVDQU64 %s, %s", a[i], to[i])
	}
}

// A sum is the accumulators of a product. Before step i of the reduction those below i are
// done with; those above i+limbs are not there yet, which is 0 or the 2n*R to add. The lower
// half is more by 2^52-1, see reduce.
type sum struct {
	k    *kernel
	t    num
	plus bool
}

func (k *kernel) newSum(plus bool) *sum { return &sum{k, make(num, 2*k.limbs), plus} }

// at returns accumulator i.
func (s *sum) at(i int) string {
	if s.t[i] == "" {
		switch {
		case i < s.k.limbs:
			s.t[i] = s.k.copied(num{maskReg})[0]
		case s.plus:
			s.t[i] = s.k.broadcast(s.k.wordTwice(i - s.k.limbs))
		default:
			s.t[i] = s.k.zeros(1)[0]
		}
	}
	return s.t[i]
}

// add adds x*y, both in registers, to the accumulators i and i+1.
func (s *sum) add(i int, x, y string) {
	s.k.madlo(s.at(i), x, y)
	s.k.madhi(s.at(i+1), x, y)
}

// reduce is step i of redc, see there. Of the 4*limbs+1 terms of an accumulator none is above
// 2^52, but for the carry below 2^7: for 20 limbs it stays below 2^59.
//
// The 2^52-1 that is to be added before the shift is in the accumulator from the beginning,
// which thus is 1 too low modulo 2^52: q = -(t+1)/n begins with -1/n instead of 0.
func (s *sum) reduce(i int) {
	s.reduceAt(i)
	s.k.drop(num{s.t[i]})
}

// reduceAt is reduce but for dropping the accumulator.
func (s *sum) reduceAt(i int) {
	k := s.k
	q := k.broadcast(k.wordInverse())
	k.op("VPMADD52LUQ.BCST %s, %s, %s", k.wordInverse(), s.t[i], q)
	k.op("VPSRLQ $52, %s, %s", s.t[i], s.t[i])
	k.op("VPADDQ %s, %s, %s", s.t[i], s.at(i+1), s.at(i+1))
	for j := range k.limbs {
		y := k.broadcast(k.wordN(j))
		if j > 0 {
			k.madlo(s.at(i+j), q, y)
		}
		k.madhi(s.at(i+j+1), q, y)
		k.drop(num{y})
	}
	k.drop(num{q})
}

// result returns the upper half, raw.
func (s *sum) result() num { return s.t[s.k.limbs:] }

// wideMul returns a*b/R mod n, plus 2n if there is to be, of operands in memory, raw. A row of
// the product and a step of the reduction take turns, which takes limbs+1 accumulators.
func (k *kernel) wideMul(a, b num, plus bool) num {
	s := k.newSum(plus)
	for i := range a {
		x := k.load(a[i])
		for j := range b {
			y := k.load(b[j])
			s.add(i+j, x, y)
			k.drop(num{y})
		}
		k.drop(num{x})
		s.reduce(i)
	}
	return s.result()
}

// wideSqr is wideMul for a = b, normalised. From minSquareLimbs on it takes the mixed products
// once and doubles their second factors. Those of a[i] are the limbs above i of 2a', where a'
// is a without the limbs up to i: the first is 2*a[i+1], of which a product sees the low 52
// bits, and the others are those of 2a, which are put into the scratch number double. a < R/6:
// the top limb of 2a has no more than 52 bits.
func (k *kernel) wideSqr(a num, plus bool, double int) num {
	if k.limbs < minSquareLimbs {
		return k.wideMul(a, a, plus)
	}
	d := k.scratch(double)
	below := k.load(a[1])
	for j := 2; j < k.limbs; j++ {
		x := k.load(a[j])
		k.op("VPSRLQ $51, %s, %s", below, below)
		k.op("VPADDQ %s, %s, %s", x, below, below)
		k.op("VPADDQ %s, %s, %s", x, below, below)
		k.op("VMOVDQU64 %s, %s", below, d[j])
		k.drop(num{below})
		below = x
	}
	k.drop(num{below})
	s := k.newSum(plus)
	for i := range a {
		x := k.load(a[i])
		s.add(2*i, x, x)
		for j := i + 1; j < k.limbs; j++ {
			var y string
			if j == i+1 {
				y = k.load(a[j])
				k.op("VPADDQ %s, %s, %s", y, y, y)
			} else {
				y = k.load(d[j])
			}
			s.add(i+j, x, y)
			k.drop(num{y})
		}
		k.drop(num{x})
		s.reduce(i)
	}
	return s.result()
}

// minSquareLimbs is by BenchmarkWideLanes.
const minSquareLimbs = 5

// operand is the number at a register.
func (k *kernel) operand(base string, i int) num { return k.slot(base, i, 0) }

// The stages.
const (
	afterAdd1 = iota
	afterAdd2
	afterPoint // last stage of add and double
	afterDouble1
	afterDouble2
	afterPairs
	afterMul
)

// A stage is what follows a core.
type stage struct {
	id   int
	name string
	emit func(u, v num)
}

// core writes a core and its stages, of which the first is the most frequent. A stage
// drops u and v and ends with a jump.
func (k *kernel) core(name string, product func() (u, v num), stages []stage) {
	k.label(name)
	u, v := product()
	for _, s := range stages[1:] {
		k.op("CMPQ AX, $%d", s.id)
		k.op("JEQ %s", s.name)
	}
	free := k.free
	for _, s := range stages {
		k.free = append([]string(nil), free...)
		k.label(s.name)
		s.emit(u, v)
		if len(k.free) != 31 {
			panic("gen: registers are lost in " + s.name)
		}
	}
}

// goOn sets the operands of a core, each a register plus an offset, and the stage after it.
func (k *kernel) goOn(core string, stage int, operands ...string) {
	for i, o := range operands {
		k.op("LEAQ %s, %s", o, operandRegs[i])
	}
	k.op("MOVQ $%d, AX", stage)
	k.op("JMP %s", core)
}

// part names number i of those at a register.
func (k *kernel) part(base string, i int) string {
	return fmt.Sprintf("%d(%s)", i*k.slotSize(), base)
}

// temp names a scratch number.
func (k *kernel) temp(i int) string { return fmt.Sprintf("%d(CX)", k.scratchAt(i)) }

// next writes the end of an instruction.
func (k *kernel) next() {
	k.op("DECQ BX")
	k.op("JNZ loop")
	k.ret()
}

// wideMachine writes the loop over the instructions. They are those of curve.go, with the same
// formulas; but the denominator of the constant of the curve is 1.
func (k *kernel) wideMachine() {
	starts := []instructionCode{
		{opAdd, "add", k.wideAdd},
		{opTwoPairs, "pairs", k.wideTwoPairs},
		{opDouble, "double", k.wideDouble},
		{opMul, "mul", func() {
			k.op("MOVQ R8, R12")
			k.goOn("single", afterMul, "(R9)", "(R10)")
		}},
		{opSum, "sum", func() { k.wideLinear(false) }},
		{opDiff, "diff", func() { k.wideLinear(true) }},
		{opPoint, "point", k.wideMakePoint},
	}
	k.label("loop")
	k.decode(k.slotSize())
	for _, c := range starts[1:] {
		k.op("CMPQ AX, $%d", c.op)
		k.op("JEQ %s", c.name)
	}
	for _, c := range starts {
		k.label(c.name)
		c.emit()
	}
	two := []stage{
		{afterAdd1, "add1", k.wideAdd1},
		{afterPoint, "made", func(x, z num) {
			k.wideSumDiff(x, z, k.operand("R12", 2), k.operand("R12", 3))
			k.widePut(x, k.operand("R12", 0))
			k.widePut(z, k.operand("R12", 1))
			k.next()
		}},
		{afterPairs, "paired", func(u, v num) {
			k.widePut(u, k.operand("R12", 0))
			k.widePut(v, k.operand("R12", 1))
			k.next()
		}},
	}
	squares := []stage{
		{afterAdd2, "add2", k.wideAdd2},
		{afterDouble1, "double1", k.wideDouble1},
	}
	if k.limbs <= maxPairLimbs {
		k.core("two", func() (u, v num) {
			k.both(
				func() { u = k.wideMul(k.operand("R8", 0), k.operand("R9", 0), true) },
				func() { v = k.wideMul(k.operand("R10", 0), k.operand("R11", 0), false) })
			return u, v
		}, two)
		k.core("squares", func() (u, v num) {
			k.both(
				func() { u = k.wideSqr(k.operand("R8", 0), true, 4) },
				func() { v = k.wideSqr(k.operand("R10", 0), false, 5) })
			return u, v
		}, squares)
	} else {
		k.label("squares")
		k.op("MOVQ R8, R9")
		k.op("MOVQ R10, R11")
		k.core("two", k.loopTwo, append(two, squares...))
	}
	k.core("single", func() (u, v num) {
		if k.limbs > maxPairLimbs {
			return k.loopMul("single", "R8", "R9", false), nil
		}
		return k.wideMul(k.operand("R8", 0), k.operand("R9", 0), false), nil
	}, []stage{
		{afterDouble2, "double2", k.wideDouble2},
		{afterMul, "product", func(u, _ num) {
			k.storeTo(k.normalise(u, false), k.operand("R12", 0))
			k.drop(u)
			k.next()
		}},
	})
}
