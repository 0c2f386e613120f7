package main

import (
	"cmp"
	"slices"
)

// An order says in which order the instructions of a graph are written.
//
// Each has a start time: when the results that it needs would be there, were there nothing else to
// do. The times of vector i are interval*i later, and with stages those of stage s are
// interval*vectors*s later, times within a stage being counted from its beginning: a software
// pipeline, in which the stages of all vectors follow each other and the chains of neighbouring
// vectors overlap. The instructions are written by start time. A processor looks some 60 waiting
// floating-point instructions ahead (Zen 3), too few for it to find such an order by itself.
type order struct {
	interval float64 // cycles between vectors
	latency  float64 // a factor for the latencies
	vectors  int
	stages   bool
	far      int // a vector in memory that is needed again after so many instructions is not kept in a register
}

// sorted returns the instructions in order.
func (o order) sorted(g *graph) []*node {
	o.times(g)
	var list []*node
	for _, n := range g.nodes {
		if n.op != memory {
			list = append(list, n)
		}
	}
	at := func(n *node) float64 {
		t := n.start + float64(n.vec)*o.interval
		if o.stages {
			t += float64(n.stage*o.vectors) * o.interval
		}
		return t
	}
	slices.SortStableFunc(list, func(a, b *node) int {
		return cmp.Or(cmp.Compare(at(a), at(b)), a.vec-b.vec, a.seq-b.seq)
	})
	return afterArguments(g, list)
}

// times sets the start times.
func (o order) times(g *graph) {
	for _, n := range g.nodes {
		if n.op == memory {
			continue
		}
		n.start = 0
		for _, a := range n.args {
			switch {
			case a.op == constant:
			case a.op == memory:
				n.start = max(n.start, memory.latency*(o.latency-1))
			case o.stages && a.stage != n.stage:
			default:
				n.start = max(n.start, a.start+a.op.latency*o.latency)
			}
		}
	}
	// What depends on memory alone waits until it is needed, since its result takes a register.
	for _, n := range slices.Backward(g.nodes) {
		if n.op == memory || n.op == store || len(n.users) == 0 || slices.ContainsFunc(n.args, isResult) {
			continue
		}
		late := o.startFor(n, n.users[0])
		for _, u := range n.users[1:] {
			late = min(late, o.startFor(n, u))
		}
		n.start = max(n.start, late)
	}
}

// startFor returns when n must start for u.
func (o order) startFor(n, u *node) float64 {
	t := u.start - n.op.latency*o.latency
	if o.stages {
		t += float64((u.stage-n.stage)*o.vectors) * o.interval
	}
	return t
}

func isResult(n *node) bool { return n.op != memory && n.op != constant }

// afterArguments moves each node behind its arguments, and a store behind what reads the vectors in
// memory that it may overwrite: those of load of the same vector.
func afterArguments(g *graph, list []*node) []*node {
	readers := make(map[int][]*node) // by vector
	for _, n := range g.nodes {
		if n.op == memory {
			readers[n.vec] = append(readers[n.vec], n.users...)
		}
	}
	out := make([]*node, 0, len(list))
	done := make(map[*node]bool)
	var visit func(n *node)
	visit = func(n *node) {
		if done[n] || !isResult(n) {
			return
		}
		for _, a := range n.args {
			visit(a)
		}
		if n.op == store {
			for _, r := range readers[n.vec] {
				visit(r)
			}
		}
		done[n] = true
		out = append(out, n)
	}
	for _, n := range list {
		visit(n)
	}
	return out
}
