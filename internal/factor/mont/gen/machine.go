package main

// operandRegs hold the addresses of the four operands of an instruction.
var operandRegs = [4]string{"R8", "R9", "R10", "R11"}

// An instructionCode is an instruction and what writes it.
type instructionCode struct {
	op   int
	name string
	emit func()
}

// curveMachine writes the loop over the instructions.
func (k *kernel) curveMachine() {
	codes := []instructionCode{ // the most frequent first
		{opAdd, "add", k.pointAdd},
		{opPairs, "pairs", k.pairs},
		{opDouble, "double", k.pointDouble},
		{opMul, "mul", k.mulSlots},
		{opSum, "sum", func() { k.linear(k.add, false) }},
		{opDiff, "diff", func() { k.linear(k.sub, true) }},
		{opPoint, "point", k.makePoint},
	}
	if k.limbs == 1 {
		codes = append(codes, instructionCode{opGCD, "gcd", k.gcd})
	}
	k.machine(codes, k.slotSize())
}

// machine writes the loop over the instructions, for slots of so many bytes.
func (k *kernel) machine(codes []instructionCode, slotSize int) {
	free := len(k.free)
	k.label("loop")
	k.decode(slotSize)
	for _, c := range codes[1:] {
		k.op("CMPQ AX, $%d", c.op)
		k.op("JEQ %s", c.name)
	}
	for _, c := range codes {
		k.label(c.name)
		c.emit()
		k.op("DECQ BX")
		k.op("JNZ loop")
		k.ret()
		if len(k.free) != free {
			panic("gen: registers are lost in " + c.name)
		}
	}
}

// slotSize is the number of bytes of a slot.
func (k *kernel) slotSize() int { return 64 * k.limbs * k.groups }

// decode loads the next instruction: the code to AX, the addresses of its operands to
// operandRegs.
func (k *kernel) decode(slotSize int) {
	k.op("MOVQ (SI), AX")
	k.op("ADDQ $8, SI")
	k.op("MOVQ AX, R8")
	for i, r := range operandRegs {
		if i == 0 {
			k.op("SHRQ $%d, R8", opBits)
		}
		if i < 3 {
			k.op("MOVQ %s, %s", r, operandRegs[i+1])
			k.op("SHRQ $%d, %s", slotBits, operandRegs[i+1])
			k.op("ANDQ $%d, %s", 1<<slotBits-1, r)
		}
		k.op("IMUL3Q $%d, %s, %s", slotSize, r, r)
		k.op("ADDQ DI, %s", r)
	}
	k.op("ANDQ $%d, AX", 1<<opBits-1)
}

// phases writes the phases of all groups, phase by phase, so that the groups hide each
// other's latency. Between phases numbers are in memory: there are too few registers.
func (k *kernel) phases(phase ...func(g int)) {
	for _, f := range phase {
		for g := range k.groups {
			f(g)
		}
	}
}
