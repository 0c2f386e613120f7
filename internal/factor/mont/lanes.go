package mont

import (
	"math/bits"
	"unsafe"
)

//go:generate go run ./gen

// Lanes executes one program on many moduli at the same time, each in a lane of its
// own. Memory is a row of slots, a slot holding one residue for each lane. The
// program does not depend on data, so that all lanes do the same.
//
// With AVX-512 IFMA a residue a is held in Montgomery form a*R mod n, R = 2^(52*limbs), in limbs of 52
// bits, the least significant first. According to the size of the moduli there are four kinds, after the
// first one of AVX2:
//
//	limbs   lanes   n below   products are   sums and differences are
//	1       48      2^52      < n            < n                      (strict)
//	2       32      2^75      < 2n           < 4n                     (short)
//	2       32      2^98      < 2n           < 4n
//	3       16      2^128     < 2n           < 4n
//
// The operands of sums and differences must be below 2n, which a product is, and those of a
// product a*b < R*n, which all below 4n satisfy: the kinds but the strict one have
// 16n <= R. Points have ranges of their own; their four slots, for X, Z, X+Z and
// X-Z, are operands of products only.
//
// There are as many lanes as it takes to hide the latency of a chain of products.
//
// Why no comparison is needed is proved in gen/field.go, which writes the assembly for
// AVX-512 IFMA.
//
// With AVX2 the kinds are these; all products, and sums and differences, are what gen/avx2_field.go says, and
// points are X and Z alone:
//
//	held as                    R       lanes   n below
//	a double                   1       48      2^49
//	a double, of least size    1       48      2^52
//	a signed word, lazy        2^64    16      2^60
//	a word below n             2^64    16      2^63
//	the same, by comparisons   2^64    16      2^64
//	two doubles                2^92    16      2^87
//	two doubles, carried       2^100   16      2^96
//
// At the plain level Run works limb for limb like the assembly for AVX-512, slowly: see LaneBits.
type Lanes struct {
	kind
	ctx   []uint64 // of each lane n, 2n, inverse: limb i of lane l at i*width + l; or see avxForm
	mem   []uint64 // slot s begins at s*limbs*width
	slots int
	run   laneKernel // nil: none, runGeneric
}

// A laneKernel executes count > 0 instructions.
type laneKernel func(ctx, mem *uint64, code *Instruction, count int)

// An Instruction is one step of a program. Its operands are slots below MaxSlots; a point
// is PointSlots of them.
type Instruction uint64

// MaxSlots bounds the slots of a machine.
const MaxSlots = 1 << slotBits

// PointSlots is the number of slots of a point; X is in the first and Z in the second.
const PointSlots = 4

const (
	opAdd = iota
	opDouble
	opPairs
	opMul
	opSum
	opDiff
	opPoint
	opGCD
	opTwoPairs

	opBits, slotBits = 4, 15
)

// The slots with a fixed use.
const (
	SlotProduct = 0 // three products, of Pairs
	SlotNum     = 3 // (A+2)/4 of the curve is Num/Den
	SlotDen     = 4
	SlotOne     = 5 // the form of 1, set by SetModulus
	SlotR2      = 6 // the form of R, set by SetModulus
	FirstSlot   = 7
)

func instruction(op, a, b, c, d int) Instruction {
	return Instruction(op) | Instruction(a)<<opBits | Instruction(b)<<(opBits+slotBits) |
		Instruction(c)<<(opBits+2*slotBits) | Instruction(d)<<(opBits+3*slotBits)
}

// split returns the code and the operands.
func (in Instruction) split() (op int, s [4]int) {
	op = int(in & (1<<opBits - 1))
	for i := range s {
		s[i] = int(in >> (opBits + i*slotBits) & (1<<slotBits - 1))
	}
	return op, s
}

// Products returns the number of products that the instruction takes.
func (in Instruction) Products() int {
	op, _ := in.split()
	return [...]int{opAdd: 6, opDouble: 6, opPairs: 3, opMul: 1, opSum: 0, opDiff: 0, opPoint: 0, opGCD: 0, opTwoPairs: 2}[op]
}

// PointAdd sets the point dst = p+q on a Montgomery curve, given diff = p-q. It may
// be any of them.
func PointAdd(dst, p, q, diff int) Instruction { return instruction(opAdd, dst, p, q, diff) }

// PointDouble sets the point dst = 2p on the curve given by SlotNum and SlotDen. It may be p.
func PointDouble(dst, p int) Instruction { return instruction(opDouble, dst, p, 0, 0) }

// MakePoint makes a point of what products have put into the slots of its X and Z.
func MakePoint(p int) Instruction { return instruction(opPoint, p, 0, 0, 0) }

// Pairs multiplies the slots SlotProduct to SlotProduct+2 by a-b, a-c and a-d, which
// are other slots.
func Pairs(a, b, c, d int) Instruction { return instruction(opPairs, a, b, c, d) }

// TwoPairs multiplies dst by a-b and the slot after it by a-c: instead of Pairs, where all
// lanes have one modulus.
func TwoPairs(dst, a, b, c int) Instruction { return instruction(opTwoPairs, dst, a, b, c) }

// Product sets dst = a*b.
func Product(dst, a, b int) Instruction { return instruction(opMul, dst, a, b, 0) }

// GCDs sets dst to the numbers gcd(a, n), for a product a in a machine of one limb.
func GCDs(dst, a int) Instruction { return instruction(opGCD, dst, a, 0, 0) }

// Sum sets dst = a+b, which is an operand for Product only.
func Sum(dst, a, b int) Instruction { return instruction(opSum, dst, a, b, 0) }

// Difference sets dst = a-b, which is an operand for Product only.
func Difference(dst, a, b int) Instruction { return instruction(opDiff, dst, a, b, 0) }

// aligned returns words that begin at a cache line.
func aligned(words int) []uint64 {
	const line = 64
	mem := make([]uint64, words+line/8)
	skip := (line - uintptr(unsafe.Pointer(&mem[0]))%line) % line / 8
	return mem[skip:][:words:words]
}

// Slots returns the number of slots.
func (l *Lanes) Slots() int { return l.slots }

// Width returns the number of lanes.
func (l *Lanes) Width() int { return l.width }

// HasGCDs reports whether the machine has the instruction GCDs.
func (l *Lanes) HasGCDs() bool {
	if l.form != nil {
		return l.form.hasGCDs()
	}
	return l.limbs == 1
}

// SetModulus gives a lane the odd modulus n = n[0] + n[1]*2^64, 3 <= n, of the size that
// the machine was made for. It sets SlotOne and SlotR2; other slots are to be set anew.
func (l *Lanes) SetModulus(lane int, n [2]uint64) {
	if l.form != nil {
		l.setFormModulus(lane, n)
		return
	}
	inv := Inverse(n[0])
	if l.limbs > 1 {
		inv = -inv
	}
	l.ctx[2*l.limbs*l.width+lane] = inv & limbMask
	l.put(l.ctx, lane, n, 0)
	l.put(l.ctx[l.limbs*l.width:], lane, [2]uint64{n[0] << 1, n[1]<<1 | n[0]>>63}, n[1]>>63)
	one, r2 := montgomeryConstants(n, 52*l.limbs)
	l.Set(SlotOne, lane, one)
	l.Set(SlotR2, lane, r2)
}

const limbMask = 1<<52 - 1

// Set puts a into a lane of a slot. Requires a < n, or else that a is below 2^40 and only used in
// products with SlotR2.
func (l *Lanes) Set(slot, lane int, a [2]uint64) {
	if l.form != nil {
		l.setForm(slot, lane, a)
		return
	}
	l.put(l.mem[slot*l.limbs*l.width:], lane, a, 0)
}

// put puts top*2^128 + a into a lane of the number that begins with to[0].
func (l *Lanes) put(to []uint64, lane int, a [2]uint64, top uint64) {
	to[lane] = a[0] & limbMask
	if l.limbs > 1 {
		to[l.width+lane] = (a[0]>>52 | a[1]<<12) & limbMask
	}
	if l.limbs > 2 {
		to[2*l.width+lane] = a[1]>>40 | top<<24
	}
}

// Value returns what is in a lane of a slot modulo n. Requires a product or the Z of a point there.
func (l *Lanes) Value(slot, lane int) [2]uint64 {
	if l.form != nil {
		return l.formValue(slot, lane)
	}
	a, top := l.get(l.mem[slot*l.limbs*l.width:], lane)
	n, _ := l.get(l.ctx, lane)
	lo, b := bits.Sub64(a[0], n[0], 0)
	hi, b := bits.Sub64(a[1], n[1], b)
	if b <= top { // a >= n; a < 2n
		return [2]uint64{lo, hi}
	}
	return a
}

// get returns the number in a lane of the number that begins with from[0], which
// is a + top*2^128.
func (l *Lanes) get(from []uint64, lane int) (a [2]uint64, top uint64) {
	a[0] = from[lane]
	if l.limbs > 1 {
		a[0] &= limbMask
		x := from[l.width+lane]
		if l.limbs > 2 {
			x &= limbMask
		}
		a[0] |= x << 52
		a[1] = x >> 12
	}
	if l.limbs > 2 {
		x := from[2*l.width+lane]
		a[1] |= x << 40
		top = x >> 24
	}
	return a, top
}

// runMost is the most instructions of one call of a kernel, which cannot be interrupted: a
// point addition in 3 limbs takes a tenth of a microsecond.
const runMost = 512

// Run executes the program.
func (l *Lanes) Run(code []Instruction) {
	if l.run == nil {
		if l.form != nil {
			l.runForm(code)
		} else {
			l.runGeneric(code)
		}
		return
	}
	for len(code) > 0 {
		part := code[:min(len(code), runMost)]
		l.run(&l.ctx[0], &l.mem[0], &part[0], len(part))
		code = code[len(part):]
	}
}

// montgomeryConstants returns R and R^2 mod n, R = 2^r. Requires n < 2^64 or n < R.
func montgomeryConstants(n [2]uint64, r int) (one, r2 [2]uint64) {
	if n[1] == 0 {
		hi, lo := uint64(0), uint64(1)<<(r%64)
		if r >= 64 {
			hi, lo = lo, 0
		}
		if r >= 128 { // one limb more than a modulus of this size needs
			hi = bits.Rem64(hi, 0, n[0])
		}
		one[0] = bits.Rem64(hi, lo, n[0])
		hi, lo = bits.Mul64(one[0], one[0])
		r2[0] = bits.Rem64(hi, lo, n[0])
		return one, r2
	}
	shift := bits.LeadingZeros64(n[1])
	m := [2]uint64{n[0] << shift, n[1]<<shift | n[0]>>1>>(63-shift)}
	var x [4]uint64
	x[(r+shift)/64] = 1 << ((r + shift) % 64) // R * 2^shift
	one = remainder(x, m, shift)
	x[1], x[0] = bits.Mul64(one[0], one[0])
	x[3], x[2] = bits.Mul64(one[1], one[1])
	hi, lo := bits.Mul64(one[0], one[1])
	for range 2 {
		var c uint64
		x[1], c = bits.Add64(x[1], lo, 0)
		x[2], c = bits.Add64(x[2], hi, c)
		x[3] += c
	}
	for i := 3; i > 0; i-- {
		x[i] = x[i]<<shift | x[i-1]>>1>>(63-shift)
	}
	x[0] <<= shift
	return one, remainder(x, m, shift)
}

// remainder returns (x mod m) / 2^shift. Requires m >= 2^127, x < m*2^128, and both multiples of
// 2^shift, shift < 64.
//
// It divides as one does by hand, with digits of 64 bits. Of the two digits of the
// quotient the first guess, by the high word of m, is at most two too large.
func remainder(x [4]uint64, m [2]uint64, shift int) [2]uint64 {
	for i := 1; i >= 0; i-- {
		q := ^uint64(0)
		if x[i+2] < m[1] {
			q, _ = bits.Div64(x[i+2], x[i+1], m[1])
		}
		h0, l0 := bits.Mul64(q, m[0])
		h1, l1 := bits.Mul64(q, m[1])
		var b, c uint64
		h0, c = bits.Add64(h0, l1, 0)
		h1 += c
		x[i], b = bits.Sub64(x[i], l0, 0)
		x[i+1], b = bits.Sub64(x[i+1], h0, b)
		x[i+2], b = bits.Sub64(x[i+2], h1, b)
		for b != 0 {
			x[i], c = bits.Add64(x[i], m[0], 0)
			x[i+1], c = bits.Add64(x[i+1], m[1], c)
			x[i+2], c = bits.Add64(x[i+2], 0, c)
			b -= c
		}
	}
	return [2]uint64{x[0]>>shift | x[1]<<1<<(63-shift), x[1] >> shift}
}
