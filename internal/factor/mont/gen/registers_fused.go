package main

import (
	"fmt"
)

// fused writes a*b+c or the like, which overwrites one of a, b and c. Where none of them dies in its
// register c is copied.
func (a *allocator) fused(n *node) {
	x, y, c := n.args[0], n.args[1], n.args[2]
	var fold *node
	for _, arg := range []*node{c, x, y} {
		if a.folds(arg) && x != y && x != c && y != c {
			fold = arg
		}
	}
	for _, arg := range n.args {
		if arg != fold {
			a.load(arg, n.args)
		}
	}
	if fold == c && !a.overwrites(x) && !a.overwrites(y) {
		// c comes to the register of the result.
		r := a.take(n.args)
		a.write("VMOVUPD %s, Y%d", a.home(c), r)
		a.finish(n, r, "231", x, y)
		return
	}
	switch {
	case fold != c && a.overwrites(c):
		a.finish(n, a.steal(c), "231", x, y)
	case a.overwrites(x) || a.overwrites(y):
		if !a.overwrites(x) {
			x, y = y, x
		}
		if fold == c {
			a.finishIn(n, x, "213", y, c)
		} else {
			a.finishIn(n, x, "132", c, y)
		}
	default:
		r := a.take(n.args)
		a.write("VMOVAPD %s, Y%d", a.operand(c), r)
		a.finish(n, r, "231", x, y)
	}
}

// overwrites reports whether n is in a register that the instruction may overwrite.
func (a *allocator) overwrites(n *node) bool {
	_, ok := a.where[n]
	return ok && a.dies(n)
}

// steal takes the register of n away from it.
func (a *allocator) steal(n *node) int {
	r := a.where[n]
	delete(a.where, n)
	return r
}

// finish writes r = x*y + r or the like. One of x and y may be in memory, and either the third argument, which
// is in r.
func (a *allocator) finish(n *node, r int, order string, x, y *node) {
	inRegister := func(m *node) bool {
		_, ok := a.reg(m)
		return ok || m == n.args[2]
	}
	text := func(m *node) string {
		if m == n.args[2] {
			return fmt.Sprint("Y", r)
		}
		return a.operand(m)
	}
	if !inRegister(x) {
		x, y = y, x
	}
	a.write("%s%sPD %s, %s, Y%d", n.op.name, order, text(y), text(x), r)
	a.release(n.args)
	a.result(n, r)
}

// finishIn writes x = x*second + third ("213") or x = x*third + second ("132"), third possibly in memory.
func (a *allocator) finishIn(n *node, x *node, order string, second, third *node) {
	r := a.where[x]
	texts := [2]string{a.operand(third), a.operand(second)}
	a.write("%s%sPD %s, %s, Y%d", n.op.name, order, texts[0], texts[1], r)
	a.steal(x)
	a.release(n.args)
	a.result(n, r)
}
