package mont

import "math/bits"

// wordPowers are Powers of words in Go, R = 2^64. The instructions of two lanes
// alternate, so that one lane computes while the other waits for a product. A number
// takes 0.56 to 0.67 of the time that it takes alone.
type wordPowers struct {
	free  bool // all moduli are below 2^60: no comparisons
	lanes [2]wordLane
}

// A wordLane is a lane of wordPowers. one, two and p are the forms of 1, 2 and P, below
// n.
type wordLane struct {
	n, inv, one, two, p uint64
	exp                 uint64 // d or k
	tail                int    // s or r, less 1
}

// wordPowerKinds are the sizes of wordPowers.
var wordPowerKinds = [...]struct {
	bits int
	free bool
}{{60, true}, {64, false}}

func newWordPowers(free bool) *wordPowers {
	w := &wordPowers{free: free}
	for lane := range w.lanes {
		var m PowerModulus
		w.Prepare(&m, [2]uint64{5, 0}) // so that idle lanes compute something
		w.SetLucas(lane, &m, 3)
	}
	return w
}

func (w *wordPowers) Width() int { return len(w.lanes) }

func (w *wordPowers) Prepare(m *PowerModulus, n [2]uint64) {
	m.N = n
	m.inv = Inverse(n[0])
	m.one[0] = -n[0] % n[0] // 2^64 - n
}

// set gives a lane its modulus, and as its exponent the odd part of a > 0.
func (w *wordPowers) set(lane int, m *PowerModulus, a uint64) {
	s := bits.TrailingZeros64(a)
	w.lanes[lane] = wordLane{n: m.N[0], inv: m.inv, one: m.one[0], exp: a >> s, tail: s - 1}
}

func (w *wordPowers) SetStrong(lane int, m *PowerModulus) { w.set(lane, m, m.N[0]-1) }

func (w *wordPowers) SetLucas(lane int, m *PowerModulus, param uint64) {
	w.set(lane, m, m.N[0]+1)
	l := &w.lanes[lane]
	l.two = Add(l.one, l.one, l.n)
	hi, lo := bits.Mul64(l.one, param)
	_, l.p = bits.Div64(hi, lo, l.n) // hi < param < n
}

// align returns both exponents, shifted so that the highest bit of the longer one is
// bit 63, and the length of that in bits. Zero bits in front of an exponent change
// nothing: see limbPowers.align.
func (w *wordPowers) align() (e0, e1 uint64, length int) {
	e0, e1 = w.lanes[0].exp, w.lanes[1].exp
	length = bits.Len64(e0 | e1)
	return e0 << (64 - length), e1 << (64 - length), length
}

func (w *wordPowers) Strong(count int) uint32 {
	if w.free {
		return w.answer(count, w.freeStrong())
	}
	return w.answer(count, w.maskedStrong())
}

func (w *wordPowers) Lucas(count int) uint32 {
	if w.free {
		return w.answer(count, w.freeLucas())
	}
	return w.answer(count, w.maskedLucas())
}

// answer returns the results of the first count lanes as bits.
func (w *wordPowers) answer(count int, ok [2]bool) (mask uint32) {
	for i := range min(count, len(ok)) {
		if ok[i] {
			mask |= 1 << i
		}
	}
	return mask
}

// freeProduct returns a*b/R + c modulo n, between c-n and c+n. Requires a*b < n*R and n
// <= c <= 2n. For n < 2^60 all numbers below 4n satisfy that: 16n^2 < n*R.
func freeProduct(a, b, c, n, inv uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	h, _ := bits.Mul64(lo*inv, n)
	return hi + c - h // as in Redc hi, h < n
}

// maskedProduct is Modulus.Mul without a branch: the borrow of hi - h is the mask of n.
func maskedProduct(a, b, n, inv uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	h, _ := bits.Mul64(lo*inv, n)
	return maskedDifference(hi, h, n)
}

// maskedDifference returns a-b mod n. Requires a, b < n.
func maskedDifference(a, b, n uint64) uint64 {
	d, borrow := bits.Sub64(a, b, 0)
	return d + n&-borrow
}

// freeStrong computes the strong test for n < 2^60. Invariant: x0 < 4*n0 and x1 < 4*n1.
func (w *wordPowers) freeStrong() [2]bool {
	l0, l1 := &w.lanes[0], &w.lanes[1]
	n0, n1, inv0, inv1 := l0.n, l1.n, l0.inv, l1.inv
	x0, x1 := l0.one, l1.one
	e0, e1, length := w.align()
	for range length {
		x0, x1 = freeProduct(x0, x0, n0, n0, inv0), freeProduct(x1, x1, n1, n1, inv1)
		t0, t1 := x0+x0, x1+x1
		if int64(e0) < 0 {
			x0 = t0
		}
		if int64(e1) < 0 {
			x1 = t1
		}
		e0, e1 = e0<<1, e1<<1
	}
	return [2]bool{l0.strongEnd(x0), l1.strongEnd(x1)}
}

// maskedStrong computes the strong test with numbers below n.
func (w *wordPowers) maskedStrong() [2]bool {
	l0, l1 := &w.lanes[0], &w.lanes[1]
	n0, n1, inv0, inv1 := l0.n, l1.n, l0.inv, l1.inv
	x0, x1 := l0.one, l1.one
	e0, e1, length := w.align()
	for range length {
		x0, x1 = maskedProduct(x0, x0, n0, inv0), maskedProduct(x1, x1, n1, inv1)
		t0, t1 := maskedDifference(x0, n0-x0, n0), maskedDifference(x1, n1-x1, n1) // 2^k modulo n is not 0
		if int64(e0) < 0 {
			x0 = t0
		}
		if int64(e1) < 0 {
			x1 = t1
		}
		e0, e1 = e0<<1, e1<<1
	}
	return [2]bool{l0.strongEnd(x0), l1.strongEnd(x1)}
}

// mul is Modulus.Mul. Requires a*b < n*R.
func (l *wordLane) mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return Redc(hi, lo, l.n, l.inv)
}

// strongEnd reports whether n passes the strong test, given x = 2^d modulo n, x < 4n.
func (l *wordLane) strongEnd(x uint64) bool {
	x = l.mul(x, l.one)
	minus := l.n - l.one
	ok := x == l.one || x == minus
	for i := 0; i < l.tail && !ok; i++ {
		x = l.mul(x, x)
		ok = x == minus
	}
	return ok
}

// freeLucas computes the Lucas test for n < 2^60, see powerLane.lucas. Invariant: v and
// w are below 3n.
func (w *wordPowers) freeLucas() [2]bool {
	l0, l1 := &w.lanes[0], &w.lanes[1]
	n0, n1, inv0, inv1 := l0.n, l1.n, l0.inv, l1.inv
	v0, v1, w0, w1 := l0.two, l1.two, l0.p, l1.p
	c0, c1, p0, p1 := 2*n0-v0, 2*n1-v1, 2*n0-w0, 2*n1-w1
	e0, e1, length := w.align()
	for range length {
		odd0, odd1 := freeProduct(v0, w0, p0, n0, inv0), freeProduct(v1, w1, p1, n1, inv1)
		if int64(e0) < 0 {
			v0 = w0
		}
		if int64(e1) < 0 {
			v1 = w1
		}
		even0, even1 := freeProduct(v0, v0, c0, n0, inv0), freeProduct(v1, v1, c1, n1, inv1)
		v0, w0 = even0, odd0
		if int64(e0) < 0 {
			v0, w0 = odd0, even0
		}
		v1, w1 = even1, odd1
		if int64(e1) < 0 {
			v1, w1 = odd1, even1
		}
		e0, e1 = e0<<1, e1<<1
	}
	return [2]bool{l0.lucasEnd(v0, w0), l1.lucasEnd(v1, w1)}
}

// maskedLucas computes the Lucas test with numbers below n.
func (w *wordPowers) maskedLucas() [2]bool {
	l0, l1 := &w.lanes[0], &w.lanes[1]
	n0, n1, inv0, inv1 := l0.n, l1.n, l0.inv, l1.inv
	v0, v1, w0, w1 := l0.two, l1.two, l0.p, l1.p
	c0, c1, p0, p1 := v0, v1, w0, w1
	e0, e1, length := w.align()
	for range length {
		odd0 := maskedDifference(maskedProduct(v0, w0, n0, inv0), p0, n0)
		odd1 := maskedDifference(maskedProduct(v1, w1, n1, inv1), p1, n1)
		if int64(e0) < 0 {
			v0 = w0
		}
		if int64(e1) < 0 {
			v1 = w1
		}
		even0 := maskedDifference(maskedProduct(v0, v0, n0, inv0), c0, n0)
		even1 := maskedDifference(maskedProduct(v1, v1, n1, inv1), c1, n1)
		v0, w0 = even0, odd0
		if int64(e0) < 0 {
			v0, w0 = odd0, even0
		}
		v1, w1 = even1, odd1
		if int64(e1) < 0 {
			v1, w1 = odd1, even1
		}
		e0, e1 = e0<<1, e1<<1
	}
	return [2]bool{l0.lucasEnd(v0, w0), l1.lucasEnd(v1, w1)}
}

// lucasEnd reports whether n passes the Lucas test, given v = V(k) and w = V(k+1) below
// 4n.
func (l *wordLane) lucasEnd(v, w uint64) bool {
	v, w = l.mul(v, l.one), l.mul(w, l.one)
	if v == l.two && w == l.p || v == l.n-l.two && w == l.n-l.p {
		return true
	}
	for range l.tail {
		if v == 0 {
			return true
		}
		v = Sub(l.mul(v, v), l.two, l.n)
	}
	return false
}
