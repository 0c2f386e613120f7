package main

import "fmt"

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
	k.wideCores()
}

// wideCores writes the three cores, two products, two squares and one product, with the
// stages that follow each.
func (k *kernel) wideCores() {
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
	k.singleCore()
}

// singleCore writes the core of one product.
func (k *kernel) singleCore() {
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

// operand is the number at a register.
func (k *kernel) operand(base string, i int) num { return k.slot(base, i, 0) }
