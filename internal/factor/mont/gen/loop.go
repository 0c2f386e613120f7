package main

// loopMul is wideMul of the numbers at the registers a and b, the rows in a loop: two of them
// at a time, after which the accumulators move down by two, which costs no execution. It is
// written at most once for each name, changes a, DX and R14, and needs an even number of
// limbs. One chain of products of so many limbs is enough to keep the machine busy.
func (k *kernel) loopMul(name, a, b string, plus bool) num {
	t := k.regs(k.limbs + 2)
	for _, r := range t[:k.limbs] {
		k.op("VMOVDQA64 %s, %s", maskReg, r)
	}
	k.op("MOVQ $%d, DX", k.limbs/2)
	if plus {
		k.op("LEAQ %s, R14", k.wordTwice(0))
	}
	k.label(name + "Rows")
	for row := range 2 {
		top := t[row+k.limbs]
		if plus {
			k.op("VPBROADCASTQ %d(R14), %s", 8*row, top)
		} else {
			k.op("VPXORQ %s, %s, %s", top, top, top)
		}
		s := &sum{k: k, t: t[row:]}
		x := k.load(mem(a, row))
		for j, m := range k.operand(b, 0) {
			y := k.load(m)
			s.add(j, x, y)
			k.drop(num{y})
		}
		k.drop(num{x})
		s.reduceAt(0)
	}
	for j := range k.limbs {
		k.op("VMOVDQA64 %s, %s", t[j+2], t[j])
	}
	if plus {
		k.op("ADDQ $16, R14")
	}
	k.op("ADDQ $128, %s", a)
	k.op("DECQ DX")
	k.op("JNZ %sRows", name)
	k.drop(t[k.limbs:])
	return t[:k.limbs]
}

// loopTwo is the core of two products. u goes to a scratch number, raw.
func (k *kernel) loopTwo() (u, v num) {
	u = k.loopMul("u", "R8", "R9", true)
	k.storeTo(u, k.scratch(4))
	k.drop(u)
	return k.scratch(4), k.loopMul("v", "R10", "R11", false)
}
