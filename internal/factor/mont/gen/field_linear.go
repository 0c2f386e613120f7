package main

// add returns a+b in group g, raw. It drops neither; b may be in memory.
func (k *kernel) add(g int, a, b num) num {
	r := k.regs(k.limbs)
	for i := range r {
		k.op("VPADDQ %s, %s, %s", b[i], a[i], r[i])
	}
	if k.strict { // a+b-n is below 0 or it is the sum
		t := k.reg()
		k.op("VPSUBQ %s, %s, %s", k.n(g)[0], r[0], t)
		k.op("VPMINUQ %s, %s, %s", t, r[0], r[0])
		k.drop(num{t})
	}
	return r
}

// sub returns a-b in group g, raw: a-b+2n in a lazy field. It drops neither; b may be in
// memory. Limbs of the result may be negative, and so may be the carries: normalise
// it as signed.
func (k *kernel) sub(g int, a, b num) num {
	r := k.regs(k.limbs)
	for i := range r {
		k.op("VPSUBQ %s, %s, %s", b[i], a[i], r[i])
	}
	if k.strict {
		t := k.reg()
		k.op("VPADDQ %s, %s, %s", k.n(g)[0], r[0], t)
		k.op("VPMINUQ %s, %s, %s", t, r[0], r[0])
		k.drop(num{t})
		return r
	}
	for i, m := range k.twice(g) {
		k.op("VPADDQ %s, %s, %s", m, r[i], r[i])
	}
	return r
}

// less returns a-b, raw, for an a >= 2n of mulPlus or sqrPlus and b < 2n. It drops neither.
func (k *kernel) less(a, b num) num {
	r := k.regs(k.limbs)
	for i := range r {
		k.op("VPSUBQ %s, %s, %s", b[i], a[i], r[i])
	}
	return r
}

// carry carries without clearing what it has carried, so that a becomes a number for
// products. It is normalise without the masks.
func (k *kernel) carry(a num, signed bool) num {
	for i := range k.limbs - 1 {
		c := k.reg()
		k.op("%s $52, %s, %s", shiftFor(signed), a[i], c)
		k.op("VPADDQ %s, %s, %s", c, a[i+1], a[i+1])
		k.drop(num{c})
	}
	return a
}

// shiftFor returns the shift that makes the carry of a limb.
func shiftFor(signed bool) string {
	if signed {
		return "VPSRAQ"
	}
	return "VPSRLQ"
}

// normalise carries, so that every limb of a is below 2^52; signed says that limbs may
// be negative. The number must be in [0, 2^(52*limbs)). One limb needs no carry step.
//
// The arithmetic shift makes floor(limb/2^52) of a negative limb too, and the low 52
// bits of two's complement are what remains: limb = floor(limb/2^52)*2^52 + low. The top
// limb then is in range because the number is.
func (k *kernel) normalise(a num, signed bool) num {
	for i := range k.limbs - 1 {
		c := k.reg()
		k.op("%s $52, %s, %s", shiftFor(signed), a[i], c)
		k.op("VPANDQ %s, %s, %s", maskReg, a[i], a[i])
		k.op("VPADDQ %s, %s, %s", c, a[i+1], a[i+1])
		k.drop(num{c})
	}
	return a
}
