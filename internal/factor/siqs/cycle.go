package siqs

import (
	"math/bits"
	"slices"
)

// A graph counts the cycles that relations make. Its vertices are 1, which has the
// id 0, and the large primes; a relation is an edge between its two large primes. The
// relations of a cycle multiply to a relation in which each large prime is squared: a
// full relation, which is a loop at 1, is a cycle by itself.
//
// The independent cycles are the edges that join vertices already connected:
// A. Lenstra, M. Manasse, Factoring with two large primes (1994).
type graph struct {
	slots  []uint32 // hash table of ids+1 by large prime, open addressing; len is a power of two > 2*len(prime)
	prime  []uint32 // of each id
	parent []uint32 // union-find: ids
	cycles int
}

// reset makes the graph that has the vertex 1 alone, and room for more.
func (g *graph) reset(vertices int) {
	g.slots = emptyTable(g.slots, vertices)
	g.prime, g.parent, g.cycles = slices.Grow(g.prime[:0], vertices), slices.Grow(g.parent[:0], vertices), 0
	g.vertex(1)
}

// vertex returns the id of a large prime, a new one if need be.
func (g *graph) vertex(p uint32) uint32 {
	slot := g.find(p)
	if id := g.slots[slot]; id != 0 {
		return id - 1
	}
	id := uint32(len(g.prime))
	g.slots[slot] = id + 1
	g.prime = append(g.prime, p)
	g.parent = append(g.parent, id)
	if 2*len(g.prime) >= len(g.slots) {
		g.grow()
	}
	return id
}

// find returns the slot of p, or the empty one where it belongs.
func (g *graph) find(p uint32) int {
	mask := len(g.slots) - 1
	shift := 32 - bits.Len(uint(mask))
	for slot := int(p * 0x9e3779b1 >> shift); ; slot = (slot + 1) & mask {
		if id := g.slots[slot]; id == 0 || g.prime[id-1] == p {
			return slot
		}
	}
}

func (g *graph) grow() {
	g.slots = make([]uint32, 4*len(g.slots))
	for id, p := range g.prime {
		g.slots[g.find(p)] = uint32(id) + 1
	}
}

// join adds an edge.
func (g *graph) join(large [2]uint32) {
	u, v := g.root(g.vertex(large[0])), g.root(g.vertex(large[1]))
	if u == v {
		g.cycles++
		return
	}
	g.parent[max(u, v)] = min(u, v)
}

// root returns the representative of the component of v and halves the path to it.
func (g *graph) root(v uint32) uint32 {
	for g.parent[v] != v {
		g.parent[v] = g.parent[g.parent[v]]
		v = g.parent[v]
	}
	return v
}
