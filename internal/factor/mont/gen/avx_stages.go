package main

import "fmt"

// The instructions of WideLanes in AVX2, with the formulas of curve.go for den = 1.
//
// CX and DI are as in the other machines, code and count stay in memory. The addresses of the
// operands of an instruction are in R12 to R15, those of a product in R8 to R10.

// machine writes the loop over the instructions.
func (a *avx) machine() {
	a.op("MOVQ ctx+0(FP), CX")
	a.op("MOVQ mem+8(FP), DI")
	codes := []instructionCode{ // the most frequent first
		{opAdd, "add", a.pointAdd},
		{opTwoPairs, "pairs", a.twoPairs},
		{opDouble, "double", a.pointDouble},
		{opMul, "mul", func() { a.call("mul", at("R12"), at("R13"), at("R14")) }},
		{opSum, "sum", func() { a.call("sum", at("R12"), at("R13"), at("R14")) }},
		{opDiff, "diff", func() { a.call("diff", at("R12"), at("R13"), at("R14")) }},
		{opPoint, "point", func() { a.makePoint(a.part("R12", 1)) }},
	}
	a.label("loop")
	a.decode()
	for _, c := range codes[1:] {
		a.op("CMPQ AX, $%d", c.op)
		a.op("JEQ %s", c.name)
	}
	for _, c := range codes {
		a.label(c.name)
		c.emit()
		a.op("DECQ count+24(FP)")
		a.op("JNZ loop")
		a.op("VZEROUPPER")
		a.op("RET")
	}
}

var avxOperands = [4]string{"R12", "R13", "R14", "R15"}

// decode loads the next instruction: the code to AX, the addresses of its operands to avxOperands.
func (a *avx) decode() {
	a.op("MOVQ code+16(FP), AX")
	a.op("ADDQ $8, code+16(FP)")
	a.op("MOVQ (AX), AX")
	for i, r := range avxOperands {
		a.op("MOVQ AX, %s", r)
		a.op("SHRQ $%d, %s", opBits+i*slotBits, r)
		if i < 3 {
			a.op("ANDQ $%d, %s", 1<<slotBits-1, r)
		}
		a.op("IMUL3Q $%d, %s, %s", a.slotSize(), r, r)
		a.op("ADDQ DI, %s", r)
	}
	a.op("ANDQ $%d, AX", 1<<opBits-1)
}

// A place is the address of a number.
type place struct {
	base   string // a register
	offset int
}

func at(base string) place { return place{base: base} }

// part is number i of those at a register.
func (a *avx) part(base string, i int) place { return place{base, i * a.slotSize()} }

// temp is one of the four numbers at CX.
func (a *avx) temp(i int) place { return place{"CX", 32 * (2 + (3+i)*a.limbs)} }

// limb is the vector of limb i.
func (p place) limb(i int) string { return fmt.Sprintf("%d(%s)", p.offset+32*i, p.base) }

// call calls a core with operands in R8 and so on.
func (a *avx) call(core string, operands ...place) {
	for i, p := range operands {
		if p.base == "" { // not used
			continue
		}
		a.op("LEAQ %s, %s", p.limb(0), operandRegs[i])
	}
	a.op("CALL %sAVX%d<>(SB)", core, a.limbs)
}

// sqr sets z = x*x/R mod n.
func (a *avx) sqr(z, x place) {
	if a.limbs < avxLoop {
		a.call("sqr", z, x)
	} else {
		a.call("mul", z, x, x)
	}
}

// linearCores writes the cores without products.
func (a *avx) linearCores() {
	r8, r9, r10, r11 := at("R8"), at("R9"), at("R10"), at("R11")
	a.head("sum", "R8 = R9+R10")
	a.linear(&r8, r9, r10, nil, nil)
	a.head("diff", "R8 = R9-R10+K")
	a.linear(nil, r9, r10, &r8, nil)
	a.head("sumDiff", "R8 = R9+R10 and R11 = R9-R10+K")
	a.linear(&r8, r9, r10, &r11, nil)
	a.head("point", "Z, X+Z and X-Z+K of the point at R9, whose X is there, to the Z at R10")
	z, sum, diff := a.part("R9", 1), a.part("R9", 2), a.part("R9", 3)
	a.linear(&sum, r9, r10, &diff, &z)
}

// linear sets sum = x+y, diff = x-y+K and z = y, as far as there are such, and ends the core. The
// results may be x and y.
func (a *avx) linear(sum *place, x, y place, diff, z *place) {
	for i := range a.limbs {
		a.op("VMOVDQU %s, Y0", x.limb(i))
		a.op("VMOVDQU %s, Y1", y.limb(i))
		if sum != nil {
			a.op("VPADDQ Y0, Y1, Y2")
			a.op("VMOVDQU Y2, %s", sum.limb(i))
		}
		if diff != nil {
			a.op("VPADDQ %s, Y0, Y0", a.k(i))
			a.op("VPSUBQ Y1, Y0, Y0")
			a.op("VMOVDQU Y0, %s", diff.limb(i))
		}
		if z != nil {
			a.op("VMOVDQU Y1, %s", z.limb(i))
		}
	}
	a.op("RET")
}

// makePoint completes the point at R12, whose X is there, with this Z.
func (a *avx) makePoint(z place) { a.call("point", place{}, at("R12"), z) }

// pointAdd: the destination may be one of the operands. X of it is written when X of the difference
// has been read, and Z when all has.
func (a *avx) pointAdd() {
	u, v, s, d := a.temp(0), a.temp(1), a.temp(2), a.temp(3)
	a.call("mul", u, a.part("R13", 3), a.part("R14", 2))
	a.call("mul", v, a.part("R13", 2), a.part("R14", 3))
	a.call("sumDiff", s, u, v, d)
	a.sqr(u, s)
	a.sqr(v, d)
	a.call("mul", v, v, at("R15"))
	a.call("mul", at("R12"), u, a.part("R15", 1))
	a.makePoint(v)
}

// pointDouble: the operand has been read when the destination is written.
func (a *avx) pointDouble() {
	s, d, t, f := a.temp(0), a.temp(1), a.temp(2), a.temp(3)
	a.sqr(s, a.part("R13", 2))
	a.sqr(d, a.part("R13", 3))
	a.call("diff", t, s, d)
	a.call("mul", f, t, a.part("DI", slotNum))
	a.call("sum", f, f, d)
	a.call("mul", at("R12"), s, d)
	a.call("mul", t, t, f)
	a.makePoint(t)
}

// twoPairs multiplies the numbers at R12 by the differences of that at R13 and two others.
func (a *avx) twoPairs() {
	for i, baby := range avxOperands[2:] {
		a.call("diff", a.temp(0), at("R13"), at(baby))
		product := a.part("R12", i)
		a.call("mul", product, a.temp(0), product)
	}
}
