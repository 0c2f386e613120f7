package mont

// A powerLane is one lane of limbPowers, with its limbs as in Lanes.
type powerLane struct {
	lane
	one, w laneNum
	p      uint64
	exp    [2]uint64
}

// lane returns lane i.
func (p *limbPowers) lane(i int) powerLane {
	get := func(from []uint64) (a laneNum) {
		for j := range p.limbs {
			a[j] = from[j*p.width+i]
		}
		return a
	}
	l := powerLane{lane: lane{limbs: p.limbs, inv: p.ctx[2*p.limbs*p.width+i]}}
	l.n = get(p.ctx)
	l.n2 = l.add(l.n, l.n)
	l.one, l.w, l.p = get(p.slot(slotOne)), get(p.slot(slotW)), p.slot(slotP)[i]
	l.exp = [2]uint64{p.exp[i], p.exp[p.width+i]}
	return l
}

// bit returns bit i of the exponent, counted from the top.
func (l *powerLane) bit(i int) bool { return l.exp[i/64]<<(i%64)>>63 == 1 }

// value returns a/R mod n, the number whose form is a < 4n. For 0 it returns n or 0.
func (l *powerLane) value(a laneNum) laneNum { return l.mul(a, laneNum{1}) }

// plus returns a+b.
func (l *powerLane) plus(a laneNum, b uint64) laneNum {
	a[0] += b
	return l.normalise(a)
}

// strong computes the strong test. For each bit of the exponent x is squared, and
// doubled if the bit is 1. n passes if x is 1, or if x or one of the next tail squares
// of it is -1.
func (l *powerLane) strong(bits, tail int) bool {
	x := l.one
	for i := range bits {
		x = l.mul(x, x)
		if l.bit(i) {
			x = l.add(x, x)
		}
	}
	ok := l.value(x) == laneNum{1}
	for range tail {
		ok = ok || l.plus(l.value(x), 1) == l.n
		x = l.mul(x, x)
	}
	return ok || l.plus(l.value(x), 1) == l.n
}

// lucas computes the Lucas test with v = V(j) and w = V(j+1), j being the bits of k
// read so far:
//
//	V(2j) = V(j)^2 - 2,  V(2j+1) = V(j)*V(j+1) - P,  V(2j+2) = V(j+1)^2 - 2
//
// At the end, D*U(k) = 2*V(k+1) - P*V(k) with D = P^2-4. So U(k) = 0 with V(k) = 2
// means V(k+1) = P, and U(k) = 0 with V(k) = -2 means V(k+1) = -P.
func (l *powerLane) lucas(bits, tail int) bool {
	v, w := l.add(l.one, l.one), l.w
	c2, cp := l.sub(laneNum{}, v), l.sub(laneNum{}, w)
	for i := range bits {
		m := l.add(l.mul(v, w), cp)
		if l.bit(i) {
			v, w = m, l.add(l.mul(w, w), c2)
		} else {
			v, w = l.add(l.mul(v, v), c2), m
		}
	}
	y, z := l.value(v), l.value(w)
	ok := y == laneNum{2} && z == laneNum{l.p} || l.plus(y, 2) == l.n && l.plus(z, l.p) == l.n
	for range tail {
		y := l.value(v)
		ok = ok || y == laneNum{} || y == l.n
		v = l.add(l.mul(v, v), c2)
	}
	return ok
}
