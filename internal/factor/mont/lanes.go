package mont

import (
	"math/bits"
	"unsafe"
)

//go:generate go run ./gen

// Lanes executes one program on many moduli at the same time, each in a lane of its
// own. Memory is a row of slots; a slot holds one residue for each lane. A program does
// not depend on data, so that all lanes do the same. There are as many lanes as it
// takes to hide the latency of a chain of products.
//
// With AVX-512 IFMA a residue a is held in Montgomery form a*R mod n, R = 2^(52*limbs),
// in limbs of 52 bits, the least significant first. The size of the moduli selects one
// of four kinds, after the first kind of AVX2:
//
//	limbs   lanes   n below   products are   sums and differences are
//	1       48      2^52      < n            < n                      (strict)
//	2       32      2^75      < 2n           < 4n                     (short)
//	2       32      2^98      < 2n           < 4n
//	3       16      2^128     < 2n           < 4n
//
// The operands of sums and differences must be below 2n, as products are. The operands
// of a product must have a*b < R*n. All numbers below 4n have that, since 16n <= R for
// all kinds but the strict one. Points have their own ranges; their four slots, for X,
// Z, X+Z and X-Z, are operands of products only. gen/field.go, which writes this
// assembly, proves that no comparison is needed.
//
// With AVX2 these are the kinds. gen/avx2_float.go, avx2_int.go and avx2_pair.go have
// the ranges. A point has X and Z only:
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
// At the plain level Run computes limb for limb the same as the assembly for AVX-512,
// slowly: see LaneBits. A Lanes is not for concurrent use.
type Lanes struct {
	kind
	ctx   []uint64 // n, 2n and inverse of each lane, limb i of lane l at i*width + l; for AVX2 see avxForm
	mem   []uint64 // slot s begins at s*limbs*width
	slots int
	run   laneKernel // nil: there is no assembly, see runGeneric
}

// A laneKernel executes count > 0 instructions.
type laneKernel func(ctx, mem *uint64, code *Instruction, count int)

// aligned returns so many words, all 0, that begin at a cache line.
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

// SetModulus gives a lane the odd modulus n = n[0] + n[1]*2^64 >= 3, of a size that the
// machine was made for. It sets SlotOne and SlotR2. The contents of the other slots of
// the lane are void.
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

// Set puts a into a lane of a slot. Requires a < n; or a < 2^40, if a is only an
// operand of products with SlotR2.
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

// Value returns the residue modulo n, below n, in a lane of a slot. Requires that a
// product or the Z of a point is there.
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

// get returns the number in a lane of the number that begins with from[0], which is a +
// top*2^128.
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

// runMost is the most instructions of one call of a kernel, which cannot be
// interrupted. A point addition in 3 limbs takes a tenth of a microsecond.
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
