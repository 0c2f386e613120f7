package mont

import "math/bits"

// A WordMachine executes the programs of Lanes for one modulus of one word: the same
// residues modulo n come out, though their forms differ, R being 2^64. It is what there is
// without Lanes, and for a single number. All residues are below n.
type WordMachine struct {
	m   Modulus
	mem [MaxWordSlots]uint64
}

// MaxWordSlots bounds the slots of a WordMachine.
const MaxWordSlots = 1 << 11

// SetModulus gives the machine the odd modulus n >= 3, and sets SlotOne and SlotR2; other slots are
// to be set anew.
func (w *WordMachine) SetModulus(n uint64) {
	w.m = New(n)
	w.mem[SlotOne], w.mem[SlotR2] = w.m.one, w.m.r2
}

// Set puts a into a slot: a number below n, or one that is for products with a
// number below n only.
func (w *WordMachine) Set(slot int, a uint64) { w.mem[slot] = a }

// Value returns what is in a slot.
func (w *WordMachine) Value(slot int) uint64 { return w.mem[slot] }

// Run executes the program, which has slots below MaxWordSlots.
func (w *WordMachine) Run(code []Instruction) {
	n, nInv, mem := w.m.n, w.m.nInv, &w.mem
	for _, in := range code {
		// The mask is that of an index: nothing needs to be checked.
		const mask = MaxWordSlots - 1
		dst, a := in>>opBits&mask, in>>(opBits+slotBits)&mask
		b, c := in>>(opBits+2*slotBits)&mask, in>>(opBits+3*slotBits)&mask
		switch in & (1<<opBits - 1) {
		case opAdd:
			mem[dst], mem[(dst+1)&mask] = wordAdd(mem[a], mem[(a+1)&mask], mem[b], mem[(b+1)&mask], mem[c], mem[(c+1)&mask], n, nInv)
		case opDouble:
			mem[dst], mem[(dst+1)&mask] = wordDouble(mem[a], mem[(a+1)&mask], mem[SlotNum], mem[SlotDen], n, nInv)
		case opPairs:
			x := mem[dst]
			mem[0] = mulWord(mem[0], Sub(x, mem[a], n), n, nInv)
			mem[1] = mulWord(mem[1], Sub(x, mem[b], n), n, nInv)
			mem[2] = mulWord(mem[2], Sub(x, mem[c], n), n, nInv)
		case opMul:
			mem[dst] = mulWord(mem[a], mem[b], n, nInv)
		case opSum:
			mem[dst] = Add(mem[a], mem[b], n)
		case opDiff:
			mem[dst] = Sub(mem[a], mem[b], n)
		}
	}
}

// mulWord is Modulus.Mul.
func mulWord(a, b, n, nInv uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return Redc(hi, lo, n, nInv)
}

// wordAdd returns the sum of the points p and q, d being their difference.
func wordAdd(px, pz, qx, qz, dx, dz, n, nInv uint64) (x, z uint64) {
	u := mulWord(Sub(px, pz, n), Add(qx, qz, n), n, nInv)
	v := mulWord(Add(px, pz, n), Sub(qx, qz, n), n, nInv)
	s, t := Add(u, v, n), Sub(u, v, n)
	s, t = mulWord(s, s, n, nInv), mulWord(t, t, n, nInv)
	return mulWord(s, dz, n, nInv), mulWord(t, dx, n, nInv)
}

// wordDouble returns twice the point p on the curve with (A+2)/4 = num/den.
func wordDouble(px, pz, num, den, n, nInv uint64) (x, z uint64) {
	s, d := Add(px, pz, n), Sub(px, pz, n)
	s, d = mulWord(s, s, n, nInv), mulWord(d, d, n, nInv)
	t := Sub(s, d, n)
	e := mulWord(d, den, n, nInv)
	return mulWord(s, e, n, nInv), mulWord(t, Add(e, mulWord(t, num, n, nInv), n), n, nInv)
}
