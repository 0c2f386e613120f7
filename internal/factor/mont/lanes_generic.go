package mont

import "math/bits"

// A lane is the modulus of one lane. Its arithmetic is that of gen/field.go, which
// proves the ranges. It computes the same limbs as the assembly.
type lane struct {
	limbs  int
	strict bool
	n, n2  laneNum
	inv    uint64
}

// A laneNum is a number in limbs of 52 bits. Unused limbs are 0.
type laneNum [3]uint64

// mulLimbs returns the high and the low 52 bits of the product of the low 52 bits of a
// and b, as VPMADD52 does.
func mulLimbs(a, b uint64) (hi, lo uint64) {
	hi, lo = bits.Mul64(a&limbMask, b&limbMask)
	return hi<<12 | lo>>52, lo & limbMask
}

// mul returns a*b/R modulo n.
func (l *lane) mul(a, b laneNum) laneNum {
	var t [6]uint64
	for i := range l.limbs {
		for j := range l.limbs {
			hi, lo := mulLimbs(a[i], b[j])
			t[i+j] += lo
			t[i+j+1] += hi
		}
	}
	if l.limbs == 1 {
		return l.redc1(t[1], t[0])
	}
	for i := range l.limbs {
		_, q := mulLimbs(t[i], l.inv)
		t[i+1] += (t[i] + limbMask) >> 52
		for j := range l.limbs {
			hi, lo := mulLimbs(q, l.n[j])
			if j > 0 {
				t[i+j] += lo
			}
			t[i+j+1] += hi
		}
	}
	var r laneNum
	copy(r[:], t[l.limbs:2*l.limbs])
	return l.normalise(r)
}

// redc1 reduces hi*2^52 + lo for one limb, which is strict.
func (l *lane) redc1(hi, lo uint64) laneNum {
	_, q := mulLimbs(lo, l.inv)
	h, _ := mulLimbs(q, l.n[0])
	return laneNum{min(hi-h, hi-h+l.n[0])}
}

func (l *lane) add(a, b laneNum) laneNum {
	for i := range l.limbs {
		a[i] += b[i]
	}
	if l.strict {
		a[0] = min(a[0], a[0]-l.n[0])
	}
	return l.normalise(a)
}

func (l *lane) sub(a, b laneNum) laneNum {
	for i := range l.limbs {
		a[i] -= b[i]
		if !l.strict {
			a[i] += l.n2[i]
		}
	}
	if l.strict {
		a[0] = min(a[0], a[0]+l.n[0])
	}
	return l.normalise(a)
}

// normalise carries from each limb to the next. Limbs are signed.
func (l *lane) normalise(a laneNum) laneNum {
	for i := range l.limbs - 1 {
		a[i+1] += uint64(int64(a[i]) >> 52)
		a[i] &= limbMask
	}
	return a
}

// A lanePoint is X, Z, X+Z and X-Z.
type lanePoint struct{ x, z, sum, diff laneNum }

// point returns the point x:z. For more than one limb, x is raised by 2n: see
// gen/curve.go.
func (l *lane) point(x, z laneNum) lanePoint {
	s, d := l.sumDiff(x, z)
	return lanePoint{l.raise(x), z, s, d}
}

// raise returns a + 2n, or a for one limb.
func (l *lane) raise(a laneNum) laneNum {
	if l.limbs == 1 {
		return a
	}
	return l.add(a, l.n2)
}

// sumDiff returns a+b and a-b with a raised.
func (l *lane) sumDiff(a, b laneNum) (sum, diff laneNum) {
	return l.add(l.raise(a), b), l.sub(a, b)
}

func (l *lane) pointAdd(p, q, d lanePoint) lanePoint {
	s, t := l.sumDiff(l.mul(p.diff, q.sum), l.mul(p.sum, q.diff))
	return l.point(l.mul(l.mul(s, s), d.z), l.mul(l.mul(t, t), d.x))
}

func (l *lane) pointDouble(p lanePoint, num, den laneNum) lanePoint {
	s, d := l.mul(p.sum, p.sum), l.mul(p.diff, p.diff)
	t := l.sub(s, d)
	e := l.mul(d, den)
	return l.point(l.mul(l.raise(s), e), l.mul(t, l.add(e, l.mul(t, num))))
}

// runGeneric executes code lane by lane, with the results of the kernels.
func (l *Lanes) runGeneric(code []Instruction) {
	for i := range l.width {
		v := laneView{l: l, i: i}
		v.lane = lane{limbs: l.limbs, strict: l.strict, inv: l.ctx[2*l.limbs*l.width+i]}
		v.n, v.n2 = v.load(l.ctx), v.load(l.ctx[l.limbs*l.width:])
		for _, in := range code {
			v.step(in)
		}
	}
}

// A laneView is one lane of a machine.
type laneView struct {
	lane
	l *Lanes
	i int
}

// load returns a number. Its limbs may have anything above their 52 bits: see
// gen/field.go.
func (v *laneView) load(from []uint64) (a laneNum) {
	for j := range v.limbs {
		a[j] = from[j*v.l.width+v.i]
		if j < v.limbs-1 {
			a[j] &= limbMask
		}
	}
	return a
}

func (v *laneView) slot(s int) laneNum { return v.load(v.l.mem[s*v.limbs*v.l.width:]) }

func (v *laneView) getPoint(s int) lanePoint {
	return lanePoint{v.slot(s), v.slot(s + 1), v.slot(s + 2), v.slot(s + 3)}
}

func (v *laneView) set(s int, a laneNum) {
	for j := range v.limbs {
		v.l.mem[(s*v.limbs+j)*v.l.width+v.i] = a[j]
	}
}

func (v *laneView) setPoint(s int, p lanePoint) {
	v.set(s, p.x)
	v.set(s+1, p.z)
	v.set(s+2, p.sum)
	v.set(s+3, p.diff)
}

func (v *laneView) step(in Instruction) {
	switch op, s := in.split(); op {
	case opAdd:
		v.setPoint(s[0], v.pointAdd(v.getPoint(s[1]), v.getPoint(s[2]), v.getPoint(s[3])))
	case opDouble:
		v.setPoint(s[0], v.pointDouble(v.getPoint(s[1]), v.slot(SlotNum), v.slot(SlotDen)))
	case opPairs:
		for i, b := range s[1:] {
			v.set(i, v.mul(v.slot(i), v.sub(v.slot(s[0]), v.slot(b))))
		}
	case opMul:
		v.set(s[0], v.mul(v.slot(s[1]), v.slot(s[2])))
	case opPoint:
		x, z := v.slot(s[0]), v.slot(s[0]+1)
		v.set(s[0]+2, v.add(x, z))
		v.set(s[0]+3, v.sub(x, z))
	case opGCD:
		v.set(s[0], laneNum{GCD(v.slot(s[1])[0], v.n[0])})
	case opSum:
		v.set(s[0], v.add(v.slot(s[1]), v.slot(s[2])))
	case opDiff:
		v.set(s[0], v.sub(v.slot(s[1]), v.slot(s[2])))
	}
}
