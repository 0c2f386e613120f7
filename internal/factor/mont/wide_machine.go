package mont

// A WideMachine executes the programs of WideLanes in one lane, on the elements of a Wide: the
// same residues come out.
type WideMachine struct {
	w          *Wide
	mem        []uint64
	k          int
	u, v, s, t Element
}

// Reset makes m a machine modulo the number of w with memory for slots slots. It keeps w. Slots but
// SlotOne are to be set anew.
func (m *WideMachine) Reset(w *Wide, slots int) {
	m.w, m.k = w, w.Words()
	words := (slots + 4) * m.k
	if cap(m.mem) < words {
		m.mem = make([]uint64, words)
	}
	m.mem = m.mem[:words]
	m.u, m.v, m.s, m.t = m.slot(slots), m.slot(slots+1), m.slot(slots+2), m.slot(slots+3)
	m.Set(SlotOne, 0, w.one)
}

// Width returns 1.
func (m *WideMachine) Width() int { return 1 }

func (m *WideMachine) slot(s int) Element { return m.mem[s*m.k : (s+1)*m.k : (s+1)*m.k] }

// Set puts x into a slot.
func (m *WideMachine) Set(slot, _ int, x Element) { copy(m.slot(slot), x) }

// Get sets z to what is in a slot.
func (m *WideMachine) Get(z Element, slot, _ int) { copy(z, m.slot(slot)) }

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
			w.Mul(m.slot(dst), m.slot(a), m.slot(b))
		case opSum:
			w.Add(m.slot(dst), m.slot(a), m.slot(b))
		case opDiff:
			w.Sub(m.slot(dst), m.slot(a), m.slot(b))
		case opPoint: // X and Z are all of a point here
		default:
			panic("mont: internal error: no such instruction")
		}
	}
}

// pair multiplies a product by giant-baby.
func (m *WideMachine) pair(product, giant, baby int) {
	m.w.Sub(m.t, m.slot(giant), m.slot(baby))
	p := m.slot(product)
	m.w.Mul(p, p, m.t)
}

// add sets the point dst = p+q, d being p-q; the formulas are those of gen/curve.go.
func (m *WideMachine) add(dst, p, q, d int) {
	w, u, v, s, t := m.w, m.u, m.v, m.s, m.t
	px, pz, qx, qz := m.slot(p), m.slot(p+1), m.slot(q), m.slot(q+1)
	w.Sub(u, px, pz)
	w.Add(s, qx, qz)
	w.Mul(u, u, s)
	w.Add(v, px, pz)
	w.Sub(t, qx, qz)
	w.Mul(v, v, t)
	w.Add(s, u, v)
	w.Sub(t, u, v)
	w.Mul(s, s, s)
	w.Mul(t, t, t)
	w.Mul(s, s, m.slot(d+1))
	w.Mul(m.slot(dst+1), t, m.slot(d))
	copy(m.slot(dst), s)
}

// double sets the point dst = 2p.
func (m *WideMachine) double(dst, p int) {
	w, s, d, t := m.w, m.s, m.u, m.t
	px, pz := m.slot(p), m.slot(p+1)
	w.Add(s, px, pz)
	w.Sub(d, px, pz)
	w.Mul(s, s, s)
	w.Mul(d, d, d)
	w.Sub(t, s, d)
	w.Mul(m.slot(dst), s, d)
	w.Mul(s, t, m.slot(SlotNum))
	w.Add(s, s, d)
	w.Mul(m.slot(dst+1), t, s)
}
