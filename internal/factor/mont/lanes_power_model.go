package mont

// A vectorLane is one lane of vectorPowers.
type vectorLane struct {
	*vectorPowerKind
	c                 avxConstants
	n                 uint64
	x, w, one, two, p avxNumber
	exp               uint64
}

// lane returns lane i.
func (p *vectorPowers) lane(i int) vectorLane {
	l := vectorLane{vectorPowerKind: p.vectorPowerKind, n: p.slot(vectorN)[i], exp: p.slot(vectorExp)[i]}
	for j := range p.constants {
		l.c[j] = p.ctx[j*vectorWidth+i]
	}
	for s, to := range []*avxNumber{&l.x, &l.w, &l.one, &l.two, &l.p} {
		to[0] = p.slot(s)[i]
	}
	return l
}

func (l *vectorLane) mul(a, b avxNumber) avxNumber { return l.form.half(l.c, l.form.mul(l.c, a, b)) }

// minus returns a - b for a product a.
func (l *vectorLane) minus(a, b avxNumber) avxNumber {
	return l.form.half(l.c, l.form.sub(l.c, a, b))
}

// bit takes the next bit of the exponent.
func (l *vectorLane) bit() bool {
	bit := int64(l.exp) < 0
	l.exp <<= 1
	return bit
}

// equal reports whether a = b, or a = -b, modulo n.
func (l *vectorLane) equal(a, b avxNumber) bool      { return l.zero(l.form.sub(l.c, a, b)) }
func (l *vectorLane) minusEqual(a, b avxNumber) bool { return l.zero(l.form.add(l.c, a, b)) }

// zero reports whether a = 0 modulo n.
func (l *vectorLane) zero(a avxNumber) bool {
	if l.form.sizeOfR() == 0 {
		return floatForm{halves: true}.half(l.c, a)[0] == 0
	}
	_, signed := l.form.(shortIntForm)
	return a[0] == 0 || signed && (a[0] == l.n || a[0] == -l.n)
}

// strong makes the strong test, as powerLane.strong.
func (l *vectorLane) strong(bits, tail int) bool {
	x := l.x
	for range bits {
		switch bit := l.bit(); {
		case bit && l.twice:
			x = l.mul(x, x)
			x = l.form.add(l.c, x, x)
		case bit:
			x = l.mul(x, l.form.add(l.c, x, x))
		default:
			x = l.mul(x, x)
		}
	}
	x = l.mul(x, l.one)
	ok := l.equal(x, l.one) || l.minusEqual(x, l.one)
	for range tail {
		x = l.mul(x, x)
		ok = ok || l.minusEqual(x, l.one)
	}
	return ok
}

// lucas makes the Lucas test, as powerLane.lucas.
func (l *vectorLane) lucas(bits, tail int) bool {
	v, w := l.x, l.w
	for range bits {
		odd := l.minus(l.form.mul(l.c, v, w), l.p)
		if l.bit() {
			v, w = odd, l.minus(l.form.mul(l.c, w, w), l.two)
		} else {
			v, w = l.minus(l.form.mul(l.c, v, v), l.two), odd
		}
	}
	v, w = l.mul(v, l.one), l.mul(w, l.one)
	ok := l.equal(v, l.two) && l.equal(w, l.p) || l.minusEqual(v, l.two) && l.minusEqual(w, l.p)
	for range tail {
		ok = ok || l.zero(v)
		v = l.minus(l.form.mul(l.c, v, v), l.two)
	}
	return ok
}
