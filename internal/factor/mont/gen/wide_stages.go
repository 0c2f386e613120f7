package main

// The instructions of WideLanes, and the stages after their products.

// widePut stores the raw number a for products and drops it.
func (k *kernel) widePut(a, to num) {
	var carry string
	for i, limb := range a {
		r := k.inRegister(limb)
		if carry != "" {
			k.op("VPADDQ %s, %s, %s", carry, r, r)
			k.drop(num{carry})
		}
		k.op("VMOVDQU64 %s, %s", r, to[i])
		if i < k.limbs-1 {
			carry = k.reg()
			k.op("VPSRLQ $52, %s, %s", r, carry)
		}
		k.drop(num{r})
	}
}

// inRegister loads a limb if it is in memory.
func (k *kernel) inRegister(limb string) string {
	if isRegister(limb) {
		return limb
	}
	return k.load(limb)
}

// wideSumDiff stores a+b and a-b, normalised, a being plus 2n. It drops neither.
func (k *kernel) wideSumDiff(a, b, sum, diff num) {
	var carrySum, carryDiff string
	for i, limb := range a {
		x := k.inRegister(limb)
		carrySum = k.wideLimb("VPADDQ", x, b[i], sum[i], carrySum, i)
		carryDiff = k.wideLimb("VPSUBQ", x, b[i], diff[i], carryDiff, i)
		if x != limb {
			k.drop(num{x})
		}
	}
}

// wideLimb stores limb i of a+b or a-b, of which b may be in memory, and returns the carry of
// it; before is that of the limb before.
func (k *kernel) wideLimb(op, a, b, to, before string, i int) (carry string) {
	r := k.reg()
	k.op("%s %s, %s, %s", op, b, a, r)
	if before != "" {
		k.op("VPADDQ %s, %s, %s", before, r, r)
		k.drop(num{before})
	}
	if i < k.limbs-1 {
		carry = k.reg()
		k.op("%s $52, %s, %s", shiftFor(op == "VPSUBQ"), r, carry)
		k.op("VPANDQ %s, %s, %s", maskReg, r, r)
	}
	k.op("VMOVDQU64 %s, %s", r, to)
	k.drop(num{r})
	return carry
}

// wideAdd, with its stages, is pointAdd. All between stages is in scratch numbers: dst may be
// p, q or d, for dst is written when they have been read.
func (k *kernel) wideAdd() {
	k.op("MOVQ R8, R12")
	k.op("MOVQ R11, R13")
	k.op("MOVQ R9, R14")
	k.op("MOVQ R10, R15")
	k.goOn("two", afterAdd1, k.part("R14", 3), k.part("R15", 2), k.part("R14", 2), k.part("R15", 3))
}

func (k *kernel) wideAdd1(u, v num) {
	k.wideSumDiff(u, v, k.scratch(0), k.scratch(1))
	k.drop(u, v)
	k.goOn("squares", afterAdd2, k.temp(0), k.temp(0), k.temp(1))
}

func (k *kernel) wideAdd2(u, v num) {
	k.widePut(u, k.scratch(2))
	k.widePut(v, k.scratch(3))
	k.goOn("two", afterPoint, k.temp(2), k.part("R13", 1), k.temp(3), k.part("R13", 0))
}

// wideDouble, with its stages, is pointDouble for den = 1. s < 4n since it is plus 2n, and so
// is the s^2 of wideAdd2.
func (k *kernel) wideDouble() {
	k.op("MOVQ R8, R12")
	k.op("MOVQ R9, R14")
	k.goOn("squares", afterDouble1, k.part("R14", 2), k.part("R14", 2), k.part("R14", 3))
}

func (k *kernel) wideDouble1(s, d num) {
	var carry string
	for i, limb := range s {
		x := k.inRegister(limb)
		carry = k.wideLimb("VPSUBQ", x, d[i], k.scratch(1)[i], carry, i)
		if x != limb {
			k.drop(num{x})
		}
	}
	k.widePut(s, k.scratch(0))
	k.storeTo(k.normalise(d, false), k.scratch(2))
	k.drop(d)
	k.goOn("single", afterDouble2, k.temp(1), k.part("DI", slotNum))
}

func (k *kernel) wideDouble2(f, _ num) {
	for i, m := range k.scratch(2) {
		k.op("VPADDQ %s, %s, %s", m, f[i], f[i])
	}
	k.widePut(f, k.scratch(3))
	k.goOn("two", afterPoint, k.temp(0), k.temp(2), k.temp(1), k.temp(3))
}

// wideTwoPairs multiplies the numbers at R8 by the differences of that at R9 and two others,
// which go to scratch numbers. The products are below 4n and 2n.
func (k *kernel) wideTwoPairs() {
	k.op("MOVQ R8, R12")
	var carry [2]string
	for i, m := range k.operand("R9", 0) {
		giant := k.broadcast(k.wordTwice(i))
		k.op("VPADDQ %s, %s, %s", m, giant, giant)
		for j, baby := range operandRegs[2:] {
			carry[j] = k.wideLimb("VPSUBQ", giant, k.operand(baby, 0)[i], k.scratch(j)[i], carry[j], i)
		}
		k.drop(num{giant})
	}
	k.goOn("two", afterPairs, k.temp(0), k.part("R12", 0), k.temp(1), k.part("R12", 1))
}

// wideLinear sets a slot to the sum, or the difference plus 2n, of two.
func (k *kernel) wideLinear(minus bool) {
	var carry string
	for i, to := range k.operand("R8", 0) {
		a := k.load(k.operand("R9", 0)[i])
		op := "VPADDQ"
		if minus {
			op = "VPSUBQ"
			t := k.broadcast(k.wordTwice(i))
			k.op("VPADDQ %s, %s, %s", t, a, a)
			k.drop(num{t})
		}
		carry = k.wideLimb(op, a, k.operand("R10", 0)[i], to, carry, i)
		k.drop(num{a})
	}
	k.next()
}

// wideMakePoint is makePoint.
func (k *kernel) wideMakePoint() {
	var carrySum, carryDiff string
	for i := range k.limbs {
		x, z := k.load(k.operand("R8", 0)[i]), k.load(k.operand("R8", 1)[i])
		t := k.broadcast(k.wordTwice(i))
		k.op("VPADDQ %s, %s, %s", x, t, t)
		carrySum = k.wideLimb("VPADDQ", x, z, k.operand("R8", 2)[i], carrySum, i)
		carryDiff = k.wideLimb("VPSUBQ", t, z, k.operand("R8", 3)[i], carryDiff, i)
		k.drop(num{x, z, t})
	}
	k.next()
}
