package mont

import (
	"math/big"

	"factorfleet/internal/factor/kernels"
)

// A QuadLanes executes the programs of WideLanes modulo one number of up to 1021 bits,
// in four lanes with AVX2. gen/avx.go, which writes the assembly, has the ranges of its
// numbers.
//
// A residue a is held as a*R mod n', R = 2^(bits*limbs), in limbs of 28 or 27 bits,
// each in a word. n' = n*(2^e+1) is a multiple of n that nearly fills the limbs,
// because not every number of limbs has assembly.
type QuadLanes struct {
	w           *Wide
	limbs, bits int
	ctx         []uint64 // vectors of four equal words: see vec in gen/avx.go
	mem         []uint64 // limb i of lane l of slot s is at (s*limbs+i)*quadLaneWidth + l
	in, out     Element  // factors from the forms of w to those of the lanes, and back
	run         laneKernel
	x, y        big.Int
	t           Element
}

// quadLaneWidth is the number of lanes of QuadLanes.
const quadLaneWidth = 4

// maxQuadLaneBits is the size of the largest modulus of QuadLanes.
const maxQuadLaneBits = 1021

// HasQuadLanes reports whether the level in force has QuadLanes for moduli of size
// bits, 65 to 1021.
func HasQuadLanes(size int) bool {
	return kernels.Active() >= kernels.AVX2 && size > 64 && size <= maxQuadLaneBits
}

// QuadLimbs returns the number of limbs for moduli of size bits, for which there must
// be lanes.
func QuadLimbs(size int) int {
	i := 0
	for quadKernels[i].bits*quadKernels[i].limbs-4 < size {
		i++
	}
	return quadKernels[i].limbs
}

// A quadKernel is the assembly for a number of limbs.
type quadKernel struct {
	limbs, bits int
	run         laneKernel
}

// fits reports whether n may be the modulus: n <= R/16*(1 - 2^-20), see gen/avx.go.
func (q *quadKernel) fits(n *big.Int) bool {
	t := new(big.Int).Rsh(n, 19) // 2^-20 < 1/(1 - 2^-20) - 1 < 2^-19
	return t.Add(t, n).BitLen() <= q.bits*q.limbs-4
}

// Reset makes l a machine modulo the number of w, for which HasQuadLanes must hold,
// with memory for slots slots, at most MaxSlots. It keeps w. The contents of all slots
// but SlotOne are void.
func (l *QuadLanes) Reset(w *Wide, slots int) {
	if !HasQuadLanes(w.big.BitLen()) || slots > MaxSlots {
		panic("mont: internal error: no lanes for this modulus")
	}
	q := 0
	for !quadKernels[q].fits(&w.big) {
		q++
	}
	l.w, l.limbs, l.bits, l.run = w, quadKernels[q].limbs, quadKernels[q].bits, quadKernels[q].run
	l.ctx = resized(l.ctx, quadLaneWidth*(2+7*l.limbs))
	l.mem = resized(l.mem, slots*l.limbs*quadLaneWidth)
	if k := w.Words(); len(l.in) != k {
		l.in, l.out, l.t = w.New(), w.New(), w.New()
	}
	// As in WideLanes.Reset, in = 2^r and out = 2^(128k-r).
	r := l.bits * l.limbs
	w.powerOfTwo(l.in, r)
	w.powerOfTwo(l.out, 128*w.Words()-r)
	l.constants()
	for lane := range quadLaneWidth {
		l.Set(SlotOne, lane, w.one)
	}
}

// constants sets ctx.
//
// K = 2n' is written with limbs of at least 2^bits-1, so that no limb of x+K-y is
// negative: 2^bits is added to each limb but the top one, and 1 taken from the limb
// above. For the top one let T be n' divided by 2^(bits*(limbs-1)). The top limb of K
// is 2T rounded down, less 1. That of y < (2-d)n' is at most 2T - d*T rounded down,
// which is not more if d*T >= 1.
//
// Let n' = R/16*(1-f). Products of factors below (4-d)n' are below (2-d)n' if
// (4-d)^2/16*(1-f) + 1 <= 2-d. As d <= 1/2 below, (4-d)^2/16 < 1-d/2+d/8, so that f >=
// d is enough.
//   - n' >= R/32: d = 2^-20 <= f by fits, and T >= 2^(bits-5) >= 2^22.
//   - else f >= 1/2: d = 1/2, and T >= 2^(bits-7) since n' has at least bits*limbs-6 bits.
func (l *QuadLanes) constants() {
	n := &l.x
	n.Set(&l.w.big)
	if e := l.bits*l.limbs - 6 - n.BitLen(); e > 0 {
		n.Add(n, l.y.Lsh(n, uint(e)))
	}
	mask := uint64(1)<<l.bits - 1
	l.fill(1, mask)
	for i := range l.limbs {
		l.fill(2+i, l.limb(n, i))
	}
	l.fill(0, -Inverse(l.ctx[2*quadLaneWidth])&mask)
	n.Lsh(n, 1)
	for i := range l.limbs {
		k := l.limb(n, i)
		if i < l.limbs-1 {
			k += 1 << l.bits
		}
		if i > 0 {
			k--
		}
		l.fill(2+l.limbs+i, k)
	}
}

// fill sets the four words of vector i of ctx.
func (l *QuadLanes) fill(i int, word uint64) {
	for lane := range quadLaneWidth {
		l.ctx[i*quadLaneWidth+lane] = word
	}
}

// limb returns limb i of x.
func (l *QuadLanes) limb(x *big.Int, i int) uint64 {
	var limb uint64
	for b := range l.bits {
		limb |= uint64(x.Bit(i*l.bits+b)) << b
	}
	return limb
}

// Width returns 4.
func (l *QuadLanes) Width() int { return quadLaneWidth }

// Set puts x, an element of the modulus, into a lane of a slot.
func (l *QuadLanes) Set(slot, lane int, x Element) {
	t := l.t
	l.w.Mul(t, x, l.in)
	to := l.mem[slot*l.limbs*quadLaneWidth+lane:]
	mask := uint64(1)<<l.bits - 1
	for i := range l.limbs {
		word, shift := l.bits*i/64, l.bits*i%64
		limb := uint64(0)
		if word < len(t) {
			limb = t[word] >> shift
		}
		if word+1 < len(t) && shift > 64-l.bits {
			limb |= t[word+1] << (64 - shift)
		}
		to[i*quadLaneWidth] = limb & mask
	}
}

// Get sets z to the element in a lane of a slot.
func (l *QuadLanes) Get(z Element, slot, lane int) {
	l.value(&l.x, slot, lane)
	l.w.words(l.t, l.y.Mod(&l.x, &l.w.big))
	l.w.Mul(z, l.t, l.out)
}

// value sets z to the number whose limbs are in a lane of a slot.
func (l *QuadLanes) value(z *big.Int, slot, lane int) {
	from := l.mem[slot*l.limbs*quadLaneWidth+lane:]
	z.SetInt64(0)
	for i := l.limbs - 1; i >= 0; i-- {
		z.Lsh(z, uint(l.bits))
		z.Add(z, l.y.SetUint64(from[i*quadLaneWidth]))
	}
}

// Run executes the program.
func (l *QuadLanes) Run(code []Instruction) {
	most := max(1, min(runMost, 20000/(l.limbs*l.limbs))) // a product takes about limbs^2 ns
	for len(code) > 0 {
		part := code[:min(len(code), most)]
		l.run(&l.ctx[0], &l.mem[0], &part[0], len(part))
		code = code[len(part):]
	}
}
