package main

import "fmt"

// A graph is straight-line AVX2 code before its order and its registers are chosen: its nodes are
// vector instructions, and an argument of one is the result of another or a vector in memory.
//
// The code does the same for several independent vectors, so that they hide each other's latency.
// To write a kernel:
//
//	g := newGraph()
//	for v := range vectors {
//		g.at(v, 0)
//		x := g.mul(g.load("0(SI)"), g.load("0(DX)"))
//		g.at(v, 1) // the second stage: see order
//		g.store("0(DI)", g.add(x, x))
//	}
//	g.emit(order{interval: 8, latency: 1, vectors: vectors, stages: true}, pins, "CX", 0, k.op)
//
// Addresses are operands of Go assembly.
type graph struct {
	nodes      []*node // in the order of writing: arguments come before users
	vec, stage int     // of the nodes that follow
}

// An opcode is a kind of instruction.
type opcode struct {
	name    string
	latency float64
	form    form
	swap    bool // the arguments may change places
}

// A form says how the arguments of an instruction are written.
type form int

const (
	inMemory   form = iota // no instruction: a vector in memory
	pinned                 // no instruction: a vector in a register of its own
	twoArgs                // the second may be in memory
	oneArg                 // an immediate operand, and an argument in a register
	fusedArgs              // a*b+c, one of which may be in memory
	selectArgs             // the second argument where the third is negative, else the first
	stored
)

var (
	memory   = &opcode{"", 7, inMemory, false}
	constant = &opcode{"", 0, pinned, false}
	store    = &opcode{"VMOVUPD", 1, stored, false}

	// Doubles. fma is a*b+c, fms a*b-c and fnma c-a*b, rounded once.
	mulD  = &opcode{"VMULPD", 3, twoArgs, true}
	addD  = &opcode{"VADDPD", 3, twoArgs, true}
	subD  = &opcode{"VSUBPD", 3, twoArgs, false}
	fmaD  = &opcode{"VFMADD", 4, fusedArgs, true}
	fmsD  = &opcode{"VFMSUB", 4, fusedArgs, true}
	fnmaD = &opcode{"VFNMADD", 4, fusedArgs, true}

	// Integers of 64 bits. mulU and mulS multiply the low halves, unsigned and signed.
	mulU    = &opcode{"VPMULUDQ", 3, twoArgs, true}
	mulS    = &opcode{"VPMULDQ", 3, twoArgs, true}
	addQ    = &opcode{"VPADDQ", 1, twoArgs, true}
	subQ    = &opcode{"VPSUBQ", 1, twoArgs, false}
	andQ    = &opcode{"VPAND", 1, twoArgs, true}
	xorQ    = &opcode{"VPXOR", 1, twoArgs, true}
	greater = &opcode{"VPCMPGTQ", 1, twoArgs, false} // -1 where a > b, signed
	shiftR  = &opcode{"VPSRLQ", 1, oneArg, false}    // logical
	blend   = &opcode{"VBLENDVPD", 1, selectArgs, false}
)

// A node is an instruction, or a vector in memory or in a pinned register.
type node struct {
	op         *opcode
	args       []*node
	imm        int
	mem        string // the address, of memory, constant and store
	vec, stage int
	seq        int // in the order of writing

	users []*node // that have it as an argument
	start float64 // see order
}

func newGraph() *graph { return new(graph) }

// at says for which vector and stage the nodes that follow are.
func (g *graph) at(vec, stage int) { g.vec, g.stage = vec, stage }

func (g *graph) node(op *opcode, args ...*node) *node {
	n := &node{op: op, args: args, vec: g.vec, stage: g.stage, seq: len(g.nodes)}
	g.nodes = append(g.nodes, n)
	for i, a := range args {
		if i == 0 || a != args[0] {
			a.users = append(a.users, n)
		}
	}
	return n
}

// fixed returns a vector in memory that no store of the graph changes, or only one whose argument
// depends on all that is made of it. It is read where it is needed, perhaps more than once.
func (g *graph) fixed(address string) *node {
	return &node{op: memory, mem: address, vec: g.vec, stage: g.stage}
}

// load returns a vector in memory as it is before the stores of g.vec.
func (g *graph) load(address string) *node {
	n := g.fixed(address)
	g.nodes = append(g.nodes, n)
	return n
}

// pin returns the vector that emit finds in the register that pins has for the name.
func (g *graph) pin(name string) *node { return &node{op: constant, mem: name} }

// store puts x, which is a result, to an address, where loads of other vectors do not look.
func (g *graph) store(address string, x *node) { g.node(store, x).mem = address }

func (g *graph) mul(a, b *node) *node     { return g.node(mulD, a, b) }
func (g *graph) add(a, b *node) *node     { return g.node(addD, a, b) }
func (g *graph) sub(a, b *node) *node     { return g.node(subD, a, b) }
func (g *graph) fma(a, b, c *node) *node  { return g.node(fmaD, a, b, c) }
func (g *graph) fms(a, b, c *node) *node  { return g.node(fmsD, a, b, c) }
func (g *graph) fnma(a, b, c *node) *node { return g.node(fnmaD, a, b, c) }

// op makes an instruction of two arguments.
func (g *graph) op(op *opcode, a, b *node) *node { return g.node(op, a, b) }

// shift returns a >> bits, logical.
func (g *graph) shift(a *node, bits int) *node {
	n := g.node(shiftR, a)
	n.imm = bits
	return n
}

// choose returns b where sign is negative, else a.
func (g *graph) choose(a, b, sign *node) *node { return g.node(blend, a, b, sign) }

// vector returns the address of vector i behind a register.
func vector(base string, i int) string { return fmt.Sprintf("%d(%s)", 32*i, base) }
