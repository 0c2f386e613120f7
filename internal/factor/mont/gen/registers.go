package main

import (
	"fmt"
	"slices"
)

// maxSpills is the number of vectors of scratch memory that a kernel may take, as laneScratch of
// package mont.
const maxSpills = 64

// emit writes the instructions of the graph in an order. pins has the registers of constants, from
// Y15 down; the others are free. Results for which there is no register go to the vectors of scratch
// memory from number first on behind the register scratch.
//
// Registers are given in one pass. If there is none left, the value goes to memory, or is forgotten
// if it is there, that is needed again last (L. A. Belady, A study of replacement algorithms, 1966).
func (g *graph) emit(o order, pins map[string]int, scratch string, first int, write func(format string, args ...any)) {
	a := &allocator{
		order: o, pins: pins, write: write,
		spill:  func(i int) string { return vector(scratch, first+i) },
		list:   o.sorted(g),
		uses:   make(map[*node][]int),
		where:  make(map[*node]int),
		spills: make(map[*node]int),
	}
	for r := 15 - len(pins); r >= 0; r-- {
		a.free = append(a.free, r)
	}
	for i, n := range a.list {
		for k, arg := range n.args {
			if !slices.Contains(n.args[:k], arg) {
				a.uses[arg] = append(a.uses[arg], i)
			}
		}
	}
	for i, n := range a.list {
		a.at = i
		a.instruction(n)
	}
}

// An allocator gives registers to the instructions of list while it writes them.
type allocator struct {
	order
	pins  map[string]int
	write func(string, ...any)
	spill func(int) string

	list   []*node
	at     int             // the instruction that is being written
	uses   map[*node][]int // the instructions that have the node as an argument and are not written
	where  map[*node]int   // the register of a node, if it has one
	free   []int
	spills map[*node]int // the scratch of a result that is in memory
	unused []int         // scratch
	count  int           // of scratch ever used
}

const never = 1 << 30

// next returns the instruction that needs n next, from a.at+skip on.
func (a *allocator) next(n *node, skip int) int {
	u := a.uses[n]
	for len(u) > 0 && u[0] < a.at {
		u = u[1:]
	}
	a.uses[n] = u
	for _, i := range u {
		if i >= a.at+skip {
			return i
		}
	}
	return never
}

// dies reports whether the instruction is the last that needs n.
func (a *allocator) dies(n *node) bool { return n.op != constant && a.next(n, 1) == never }

func (a *allocator) reg(n *node) (int, bool) {
	if n.op == constant {
		r, ok := a.pins[n.mem]
		if !ok {
			panic("gen: no register has the constant " + n.mem)
		}
		return r, true
	}
	r, ok := a.where[n]
	return r, ok
}

// home returns the address of a node that is in memory.
func (a *allocator) home(n *node) string {
	if n.op == memory {
		return n.mem
	}
	s, ok := a.spills[n]
	if !ok {
		panic("gen: a result is lost")
	}
	return a.spill(s)
}

// operand returns n as an operand, in its register or in memory.
func (a *allocator) operand(n *node) string {
	if r, ok := a.reg(n); ok {
		return y(r)
	}
	return a.home(n)
}

func y(r int) string { return fmt.Sprint("Y", r) }

// take returns a register for a new value. It does not take those of keep.
func (a *allocator) take(keep []*node) int {
	if len(a.free) == 0 {
		a.evict(keep)
	}
	last := len(a.free) - 1
	r := a.free[last]
	a.free = a.free[:last]
	return r
}

// evict frees a register.
func (a *allocator) evict(keep []*node) {
	var victim *node
	worst := 0.0
	for n, r := range a.where {
		if slices.Contains(keep, n) {
			continue
		}
		next := float64(a.next(n, 0))
		if _, ok := a.spills[n]; ok || n.op == memory {
			next *= 1.5 // it need not be stored
		}
		if victim == nil || next > worst || next == worst && r < a.where[victim] {
			victim, worst = n, next
		}
	}
	if victim == nil {
		panic("gen: no register is free")
	}
	r := a.where[victim]
	if _, ok := a.spills[victim]; !ok && victim.op != memory && worst < never {
		a.spills[victim] = a.slot()
		a.write("VMOVUPD %s, %s", y(r), a.home(victim))
	}
	delete(a.where, victim)
	a.free = append(a.free, r)
}

// slot takes scratch memory for a vector.
func (a *allocator) slot() int {
	if last := len(a.unused) - 1; last >= 0 {
		s := a.unused[last]
		a.unused = a.unused[:last]
		return s
	}
	if a.count == maxSpills {
		panic("gen: not enough scratch memory")
	}
	a.count++
	return a.count - 1
}

// load brings n to a register.
func (a *allocator) load(n *node, keep []*node) {
	if _, ok := a.reg(n); ok {
		return
	}
	r := a.take(keep)
	a.write("VMOVUPD %s, %s", a.home(n), y(r))
	a.where[n] = r
}

// release frees the registers of those arguments of the instruction that are not needed again.
func (a *allocator) release(args []*node) {
	for _, n := range args {
		if r, ok := a.where[n]; ok && a.dies(n) {
			delete(a.where, n)
			a.free = append(a.free, r)
		}
	}
}

// forget frees their scratch, after the instruction that reads it.
func (a *allocator) forget(args []*node) {
	for _, n := range args {
		if s, ok := a.spills[n]; ok && a.dies(n) {
			delete(a.spills, n)
			a.unused = append(a.unused, s)
		}
	}
}

// folds reports whether n, which is in memory, is best an operand there: it is not needed soon.
func (a *allocator) folds(n *node) bool {
	if _, ok := a.reg(n); ok {
		return false
	}
	return a.next(n, 1)-a.at > a.far
}

// instruction writes n.
func (a *allocator) instruction(n *node) {
	switch n.op.form {
	case fusedArgs:
		a.fused(n)
	case stored:
		a.load(n.args[0], n.args)
		a.write("VMOVUPD %s, %s", a.operand(n.args[0]), n.mem)
		a.release(n.args)
	default:
		text := a.text(n)
		a.release(n.args)
		r := a.take(n.args)
		a.write("%s, %s", text, y(r))
		a.result(n, r)
	}
	a.forget(n.args)
}

// text returns an instruction without its destination.
func (a *allocator) text(n *node) string {
	switch n.op.form {
	case oneArg:
		a.load(n.args[0], n.args)
		return fmt.Sprintf("%s $%d, %s", n.op.name, n.imm, a.operand(n.args[0]))
	case selectArgs:
		for _, arg := range n.args {
			a.load(arg, n.args)
		}
		return fmt.Sprintf("%s %s, %s, %s", n.op.name, a.operand(n.args[2]), a.operand(n.args[1]), a.operand(n.args[0]))
	}
	x, y := n.args[0], n.args[1]
	if _, ok := a.reg(x); !ok && n.op.swap {
		x, y = y, x
	}
	a.load(x, n.args)
	if !a.folds(y) {
		a.load(y, n.args)
	}
	return fmt.Sprintf("%s %s, %s", n.op.name, a.operand(y), a.operand(x))
}

// result notes that n is in a register.
func (a *allocator) result(n *node, r int) {
	if a.next(n, 1) == never {
		panic("gen: a result is not used")
	}
	a.where[n] = r
}
