package mont

import "math/bits"

// Words executes the programs of Lanes in Go for moduli of one word, each in a lane of
// its own, with R = 2^64. It computes the same residues modulo n as Lanes. The ranges
// of the residues depend on the largest modulus: see gen/word.go, which writes the
// kernels. A Words is not for concurrent use.
type Words[S wordSlot] struct {
	n, inv  S // inv is n^-1 mod R
	kernels *wordKernels[S]
	run     wordKernel[S]                // for the moduli
	mem     [MaxWordSlots + PointSlots]S // the last ones are no slots: with them an index needs no check
}

// A wordSlot is a residue for each lane.
type wordSlot interface{ [1]uint64 | [2]uint64 }

// A wordKernel executes instructions.
type wordKernel[S wordSlot] func(w *Words[S], code []Instruction)

// wordKernels are those for n below 2^60, 2^62 and 2^64.
type wordKernels[S wordSlot] [3]wordKernel[S]

// A wordPoint is the slots of a point: X, Z, X+Z and X-Z.
type wordPoint[S wordSlot] [PointSlots]S

// A WordMachine has one lane, for a single number.
type WordMachine = Words[[1]uint64]

// WordLanes has two lanes. The steps of both alternate, so that one computes while the
// other waits for its product.
type WordLanes = Words[[2]uint64]

// MaxWordSlots bounds the number of slots of Words.
const MaxWordSlots = 1 << 11

// NewWordMachine returns a machine of one lane.
func NewWordMachine() *WordMachine {
	return newWords(&wordKernels[[1]uint64]{runFree1, runLazy1, runAlone1})
}

// NewWordLanes returns a machine of two lanes.
func NewWordLanes() *WordLanes {
	return newWords(&wordKernels[[2]uint64]{runFree2, runLazy2, runStrict2})
}

func newWords[S wordSlot](kernels *wordKernels[S]) *Words[S] {
	w := &Words[S]{kernels: kernels}
	for lane := range len(w.n) {
		w.SetModulus(lane, [2]uint64{3}) // so that idle lanes compute something
	}
	return w
}

// Slots returns the number of slots.
func (w *Words[S]) Slots() int { return MaxWordSlots }

// Width returns the number of lanes.
func (w *Words[S]) Width() int { return len(w.n) }

// HasGCDs reports whether the machine has the instruction GCDs.
func (w *Words[S]) HasGCDs() bool { return true }

// SetModulus gives a lane the odd modulus n[0] >= 3; n[1] must be 0. It sets SlotOne
// and SlotR2. The other slots of all lanes are void, because the ranges of the residues
// may change.
func (w *Words[S]) SetModulus(lane int, n [2]uint64) {
	m := New(n[0])
	w.n[lane], w.inv[lane] = m.n, m.nInv
	w.mem[SlotOne][lane], w.mem[SlotR2][lane] = m.one, m.r2
	w.choose()
}

// choose sets run to the kernel for the largest modulus.
func (w *Words[S]) choose() {
	all := uint64(0)
	for i := range len(w.n) {
		all |= w.n[i]
	}
	w.run = w.kernels[max(0, bits.Len64(all)-59)/2]
}

// Take gives a lane the modulus and the curve of a lane of another machine, and X and Z
// of the point p, which MakePoint must complete. The other slots of the lane are void.
func (w *Words[S]) Take(lane int, from *Words[S], other, p int) {
	w.n[lane], w.inv[lane] = from.n[other], from.inv[other]
	w.choose()
	for _, slot := range [...]int{SlotNum, SlotDen, SlotOne, SlotR2, p, p + 1} {
		w.mem[slot][lane] = from.Value(slot, other)[0] // below n, which is in the range of every kernel
	}
}

// Set puts a[0] into a lane of a slot: a number below n, or one that is only an operand
// of products with numbers below n. a[1] must be 0.
func (w *Words[S]) Set(slot, lane int, a [2]uint64) { w.mem[slot][lane] = a[0] }

// Value returns the residue modulo n, below n, in a lane of a slot. Requires that a
// product or the Z of a point is there.
func (w *Words[S]) Value(slot, lane int) [2]uint64 {
	a := w.mem[slot][lane]
	if a >= w.n[lane] { // a < 2n
		a -= w.n[lane]
	}
	return [2]uint64{a}
}

// Run executes the program, which has slots below MaxWordSlots.
func (w *Words[S]) Run(code []Instruction) { w.run(w, code) }

const opMask = 1<<opBits - 1

// slot returns operand i, which is below MaxWordSlots.
func (in Instruction) slot(i int) int {
	const mask = MaxWordSlots - 1 // that of an index, which needs no check then
	return int(in >> (opBits + i*slotBits) & mask)
}

// point returns the point that begins at a slot.
func (w *Words[S]) point(slot int) *wordPoint[S] {
	return (*wordPoint[S])(w.mem[slot:][:PointSlots])
}

// gcds1 returns the gcd of a and the odd n.
func gcds1(a, n [1]uint64) [1]uint64 { return [1]uint64{GCD(a[0], n[0])} }

// gcds2 returns the gcds of a and the odd n in both lanes. It alternates the iterations
// of GCD while neither lane is done.
func gcds2(a, n [2]uint64) [2]uint64 {
	x, y := a[0], a[1]
	m, k := n[0], n[1]
	if x != 0 && y != 0 {
		x >>= bits.TrailingZeros64(x) & 63
		y >>= bits.TrailingZeros64(y) & 63
		for x != m && y != k {
			x, m = gcdStep(x, m)
			y, k = gcdStep(y, k)
		}
	}
	return [2]uint64{GCD(x, m), GCD(y, k)}
}
