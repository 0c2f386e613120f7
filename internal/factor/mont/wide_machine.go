package mont

import "math/bits"

// A WideMachine executes the programs of WideLanes in one lane, on the elements of a
// Wide. It computes the same residues.
//
// If n <= R/16, its numbers are lazy: X, Z and products are below 2n, sums and
// differences, to which 2n is added, below 4n. A product of two of these is below
// (4n*4n + R*n)/R <= 2n.
type WideMachine struct {
	w          *Wide
	mem        []uint64
	k          int
	u, v, s, t Element

	mul, sqr, sum, diff func(w *Wide, z, x, y Element) // sqr is of x
	lazy                bool
}

// Reset makes m a machine modulo the number of w with memory for slots slots. It keeps
// w. The contents of all slots but SlotOne are void.
func (m *WideMachine) Reset(w *Wide, slots int) {
	m.w, m.k = w, w.Words()
	words := (slots + 4) * m.k
	if cap(m.mem) < words {
		m.mem = make([]uint64, words)
	}
	m.mem = m.mem[:words]
	m.u, m.v, m.s, m.t = m.slot(slots), m.slot(slots+1), m.slot(slots+2), m.slot(slots+3)
	m.choose()
	m.Set(SlotOne, 0, w.one)
}

// choose sets the functions by the size of the modulus.
func (m *WideMachine) choose() {
	k := m.k
	m.lazy = k > 1 && m.w.big.BitLen() <= 64*k-4
	m.mul, m.sqr = m.w.product, m.w.product
	m.sum, m.diff = sumGeneric, diffGeneric
	switch {
	case !m.lazy:
		m.mul, m.sqr, m.sum, m.diff = (*Wide).Mul, (*Wide).Mul, (*Wide).Add, (*Wide).Sub
	case k < len(fixedSum):
		m.sum, m.diff = fixedSum[k], fixedDiff[k]
	}
	if m.lazy && k < len(fixedSqr) && !m.w.adx {
		m.mul, m.sqr = fixedMul[k], fixedSqr[k]
	}
}

// Width returns 1.
func (m *WideMachine) Width() int { return 1 }

func (m *WideMachine) slot(s int) Element { return m.mem[s*m.k : (s+1)*m.k : (s+1)*m.k] }

// Set puts x into a slot.
func (m *WideMachine) Set(slot, _ int, x Element) { copy(m.slot(slot), x) }

// Get sets z to what is in a slot.
func (m *WideMachine) Get(z Element, slot, _ int) {
	copy(z, m.slot(slot))
	if m.lazy {
		m.w.reduce(z) // of a sum twice
		m.w.reduce(z)
		m.w.reduce(z)
	}
}

// Run executes the program.
func (m *WideMachine) Run(code []Instruction) {
	w := m.w
	for _, in := range code {
		const mask = MaxSlots - 1
		dst, a := int(in>>opBits&mask), int(in>>(opBits+slotBits)&mask)
		b, c := int(in>>(opBits+2*slotBits)&mask), int(in>>(opBits+3*slotBits)&mask)
		switch in & (1<<opBits - 1) {
		case opAdd:
			m.add(dst, a, b, c)
		case opDouble:
			m.double(dst, a)
		case opTwoPairs:
			m.pair(dst, a, b)
			m.pair(dst+1, a, c)
		case opMul:
			m.mul(w, m.slot(dst), m.slot(a), m.slot(b))
		case opSum:
			m.sum(w, m.slot(dst), m.slot(a), m.slot(b))
		case opDiff:
			m.diff(w, m.slot(dst), m.slot(a), m.slot(b))
		case opPoint: // a point has X and Z only
		default:
			panic("mont: internal error: no such instruction")
		}
	}
}

// pair multiplies a product by giant-baby.
func (m *WideMachine) pair(product, giant, baby int) {
	m.diff(m.w, m.t, m.slot(giant), m.slot(baby))
	p := m.slot(product)
	m.mul(m.w, p, m.t, p)
}

// add sets the point dst = p+q, d being p-q; the formulas are those of gen/curve.go.
func (m *WideMachine) add(dst, p, q, d int) {
	w, u, v, s, t := m.w, m.u, m.v, m.s, m.t
	px, pz, qx, qz := m.slot(p), m.slot(p+1), m.slot(q), m.slot(q+1)
	m.diff(w, u, px, pz)
	m.sum(w, s, qx, qz)
	m.mul(w, u, u, s)
	m.sum(w, v, px, pz)
	m.diff(w, t, qx, qz)
	m.mul(w, v, v, t)
	m.sum(w, s, u, v)
	m.diff(w, t, u, v)
	m.sqr(w, s, s, s)
	m.sqr(w, t, t, t)
	m.mul(w, t, t, m.slot(d))
	m.mul(w, m.slot(dst), s, m.slot(d+1))
	copy(m.slot(dst+1), t)
}

// double sets the point dst = 2p.
func (m *WideMachine) double(dst, p int) {
	w, s, d, t := m.w, m.s, m.u, m.t
	px, pz := m.slot(p), m.slot(p+1)
	m.sum(w, s, px, pz)
	m.diff(w, d, px, pz)
	m.sqr(w, s, s, s)
	m.sqr(w, d, d, d)
	m.diff(w, t, s, d)
	m.mul(w, m.slot(dst), s, d)
	m.mul(w, s, t, m.slot(SlotNum))
	m.sum(w, s, s, d)
	m.mul(w, m.slot(dst+1), t, s)
}

// sumGeneric sets z = x+y. Requires x+y < R.
func sumGeneric(w *Wide, z, x, y Element) {
	var carry uint64
	for i := range w.n {
		z[i], carry = bits.Add64(x[i], y[i], carry)
	}
}

// diffGeneric sets z = x-y+2n. Requires y <= 2n and x+2n < R.
func diffGeneric(w *Wide, z, x, y Element) {
	var carry, borrow uint64
	for i, word := range w.twice {
		var t uint64
		t, carry = bits.Add64(x[i], word, carry)
		z[i], borrow = bits.Sub64(t, y[i], borrow)
	}
}
