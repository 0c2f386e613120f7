package main

import "fmt"

func init() { register("lanes_curve", emitCurve) }

// The machines of Lanes, see there for the fields and for what a program is. Fewer groups are
// slower, by BenchmarkLanes; more are not quicker.
var machines = []struct {
	name string
	field
}{
	{"runLanes1Strict", field{limbs: 1, groups: 6, strict: true}},
	{"runLanes2Short", field{limbs: 2, groups: 4, short: true}},
	{"runLanes2", field{limbs: 2, groups: 4}},
	{"runLanes3", field{limbs: 3, groups: 2}},
}

func emitCurve(f *file) {
	for _, m := range machines {
		doc := fmt.Sprintf("%s executes count instructions, which is not 0, on %d lanes of %d limbs.", m.name, 8*m.groups, m.limbs)
		k := f.kernel(m.name, doc, m.field,
			param{"ctx", "*uint64"}, param{"mem", "*uint64"}, param{"code", "*Instruction"}, param{"count", "int"})
		k.op("MOVQ ctx+0(FP), CX")
		k.op("MOVQ mem+8(FP), DI")
		k.op("MOVQ code+16(FP), SI")
		k.op("MOVQ count+24(FP), BX")
		k.curveMachine()
	}
}

// The layout of an Instruction and the slots with a fixed use, as in package mont.
const (
	opAdd = iota
	opDouble
	opPairs
	opMul
	opSum
	opDiff
	opPoint
	opGCD
	opTwoPairs // of WideLanes

	opBits, slotBits = 4, 15
	slotNum, slotDen = 3, 4 // 0 to 2 are the products of opPairs
)

// A point is four numbers, for products only: X, Z, X+Z and X-Z. In a lazy field X is held plus 2n, so
// that these are ready when it is. The ranges there are
//
//	X < 4n   Z < 2n   X+Z < 6n   X-Z < 4n
//
// and products are of less than 36n^2, which is below R*n if n < 2^98 or 2^150. With one limb, strict,
// all are below n.

// lifts reports whether results get 2n added on the way.
func (k *kernel) lifts() bool { return k.limbs > 1 }

// minuend returns a*b/R, plus 2n if there is to be.
func (k *kernel) minuend(g int, a, b num) num {
	if k.lifts() {
		return k.mulPlus(g, a, b)
	}
	return k.mul(g, a, b)
}

// minuendSqr works like minuend for a square.
func (k *kernel) minuendSqr(g int, a num) num {
	if k.lifts() {
		return k.sqrPlus(g, a)
	}
	return k.sqr(g, a)
}

// sumDiff returns a+b and a-b, carried, a being a minuend.
func (k *kernel) sumDiff(g int, a, b num) (sum, diff num) {
	sum = k.carry(k.add(g, a, b), false)
	if k.lifts() {
		return sum, k.carry(k.less(a, b), true)
	}
	return sum, k.carry(k.sub(g, a, b), true)
}

// storePoint stores the point with X, a minuend, and Z at base, and drops them.
func (k *kernel) storePoint(x, z num, base string, g int) {
	sum, diff := k.sumDiff(g, x, z)
	for i, a := range []num{k.carry(x, false), k.carry(z, false), sum, diff} {
		k.storeAt(a, base, i, g)
	}
}

// pointAdd: with u = (xp-zp)(xq+zq) and v = (xp+zp)(xq-zq) the sum of p and q is
// (u+v)^2 * zd : (u-v)^2 * xd, where d = p-q.
//
// Between phases the factors are in the last two slots of dst: dst may be p or q, of which
// the group is done with, or d, of which it needs X and Z alone.
func (k *kernel) pointAdd() {
	dst, p, q, d := operandRegs[0], operandRegs[1], operandRegs[2], operandRegs[3]
	k.phases(
		func(g int) {
			var u, v num
			sp, dp := k.loadAt(p, 2, g), k.loadAt(p, 3, g)
			k.both(func() { u = k.minuend(g, dp, k.slot(q, 2, g)) }, func() { v = k.mul(g, sp, k.slot(q, 3, g)) })
			sum, diff := k.sumDiff(g, u, v)
			k.drop(sp, dp, u, v)
			k.storeAt(sum, dst, 2, g)
			k.storeAt(diff, dst, 3, g)
		},
		func(g int) {
			var a, b num
			s, t := k.loadAt(dst, 2, g), k.loadAt(dst, 3, g)
			k.both(func() { a = k.carry(k.sqr(g, s), false) }, func() { b = k.carry(k.sqr(g, t), false) })
			k.drop(s, t)
			k.storeAt(a, dst, 2, g)
			k.storeAt(b, dst, 3, g)
		},
		func(g int) {
			var x, z num
			s, t := k.loadAt(dst, 2, g), k.loadAt(dst, 3, g)
			k.both(func() { x = k.minuend(g, s, k.slot(d, 1, g)) }, func() { z = k.mul(g, t, k.slot(d, 0, g)) })
			k.drop(s, t)
			k.storePoint(x, z, dst, g)
		})
}

// pointDouble: with s = (x+z)^2, d = (x-z)^2, t = s-d and (A+2)/4 = num/den, twice the point
// is s*(den*d) : t*(den*d + num*t).
//
// Between phases s, t, d or den*d, and den*d + num*t are in the slots of dst, which may be p:
// the group is done with it.
func (k *kernel) pointDouble() {
	dst, p := operandRegs[0], operandRegs[1]
	k.phases(
		func(g int) {
			var s, d, t num
			sum, diff := k.loadAt(p, 2, g), k.loadAt(p, 3, g)
			k.both(func() { s = k.minuendSqr(g, sum) }, func() { d = k.sqr(g, diff) })
			k.drop(sum, diff)
			if k.lifts() {
				t = k.less(s, d)
			} else {
				t = k.sub(g, s, d)
			}
			k.storeAt(k.carry(s, false), dst, 0, g)
			k.storeAt(k.carry(t, true), dst, 1, g)
			k.storeAt(k.carry(d, false), dst, 2, g)
		},
		func(g int) {
			var e, f num
			t, d := k.loadAt(dst, 1, g), k.loadAt(dst, 2, g)
			k.both(func() { e = k.mul(g, d, k.slot("DI", slotDen, g)) }, func() { f = k.mul(g, t, k.slot("DI", slotNum, g)) })
			k.drop(t, d)
			k.storeAt(k.carry(k.add(g, e, f), false), dst, 3, g)
			k.drop(f)
			k.storeAt(k.carry(e, false), dst, 2, g)
		},
		func(g int) {
			var x, z num
			s, t := k.loadAt(dst, 0, g), k.loadAt(dst, 1, g)
			k.both(func() { x = k.minuend(g, s, k.slot(dst, 2, g)) }, func() { z = k.mul(g, t, k.slot(dst, 3, g)) })
			k.drop(s, t)
			k.storePoint(x, z, dst, g)
		})
}

// makePoint completes a point of which X and Z are there, X below 2n: it gets no 2n more.
func (k *kernel) makePoint() {
	p := operandRegs[0]
	for g := range k.groups {
		x, z := k.loadAt(p, 0, g), k.loadAt(p, 1, g)
		k.storeAt(k.carry(k.add(g, x, z), false), p, 2, g)
		k.storeAt(k.carry(k.sub(g, x, z), true), p, 3, g)
		k.drop(x, z)
	}
}

// pairs multiplies the products in the slots 0 to 2 by the differences of the first
// operand and the other three. The three products and the groups are independent.
func (k *kernel) pairs() {
	for g := range k.groups {
		giant := k.loadAt(operandRegs[0], 0, g)
		if k.lifts() {
			for i, m := range k.twice(g) {
				k.op("VPADDQ %s, %s, %s", m, giant[i], giant[i])
			}
		}
		for i, baby := range operandRegs[1:] {
			var d num
			if k.lifts() {
				d = k.less(giant, k.slot(baby, 0, g))
			} else {
				d = k.sub(g, giant, k.slot(baby, 0, g))
			}
			r := k.mul(g, k.carry(d, true), k.slot("DI", i, g))
			k.drop(d)
			k.storeAt(k.carry(r, false), "DI", i, g)
		}
		k.drop(giant)
	}
}

// mulSlots sets a slot to the product of two.
func (k *kernel) mulSlots() {
	for g := range k.groups {
		a := k.loadAt(operandRegs[1], 0, g)
		r := k.mul(g, a, k.slot(operandRegs[2], 0, g))
		k.drop(a)
		k.storeAt(k.normalise(r, false), operandRegs[0], 0, g)
	}
}

// linear sets a slot to the sum or difference of two.
func (k *kernel) linear(f func(g int, a, b num) num, signed bool) {
	for g := range k.groups {
		a := k.loadAt(operandRegs[1], 0, g)
		r := f(g, a, k.slot(operandRegs[2], 0, g))
		k.drop(a)
		k.storeAt(k.normalise(r, signed), operandRegs[0], 0, g)
	}
}

// gcd sets a slot to gcd(a, n), for one limb: a < 2^62 in another slot.
//
// Before and after each step v is odd, and gcd(u, v) is the one wanted: an even u is
// halved; for an odd one the lesser is kept in v, and the difference, which is even, is
// halved. It ends with u = 0 since u+v becomes less with each step unless u is 0.
func (k *kernel) gcd() {
	u, v := make(num, k.groups), make(num, k.groups)
	for g := range u {
		u[g], v[g] = k.loadAt(operandRegs[1], 0, g)[0], k.reg()
		k.op("VMOVDQU64 %s, %s", k.n(g)[0], v[g])
	}
	one := k.reg()
	k.op("VPSRLQ $51, %s, %s", maskReg, one)
	k.label("gcdLoop")
	for range 4 {
		for g := range u {
			d, odd := k.reg(), fmt.Sprint("K", g+1)
			k.op("VPTESTMQ %s, %s, %s", one, u[g], odd)
			k.op("VPSUBQ %s, %s, %s", v[g], u[g], d)
			k.op("VPMINUQ %s, %s, %s, %s", u[g], v[g], odd, v[g])
			k.op("VPABSQ %s, %s, %s", d, odd, u[g])
			k.op("VPSRLQ $1, %s, %s", u[g], u[g])
			k.drop(num{d})
		}
	}
	any := k.reg()
	k.op("VPORQ %s, %s, %s", u[0], u[1], any)
	for _, r := range u[2:] {
		k.op("VPORQ %s, %s, %s", r, any, any)
	}
	k.op("VPTESTMQ %s, %s, K1", any, any)
	k.op("KORTESTB K1, K1")
	k.op("JNZ gcdLoop")
	k.drop(u, num{one, any})
	for g := range v {
		k.storeAt(v[g:g+1], operandRegs[0], 0, g)
	}
}
