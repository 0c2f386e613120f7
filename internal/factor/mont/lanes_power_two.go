package mont

import "math/bits"

// twoPowers are Powers of moduli of two words in Go, with one lane. R = 2^128, and all
// numbers are below n.
type twoPowers struct {
	n, one, two, p twoWords
	neg            uint64 // -1/n mod 2^64
	exp            twoWords
	length, tail   int
}

// A twoWords is lo + hi*2^64.
type twoWords struct{ lo, hi uint64 }

func newTwoPowers() *twoPowers {
	t := new(twoPowers)
	var m PowerModulus
	t.Prepare(&m, [2]uint64{5, 0}) // so that an idle lane computes something
	t.SetLucas(0, &m, 3)
	return t
}

func (t *twoPowers) Width() int { return 1 }

func (t *twoPowers) Prepare(m *PowerModulus, n [2]uint64) {
	m.N = n
	m.inv = -Inverse(n[0])
	if n[1] != 0 {
		m.one = rem3(1, 0, 0, n) // 2^128 < n*2^64
		return
	}
	_, r := bits.Div64(-n[0]%n[0], 0, n[0])
	m.one = [2]uint64{r, 0}
}

// set takes the modulus, and as the exponent the odd part of a0 + a1*2^64 > 0.
func (t *twoPowers) set(m *PowerModulus, a0, a1 uint64) {
	t.n, t.one, t.neg = twoWords{m.N[0], m.N[1]}, twoWords{m.one[0], m.one[1]}, m.inv
	s := bits.TrailingZeros64(a0)
	if a0 == 0 {
		s = 64 + bits.TrailingZeros64(a1)
		a0, a1 = a1, 0
	}
	shift := s % 64
	t.exp = twoWords{a0>>shift | a1<<1<<(63-shift), a1 >> shift}
	t.tail = s - 1
	t.length = bits.Len64(t.exp.lo)
	if t.exp.hi != 0 {
		t.length = 64 + bits.Len64(t.exp.hi)
	}
}

// bit returns bit i of the exponent.
func (t *twoPowers) bit(i int) uint64 {
	w := t.exp.lo
	if i >= 64 {
		w = t.exp.hi
	}
	return w >> (i % 64) & 1
}

func (t *twoPowers) SetStrong(_ int, m *PowerModulus) { t.set(m, m.N[0]-1, m.N[1]) }

func (t *twoPowers) SetLucas(_ int, m *PowerModulus, param uint64) {
	k, c := bits.Add64(m.N[0], 1, 0)
	t.set(m, k, m.N[1]+c)
	t.two = t.add(t.one, t.one)
	p := timesWord(m.one, param, m.N)
	t.p = twoWords{p[0], p[1]}
}

// mul returns a*b/R mod n.
//
// As in mulRegisters of gen/words.go, r = (a*b0 + q0*n)/2^64 < a + n, and s = r + a*b1
// + q1*n < 2n*2^64. So r may have a third word, and s a bit above its third, which is
// top. If n is close to 2^128, r + a*b1 has that bit already.
func (t *twoPowers) mul(a, b twoWords) twoWords {
	n := t.n
	h0, r0 := bits.Mul64(a.lo, b.lo)
	h1, r1 := bits.Mul64(a.hi, b.lo)
	r1, c := bits.Add64(r1, h0, 0)
	r2 := h1 + c
	q := r0 * t.neg
	h0, l0 := bits.Mul64(q, n.lo)
	h1, l1 := bits.Mul64(q, n.hi)
	_, c = bits.Add64(r0, l0, 0)
	r1, c = bits.Add64(r1, l1, c)
	r2, r3 := bits.Add64(r2, h1, c)
	r1, c = bits.Add64(r1, h0, 0)
	r2, c = bits.Add64(r2, 0, c)
	r3 += c
	h0, l0 = bits.Mul64(a.lo, b.hi)
	h1, l1 = bits.Mul64(a.hi, b.hi)
	r1, c = bits.Add64(r1, l0, 0)
	r2, c = bits.Add64(r2, l1, c)
	r3, top := bits.Add64(r3, h1, c)
	r2, c = bits.Add64(r2, h0, 0)
	r3, c = bits.Add64(r3, 0, c)
	top += c
	q = r1 * t.neg
	h0, l0 = bits.Mul64(q, n.lo)
	h1, l1 = bits.Mul64(q, n.hi)
	_, c = bits.Add64(r1, l0, 0)
	r2, c = bits.Add64(r2, l1, c)
	r3, c = bits.Add64(r3, h1, c)
	top += c
	r2, c = bits.Add64(r2, h0, 0)
	r3, c = bits.Add64(r3, 0, c)
	return t.reduce(twoWords{r2, r3}, top+c)
}

// reduce returns a + top*2^128 mod n. Requires a number below 2n.
func (t *twoPowers) reduce(a twoWords, top uint64) twoWords {
	lo, b := bits.Sub64(a.lo, t.n.lo, 0)
	hi, b := bits.Sub64(a.hi, t.n.hi, b)
	return twoWords{lo, hi}.or(a, b&^top)
}

// or returns b if bit is 1, and a if it is 0, without a branch.
func (a twoWords) or(b twoWords, bit uint64) twoWords {
	return twoWords{a.lo ^ (a.lo^b.lo)&-bit, a.hi ^ (a.hi^b.hi)&-bit}
}

func (t *twoPowers) add(a, b twoWords) twoWords {
	lo, c := bits.Add64(a.lo, b.lo, 0)
	hi, c := bits.Add64(a.hi, b.hi, c)
	return t.reduce(twoWords{lo, hi}, c)
}

func (t *twoPowers) sub(a, b twoWords) twoWords {
	lo, c := bits.Sub64(a.lo, b.lo, 0)
	hi, c := bits.Sub64(a.hi, b.hi, c)
	lo, d := bits.Add64(lo, t.n.lo&-c, 0)
	hi, _ = bits.Add64(hi, t.n.hi&-c, d)
	return twoWords{lo, hi}
}

func (t *twoPowers) Strong(count int) uint32 {
	x := t.one
	for i := t.length - 1; i >= 0; i-- {
		x = t.mul(x, x)
		x = x.or(t.add(x, x), t.bit(i))
	}
	minus := t.sub(twoWords{}, t.one)
	ok := x == t.one || x == minus
	for i := 0; i < t.tail && !ok; i++ {
		x = t.mul(x, x)
		ok = x == minus
	}
	return answerOfOne(count, ok)
}

// Lucas computes the Lucas test: see powerLane.lucas.
func (t *twoPowers) Lucas(count int) uint32 {
	v, w := t.two, t.p
	for i := t.length - 1; i >= 0; i-- {
		odd := t.sub(t.mul(v, w), t.p)
		bit := t.bit(i)
		y := v.or(w, bit)
		even := t.sub(t.mul(y, y), t.two)
		v, w = even.or(odd, bit), odd.or(even, bit)
	}
	zero := twoWords{}
	ok := v == t.two && w == t.p || v == t.sub(zero, t.two) && w == t.sub(zero, t.p)
	for i := 0; i < t.tail && !ok; i++ {
		ok = v == zero
		v = t.sub(t.mul(v, v), t.two)
	}
	return answerOfOne(count, ok)
}

// answerOfOne returns the result of one lane as a bit, if count is not 0.
func answerOfOne(count int, ok bool) uint32 {
	if ok && count > 0 {
		return 1
	}
	return 0
}
