package main

// An avxField is the arithmetic of residues modulo the n of each lane, four lanes a vector, in
// graphs: for one vector at a time, see at. A number is its limbs, the least significant first.
//
// What is stored is a product, or what half returns. The operands of mul are stored numbers and
// sums and differences of two of them, with the restrictions of the field. The ranges are proved
// beside each field for these uses alone; the curves have no others.
type avxField interface {
	at(vec int)             // the constants are those of a vector
	limbs() int             // of a number
	constants() int         // of a lane, vectors behind the address of the modulus
	pins() []pinnedVector   // constants in registers
	mul(a, b avxNum) avxNum // the product modulo n, divided by R
	add(a, b avxNum) avxNum
	sub(a, b avxNum) avxNum
	half(a avxNum) avxNum // the same residue, of least size; nothing where that is not needed
}

// An avxNum is a number: its limbs.
type avxNum []*node

// A pinnedVector is a constant, the same in all lanes.
type pinnedVector struct {
	name string
	bits uint64
}

// avxBase is what the fields have in common.
type avxBase struct {
	g       *graph
	base    string // the register with the address of the constants of the moduli
	vectors int
	vec     int
}

func (f *avxBase) at(vec int) { f.vec = vec }

// constant returns constant i of the moduli: that of lane l is word i*4*vectors + l.
func (f *avxBase) constant(i int) *node { return f.g.fixed(vector(f.base, i*f.vectors+f.vec)) }

func (f *avxBase) half(a avxNum) avxNum { return a }

// threeHalves returns the bits of 3/2 * 2^exponent.
func threeHalves(exponent int) uint64 { return uint64(1023+exponent)<<52 | 1<<51 }
