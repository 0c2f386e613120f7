package siqs

import (
	"math/bits"
	"slices"
)

// A graph counts the cycles that relations make. Its vertices are 1 and the large
// primes. A relation is an edge between its two large primes, 1 standing for a missing
// one:
//
//	full relation             a loop at 1
//	one large prime p         an edge 1 - p
//	two large primes p, q     an edge p - q, or a loop if p = q
//
// In the product of the relations of a cycle each vertex occurs twice, so that the
// large primes form a square. The dimension of the space of cycles is
//
//	cycles = edges + components - vertices.
//
// An edge between two components joins them: the sum stays. Any other edge adds 1. So
// it is enough to know the components: union-find. Source: A. Lenstra, M. Manasse,
// Factoring with two large primes (1994).
type graph struct {
	slots  []uint32 // hash table of ids+1 by large prime, linear probing; len is a power of two > 2*len(prime)
	prime  []uint32 // the vertex of each id; id 0 is 1
	parent []uint32 // union-find: the id above each id, itself for roots
	cycles int
}

// reset makes the graph of the vertex 1 alone, with room for so many vertices.
func (g *graph) reset(vertices int) {
	g.slots = emptyTable(g.slots, vertices)
	g.prime, g.parent, g.cycles = slices.Grow(g.prime[:0], vertices), slices.Grow(g.parent[:0], vertices), 0
	g.vertex(1)
}

// vertex returns the id of a large prime, and adds the vertex if it is new.
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

// find returns the slot of p, or the empty slot where it belongs. The hash is the upper
// bits of p times a constant near 2^32 divided by the golden ratio (D. Knuth, The Art
// of Computer Programming 3, 6.4).
func (g *graph) find(p uint32) int {
	mask := len(g.slots) - 1
	shift := 32 - bits.Len(uint(mask))
	for slot := int(p * 0x9e3779b1 >> shift); ; slot = (slot + 1) & mask {
		if id := g.slots[slot]; id == 0 || g.prime[id-1] == p {
			return slot
		}
	}
}

// grow makes the hash table four times as large.
func (g *graph) grow() {
	g.slots = make([]uint32, 4*len(g.slots))
	for id, p := range g.prime {
		g.slots[g.find(p)] = uint32(id) + 1
	}
}

// join adds an edge, and returns the ids of its ends. The root with the lower id stays a
// root, so that 1 is the root of its component.
func (g *graph) join(large [2]uint32) (ends [2]uint32) {
	ends = [2]uint32{g.vertex(large[0]), g.vertex(large[1])}
	u, v := g.root(ends[0]), g.root(ends[1])
	if u == v {
		g.cycles++
	} else {
		g.parent[max(u, v)] = min(u, v)
	}
	return ends
}

// root returns the root of the component of v. It halves the path on the way: each
// second vertex is linked to the vertex two above.
func (g *graph) root(v uint32) uint32 {
	for g.parent[v] != v {
		g.parent[v] = g.parent[g.parent[v]]
		v = g.parent[v]
	}
	return v
}
