package mont

// An avxForm says how the machines for AVX2 hold residues, and has their arithmetic for
// one lane. gen/avx2_float.go, avx2_int.go and avx2_pair.go write the same arithmetic
// in assembly and prove its ranges. The results are the same limb for limb.
type avxForm interface {
	constantCount() int
	sizeOfR() int  // R = 2^sizeOfR
	hasGCDs() bool // there is the instruction GCDs
	constants(n [2]uint64) avxConstants
	modulus(c avxConstants) [2]uint64
	encode(first uint64, a [2]uint64) avxNumber  // a as in Lanes.Set; first is the first constant
	value(c avxConstants, a avxNumber) [2]uint64 // a mod n, for a stored number

	mul(c avxConstants, a, b avxNumber) avxNumber
	add(c avxConstants, a, b avxNumber) avxNumber
	sub(c avxConstants, a, b avxNumber) avxNumber
	half(c avxConstants, a avxNumber) avxNumber
}

// avxConstants are the constants of a lane. Constant i of lane l is word i*width + l of
// Lanes.ctx.
type avxConstants [6]uint64

// An avxNumber is a number in limbs, which are words or the bits of doubles.
type avxNumber [2]uint64

// laneScratch is the number of words behind the constants that the kernels may use: see
// gen/registers.go.
const laneScratch = 64 * 4

// constants returns the constants of a lane.
func (l *Lanes) constants(lane int) (c avxConstants) {
	for i := range l.form.constantCount() {
		c[i] = l.ctx[i*l.width+lane]
	}
	return c
}

func (l *Lanes) setFormModulus(lane int, n [2]uint64) {
	if f, ok := l.form.(floatForm); ok { // without calls through the interface, which take a tenth of the time at 40 bits
		c := f.constants(n)
		l.ctx[lane], l.ctx[l.width+lane] = c[0], c[1]
		one := f.encode(c[0], [2]uint64{1})[0]
		l.mem[SlotOne*l.width+lane], l.mem[SlotR2*l.width+lane] = one, one
		return
	}
	c := l.form.constants(n)
	for i := range l.form.constantCount() {
		l.ctx[i*l.width+lane] = c[i]
	}
	one, r2 := [2]uint64{1}, [2]uint64{1}
	if r := l.form.sizeOfR(); r > 0 {
		one, r2 = montgomeryConstants(n, r)
	}
	l.setNumber(SlotOne, lane, l.form.encode(c[0], one))
	l.setNumber(SlotR2, lane, l.form.encode(c[0], r2))
}

func (l *Lanes) setForm(slot, lane int, a [2]uint64) {
	if f, ok := l.form.(floatForm); ok {
		l.mem[slot*l.width+lane] = f.encode(l.ctx[lane], a)[0]
		return
	}
	l.setNumber(slot, lane, l.form.encode(l.ctx[lane], a))
}

// formValue is Value for machines of AVX2.
func (l *Lanes) formValue(slot, lane int) [2]uint64 {
	if f, ok := l.form.(floatForm); ok {
		return f.value(avxConstants{l.ctx[lane]}, avxNumber{l.mem[slot*l.width+lane]})
	}
	return l.form.value(l.constants(lane), l.number(slot, lane))
}

// number returns what is in a lane of a slot.
func (l *Lanes) number(slot, lane int) (a avxNumber) {
	for i := range l.limbs {
		a[i] = l.mem[(slot*l.limbs+i)*l.width+lane]
	}
	return a
}

func (l *Lanes) setNumber(slot, lane int, a avxNumber) {
	for i := range l.limbs {
		l.mem[(slot*l.limbs+i)*l.width+lane] = a[i]
	}
}

// runForm executes code lane by lane, with the results of the kernels.
func (l *Lanes) runForm(code []Instruction) {
	for lane := range l.width {
		v := avxLane{Lanes: l, lane: lane, c: l.constants(lane)}
		for _, in := range code {
			v.step(in)
		}
	}
}

// An avxLane is one lane of a machine.
type avxLane struct {
	*Lanes
	lane int
	c    avxConstants
}

func (v *avxLane) at(slot int) avxNumber        { return v.number(slot, v.lane) }
func (v *avxLane) put(slot int, a avxNumber)    { v.setNumber(slot, v.lane, a) }
func (v *avxLane) mul(a, b avxNumber) avxNumber { return v.form.mul(v.c, a, b) }
func (v *avxLane) add(a, b avxNumber) avxNumber { return v.form.add(v.c, a, b) }
func (v *avxLane) sub(a, b avxNumber) avxNumber { return v.form.sub(v.c, a, b) }
func (v *avxLane) half(a avxNumber) avxNumber   { return v.form.half(v.c, a) }

func (v *avxLane) step(in Instruction) {
	switch op, s := in.split(); op {
	case opAdd:
		v.pointAdd(s[0], s[1], s[2], s[3])
	case opDouble:
		v.pointDouble(s[0], s[1])
	case opPairs:
		for i, b := range s[1:] {
			v.put(i, v.half(v.mul(v.at(i), v.sub(v.at(s[0]), v.at(b)))))
		}
	case opMul:
		v.put(s[0], v.half(v.mul(v.at(s[1]), v.at(s[2]))))
	case opGCD:
		n := v.form.modulus(v.c)
		g := GCD(v.form.value(v.c, v.at(s[1]))[0], n[0])
		v.put(s[0], v.form.encode(v.c[0], [2]uint64{g}))
	case opSum:
		v.put(s[0], v.half(v.add(v.at(s[1]), v.at(s[2]))))
	case opDiff:
		v.put(s[0], v.half(v.sub(v.at(s[1]), v.at(s[2]))))
	}
}

func (v *avxLane) pointAdd(dst, p, q, diff int) {
	px, pz, qx, qz := v.at(p), v.at(p+1), v.at(q), v.at(q+1)
	s := v.mul(v.sub(px, pz), v.half(v.add(qx, qz)))
	t := v.mul(v.add(px, pz), v.half(v.sub(qx, qz)))
	s, t = v.half(v.add(s, t)), v.half(v.sub(s, t))
	x := v.half(v.mul(v.mul(s, s), v.at(diff+1)))
	z := v.half(v.mul(v.mul(t, t), v.at(diff)))
	v.put(dst, x)
	v.put(dst+1, z)
}

func (v *avxLane) pointDouble(dst, p int) {
	x, z := v.at(p), v.at(p+1)
	s, d := v.half(v.add(x, z)), v.half(v.sub(x, z))
	s, d = v.mul(s, s), v.mul(d, d)
	t := v.half(v.sub(s, d))
	e := v.half(v.mul(d, v.at(SlotDen)))
	y := v.half(v.add(e, v.mul(t, v.at(SlotNum))))
	v.put(dst, v.half(v.mul(s, e)))
	v.put(dst+1, v.half(v.mul(t, y)))
}
