package main

import "fmt"

func init() { register("lanes_power", emitPower) }

// powerGroups is how many groups the kernels of each number of limbs have: so many that
// the chains of dependent products, one or two a group, hide each other's latency, if
// there are registers for them.
var powerGroups = [4]int{2: 4, 3: 2}

func emitPower(f *file) {
	for limbs := 2; limbs <= 3; limbs++ {
		fd := field{limbs: limbs, groups: powerGroups[limbs]}
		args := []param{{"ctx", "*uint64"}, {"state", "*uint64"}, {"exp", "*uint64"}, {"bits", "int"}, {"tail", "int"}, {"out", "*uint8"}}
		name := fmt.Sprintf("strongLanes%d", limbs)
		f.kernel(name, name+" works like powerLane.strong in all lanes.", fd, args...).strong()
		name = fmt.Sprintf("lucasLanes%d", limbs)
		f.kernel(name, name+" works like powerLane.lucas in all lanes.", fd, args...).lucas()
	}
}

// The slots of the state, see Powers.
const (
	slotOne = iota
	slotW
	slotC2
	slotCP
	slotP
)

// prologue loads the arguments: DI the state, SI the exponents, BX the bits, DX the
// tail. R8 is the bit of the exponents to look at, from the top.
func (k *kernel) prologue() {
	for i, r := range []string{"CX", "DI", "SI", "BX", "DX"} {
		k.op("MOVQ %s+%d(FP), %s", []string{"ctx", "state", "exp", "bits", "tail"}[i], 8*i, r)
	}
	k.op("MOVQ $1, R8")
	k.op("RORQ $1, R8")
}

// eachBit writes a loop over the bits, with step for a group. There K1 is set in lanes
// whose bit is 1. Exponents are words of all lanes, the most significant first.
func (k *kernel) eachBit(step func(g int)) {
	bit := k.reg()
	k.label("bits")
	k.op("VPBROADCASTQ R8, %s", bit)
	for g := range k.groups {
		k.op("VPTESTMQ %s, %s, K1", mem("SI", g), bit)
		step(g)
	}
	k.op("RORQ $1, R8") // carry: the lowest bit has been
	k.op("JCC word")
	k.op("ADDQ $%d, SI", 64*k.groups)
	k.label("word")
	k.op("DECQ BX")
	k.op("JNZ bits")
	k.drop(num{bit})
}

// tailLoop writes a loop of DX turns, which may be 0.
func (k *kernel) tailLoop(turn func()) {
	k.label("tail")
	k.op("DECQ DX")
	k.op("JLT end")
	turn()
	k.op("JMP tail")
	k.label("end")
}

// verdict stores the masks K4 to K7 of the groups and ends.
func (k *kernel) verdict() {
	k.op("MOVQ out+40(FP), AX")
	for g := range k.groups {
		k.op("KMOVB %s, %d(AX)", passed(g), g)
	}
	k.ret()
}

// passed is the mask register with the lanes of group g that have passed.
func passed(g int) string { return fmt.Sprintf("K%d", 4+g) }

func (k *kernel) move(dst, src num) {
	for i := range dst {
		k.op("VMOVDQA64 %s, %s", src[i], dst[i])
	}
}

// copied returns a copy of a in registers.
func (k *kernel) copied(a num) num {
	r := k.regs(len(a))
	k.move(r, a)
	return r
}

// constant returns a register with c in all lanes.
func (k *kernel) constant(c int) string {
	r := k.reg()
	k.op("MOVQ $%d, AX", c)
	k.op("VPBROADCASTQ AX, %s", r)
	return r
}

// value returns a/R mod n, the number whose form is a < 4n, normalised: n if it is perhaps 0, and else
// below n.
//
// For q as in redc the result is (a + q*n)/R <= (4n + (R-1)n)/R < n+1.
func (k *kernel) value(g int, a num) num {
	t := append(k.copied(a), k.zeros(k.limbs)...)
	return k.normalise(k.redc(g, t), false)
}

// equal sets mask where a = b, and where it was set before if and is true.
func (k *kernel) equal(a, b num, mask string, and bool) {
	for i := range a {
		if i > 0 || and {
			k.op("VPCMPEQQ %s, %s, %s, %s", b[i], a[i], mask, mask)
		} else {
			k.op("VPCMPEQQ %s, %s, %s", b[i], a[i], mask)
		}
	}
}

// equalWord is equal for the one limb b.
func (k *kernel) equalWord(a num, b, mask string, and bool) {
	k.equal(a[:1], num{b}, mask, and)
	for _, limb := range a[1:] {
		k.op("VPTESTNMQ %s, %s, %s, %s", limb, limb, mask, mask)
	}
}

// plus returns a + b, normalised, for one limb b.
func (k *kernel) plus(a num, b string) num {
	r := k.copied(a)
	k.op("VPADDQ %s, %s, %s", b, r[0], r[0])
	return k.normalise(r, false)
}

// strong: x is squared, and doubled where the bit is 1.
func (k *kernel) strong() {
	k.prologue()
	x := make([]num, k.groups)
	for g := range x {
		x[g] = k.loadAt("DI", slotOne, g)
	}
	k.eachBit(func(g int) {
		t := k.sqr(g, x[g])
		k.move(x[g], t)
		for i := range t {
			k.op("VPADDQ %s, %s, K1, %s", t[i], t[i], x[g][i])
		}
		k.drop(t)
		k.normalise(x[g], false)
	})
	one := k.constant(1)
	check := func(g int) { // -1
		y := k.value(g, x[g])
		y1 := k.plus(y, one)
		k.equal(y1, k.n(g), "K1", false)
		k.op("KORB K1, %s, %s", passed(g), passed(g))
		k.drop(y, y1)
	}
	for g := range x { // 1
		y := k.value(g, x[g])
		k.equalWord(y, one, passed(g), false)
		k.drop(y)
		check(g)
	}
	k.tailLoop(func() {
		for g := range x {
			t := k.normalise(k.sqr(g, x[g]), false)
			k.move(x[g], t)
			k.drop(t)
			check(g)
		}
	})
	k.verdict()
}

// lucas: of v = V(j), w = V(j+1) the products v*w - P and v*v - 2 or w*w - 2 are the next
// two. c2 and cp are added to products below 2n, which makes numbers below 4n.
func (k *kernel) lucas() {
	k.prologue()
	v, w := make([]num, k.groups), make([]num, k.groups)
	for g := range v {
		v[g], w[g] = k.loadAt("DI", slotOne, g), k.loadAt("DI", slotW, g)
		k.addTo(v[g], v[g]) // 2
		k.storeMinus(v[g], slotC2, g)
		k.storeMinus(w[g], slotCP, g)
	}
	k.eachBit(func(g int) {
		m := k.addTo(k.mul(g, v[g], w[g]), k.slot("DI", slotCP, g))
		y := k.regs(k.limbs)
		k.blend(y, v[g], w[g])
		s := k.addTo(k.sqr(g, y), k.slot("DI", slotC2, g))
		k.blend(v[g], s, m)
		k.blend(w[g], m, s)
		k.drop(y, m, s)
	})
	k.lucasFirst(v, w)
	zero := k.zeros(1)[0]
	k.tailLoop(func() {
		for g := range v {
			y := k.value(g, v[g])
			k.equal(y, k.n(g), "K1", false)
			k.equalWord(y, zero, "K2", false)
			k.op("KORB K1, %s, %s", passed(g), passed(g))
			k.op("KORB K2, %s, %s", passed(g), passed(g))
			t := k.addTo(k.sqr(g, v[g]), k.slot("DI", slotC2, g))
			k.move(v[g], t)
			k.drop(y, t)
		}
	})
	k.verdict()
}

// storeMinus puts 2n - a, a < 2n, into a slot.
func (k *kernel) storeMinus(a num, slot, g int) {
	r := k.regs(k.limbs)
	for i, n := range k.n(g) {
		k.op("VMOVDQU64 %s, %s", n, r[i])
		k.op("VPADDQ %s, %s, %s", r[i], r[i], r[i])
		k.op("VPSUBQ %s, %s, %s", a[i], r[i], r[i])
	}
	k.storeAt(k.normalise(r, true), "DI", slot, g)
}

// addTo adds b to the raw a and normalises it.
func (k *kernel) addTo(a, b num) num {
	for i := range a {
		k.op("VPADDQ %s, %s, %s", b[i], a[i], a[i])
	}
	return k.normalise(a, false)
}

// blend sets dst to b where K1 is set, and else to a.
func (k *kernel) blend(dst, a, b num) {
	for i := range dst {
		k.op("VPBLENDMQ %s, %s, K1, %s", b[i], a[i], dst[i])
	}
}

// lucasFirst has the lanes passed where V = 2 and W = P, or V = -2 and W = -P.
func (k *kernel) lucasFirst(v, w []num) {
	two := k.constant(2)
	for g := range v {
		p := k.reg()
		k.op("VMOVDQU64 %s, %s", mem("DI", slotP*k.limbs*k.groups+g), p)
		y, z := k.value(g, v[g]), k.value(g, w[g])
		k.drop(w[g])
		k.equalWord(y, two, passed(g), false)
		k.equalWord(z, p, passed(g), true)
		y2, zp := k.plus(y, two), k.plus(z, p)
		k.equal(y2, k.n(g), "K1", false)
		k.equal(zp, k.n(g), "K1", true)
		k.op("KORB K1, %s, %s", passed(g), passed(g))
		k.drop(y, z, y2, zp, num{p})
	}
	k.drop(num{two})
}
