package mont

import (
	"math/bits"

	"factorfleet/internal/factor/kernels"
)

// A WideLanes executes programs modulo one number of up to 1034 bits, in eight lanes
// with AVX-512 IFMA. SlotOne is set. SlotNum is the whole constant of the curve;
// SlotDen and SlotR2 are not used. There is TwoPairs in place of Pairs, and no GCDs.
//
// A residue a is held as a*2^(52*limbs) mod n in limbs of 52 bits, with n <
// 2^(52*limbs-6). The ranges are those of a lazy kind of Lanes: products are < 2n, sums
// and differences < 4n.
type WideLanes struct {
	w       *Wide
	limbs   int
	ctx     []uint64 // n, 2n, -1/n; then, at a cache line, scratch numbers
	mem     []uint64 // limb i of lane l of slot s is at (s*limbs+i)*WideLaneWidth + l
	in, out Element  // factors from the forms of w to those of the lanes, and back
	t       Element
	run     laneKernel
}

const (
	// WideLaneWidth is the number of lanes of WideLanes.
	WideLaneWidth = 8
	// maxWideLaneBits is the size of the largest modulus of WideLanes.
	maxWideLaneBits = 52*maxWideLimbs - wideLaneSlack

	minWideLimbs, maxPairLimbs, maxWideLimbs = 3, 10, 20 // above maxPairLimbs even ones only
	wideLaneSlack                            = 6
	wideScratch                              = 6 // numbers
)

// HasWideLanes reports whether the level in force has WideLanes for moduli of size
// bits, 65 to 1034.
func HasWideLanes(size int) bool { return kernels.HasIFMA() && size > 64 && size <= maxWideLaneBits }

// Reset makes l a machine modulo the number of w, for which HasWideLanes must hold,
// with memory for slots slots, at most MaxSlots. It keeps w. The contents of all slots
// but SlotOne are void.
func (l *WideLanes) Reset(w *Wide, slots int) {
	size := w.big.BitLen()
	if !HasWideLanes(size) || slots > MaxSlots {
		panic("mont: internal error: no lanes for this modulus")
	}
	l.w, l.limbs = w, max(minWideLimbs, (size+wideLaneSlack+51)/52)
	kernel := l.limbs - minWideLimbs
	if l.limbs > maxPairLimbs {
		l.limbs += l.limbs % 2
		kernel = (maxPairLimbs+l.limbs)/2 - minWideLimbs
	}
	l.run = wideKernels[kernel]
	scratch := (2*l.limbs + 1 + 7) &^ 7
	l.ctx = resized(l.ctx, scratch+wideScratch*l.limbs*WideLaneWidth)
	l.mem = resized(l.mem, slots*l.limbs*WideLaneWidth)
	k := w.Words()
	if len(l.t) != k+1 {
		l.in, l.out, l.t = w.New(), w.New(), make(Element, k+1)
	}

	// Mul divides by 2^(64k). So in = 2^r itself takes a*2^(64k) to a*2^r, and out =
	// 2^(128k-r) takes it back. 2k words are more than 3 limbs for k > 1, so that
	// 128k-r >= 0.
	r := 52 * l.limbs
	w.powerOfTwo(l.in, r)
	w.powerOfTwo(l.out, 128*k-r)

	var n2, carry uint64
	l.split(l.ctx, 1, w.n)
	for i := range l.limbs {
		n2 = 2*l.ctx[i] + carry
		carry = n2 >> 52
		l.ctx[l.limbs+i] = n2 & limbMask
	}
	l.ctx[2*l.limbs] = w.neg & limbMask
	for lane := range WideLaneWidth {
		l.Set(SlotOne, lane, w.one)
	}
}

// resized returns words that begin at a cache line, of the memory of mem if it is
// enough.
func resized(mem []uint64, words int) []uint64 {
	if cap(mem) >= words {
		return mem[:words]
	}
	return aligned(words)
}

// Width returns WideLaneWidth.
func (l *WideLanes) Width() int { return WideLaneWidth }

// Set puts x, an element of the modulus, into a lane of a slot.
func (l *WideLanes) Set(slot, lane int, x Element) {
	t := l.t[:len(x)]
	l.w.Mul(t, x, l.in)
	l.split(l.mem[slot*l.limbs*WideLaneWidth+lane:], WideLaneWidth, t)
}

// split puts the limbs of x into to[0], to[step] and so on.
func (l *WideLanes) split(to []uint64, step int, x []uint64) {
	for i := range l.limbs {
		word, shift := 52*i/64, 52*i%64
		limb := uint64(0)
		if word < len(x) {
			limb = x[word] >> shift
		}
		if word+1 < len(x) && shift > 12 {
			limb |= x[word+1] << (64 - shift)
		}
		to[i*step] = limb & limbMask
	}
}

// Get sets z to the element in a lane of a slot.
func (l *WideLanes) Get(z Element, slot, lane int) {
	l.join(l.mem[slot*l.limbs*WideLaneWidth+lane:])
	l.reduce()
	l.w.Mul(z, l.t[:len(z)], l.out)
}

// join sets t to the number whose limbs are from[0], from[8] and so on, carried.
func (l *WideLanes) join(from []uint64) {
	clear(l.t)
	for i := range l.limbs {
		limb := from[i*WideLaneWidth]
		if i < l.limbs-1 {
			limb &= limbMask
		}
		word, shift := 52*i/64, 52*i%64
		if word == len(l.t) {
			break // the limbs above are 0
		}
		l.t[word] |= limb << shift
		if word+1 < len(l.t) {
			l.t[word+1] |= limb >> (64 - shift)
		}
	}
}

// reduce sets t to t mod n by subtracting n. Requires a small multiple of n, t < 8n.
func (l *WideLanes) reduce() {
	n := l.w.n
	k := len(n)
	for {
		var borrow uint64
		for i := range k {
			_, borrow = bits.Sub64(l.t[i], n[i], borrow)
		}
		if l.t[k] < borrow {
			return
		}
		borrow = 0
		for i := range k {
			l.t[i], borrow = bits.Sub64(l.t[i], n[i], borrow)
		}
		l.t[k] -= borrow
	}
}

// Run executes the program.
func (l *WideLanes) Run(code []Instruction) {
	most := min(runMost, 6000/(l.limbs*l.limbs)) // a product takes the time of limbs^2 products of limbs
	for len(code) > 0 {
		part := code[:min(len(code), most)]
		l.run(&l.ctx[0], &l.mem[0], &part[0], len(part))
		code = code[len(part):]
	}
}
