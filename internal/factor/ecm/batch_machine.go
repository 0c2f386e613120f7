package ecm

import (
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// lanes is implemented by mont.Lanes and mont.WordLanes, which document the methods.
type lanes interface {
	Slots() int
	Width() int
	HasGCDs() bool
	SetModulus(lane int, n Number)
	Set(slot, lane int, a Number)
	Value(slot, lane int) Number
	Run(code []mont.Instruction)
}

// A machine is lanes together with the program that they execute.
type machine struct {
	program *program
	lanes   lanes
	owner   []int32 // by lane: the place of the number that is its modulus, -1 for none
}

// machine returns the machine of a group, with enough slots for the programs of its
// class.
func (b *Batch) machine(g group) *machine {
	m := &b.machines[g.kind]
	if b.words {
		if b.pipeline == nil {
			b.pipeline = newWordPipeline()
		}
		return &b.pipeline.first
	}
	slots := 0
	for _, r := range classes[g.class].rounds {
		slots = max(slots, programs[r.class]().slots)
	}
	if *m == nil || (*m).lanes.Slots() < slots {
		*m = newMachine(mont.NewLanes(g.bits, slots))
	}
	return *m
}

// newMachine returns a machine whose slots for small numbers are set.
func newMachine(lanes lanes) *machine {
	m := &machine{lanes: lanes, owner: make([]int32, lanes.Width())}
	for l := range m.owner {
		for i, small := range smallNumbers {
			lanes.Set(slotThree+i, l, Number{small})
		}
	}
	return m
}

// divisor returns a proper divisor of n that the curve in a lane has found, or 0. If
// the product of stage 2 is 0 modulo n, the curve has found all prime factors of n.
// They may still differ in the Z after stage 1, or in one of the three products of
// stage 2.
func (m *machine) divisor(lane int, n Number) Number {
	var d Number
	if m.lanes.HasGCDs() {
		d = m.lanes.Value(slotGCD, lane) // modulo n, so that 0 stands for n
	} else if d = gcd(m.lanes.Value(slotResult, lane), n); d == n {
		d = Number{}
	}
	if d == (Number{}) {
		// Z after stage 1, and then the partial products of stage 2.
		for _, slot := range [...]int{m.program.q + 1, mont.SlotProduct, mont.SlotProduct + 1, mont.SlotProduct + 2} {
			if d = gcd(m.lanes.Value(slot, lane), n); d != n && d != (Number{1}) {
				break
			}
		}
	}
	if d == n || d == (Number{1}) {
		return Number{}
	}
	return d
}

// gcd returns the greatest common divisor of a and the odd n; gcd(0, n) = n. It is the
// binary algorithm of mont.GCD for two words: a and n are odd, and (a, n) becomes (odd
// part of |a-n|, min(a, n)).
func gcd(a, n Number) Number {
	if a[1]|n[1] == 0 {
		return Number{mont.GCD(a[0], n[0])}
	}
	if a == (Number{}) {
		return n
	}
	a = odd(a)
	// It works like mont.GCD.
	for a[1]|n[1] != 0 {
		lo, borrow := bits.Sub64(a[0], n[0], 0)
		hi, borrow := bits.Sub64(a[1], n[1], borrow)
		if lo|hi == 0 {
			return n
		}
		mask := -borrow
		var carry uint64
		n[0], carry = bits.Add64(n[0], lo&mask, 0)
		n[1], _ = bits.Add64(n[1], hi&mask, carry)
		lo, borrow = bits.Sub64(lo^mask, mask, 0)
		hi, _ = bits.Sub64(hi^mask, mask, borrow)
		a = odd(Number{lo, hi})
	}
	return Number{mont.GCD(a[0], n[0])}
}

// odd returns the odd part of a > 0.
func odd(a Number) Number {
	if a[0] == 0 {
		return Number{a[1] >> bits.TrailingZeros64(a[1])}
	}
	s := bits.TrailingZeros64(a[0])
	return Number{a[0]>>s | a[1]<<1<<(63-s), a[1] >> s}
}
