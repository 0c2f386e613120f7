package ecm

import (
	"math/bits"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/mont"
)

// A group is the numbers that run together: those of one class that one kind of machine
// takes.
type group struct {
	bits  int // of the largest number
	class int
	kind  int // of the machine, see mont.LaneKind
}

// maxGroups bounds the number of groups: each one ends where a class or a kind of
// machine does.
const maxGroups = len(classes) + mont.LaneKinds

// wordBits is the size of the largest numbers of mont.WordLanes.
const wordBits = 64

// makeGroups returns the groups of the level in force, ascending by size. If words is
// set, they are those for mont.WordLanes.
func makeGroups(words bool) []group {
	most := BatchBits()
	if words {
		most = wordBits
	}
	var gs []group
	for size := 1; size <= most; size++ {
		// The group begins at size and ends where its class or its machine does.
		g := group{class: classOf(size)}
		g.bits = classes[g.class].bits
		if !words {
			kind, bits := mont.LaneKind(size)
			g.kind, g.bits = kind, min(g.bits, bits)
		}
		gs = append(gs, g)
		size = g.bits
	}
	return gs
}

// use prepares b for the level of kernels.
func (b *Batch) use(level kernels.Level) {
	if b.groups == nil || b.level != level {
		b.level, b.words = level, b.forceWords || mont.LaneBits() == 0
		b.groups = makeGroups(b.words)
		b.machines = [mont.LaneKinds]*machine{}
		// The groups ascend, so that one pass finds the group of each size.
		i := 0
		for size := range b.groupAt {
			if i < len(b.groups) && size > b.groups[i].bits {
				i++
			}
			b.groupAt[size] = int8(i)
		}
	}
}

// sort sets order and first: the places of ns sorted by group, by counting.
func (b *Batch) sort(ns []Number) {
	// Count the numbers of each group, and sum the counts to the places where groups
	// begin.
	b.first = [maxGroups + 1]int{}
	for _, n := range ns {
		if i := b.groupOf(n); i >= 0 {
			b.first[i+1]++
		}
	}
	for i := range maxGroups {
		b.first[i+1] += b.first[i]
	}
	total := b.first[maxGroups]
	if cap(b.order) < total {
		b.order = make([]int32, total)
	}
	b.order = b.order[:total]
	// next[i] is the place of the next number of group i.
	next := b.first
	for at, n := range ns {
		if i := b.groupOf(n); i >= 0 {
			b.order[next[i]] = int32(at)
			next[i]++
		}
	}
}

// groupOf returns the index of the group of n, or -1 if n is given up.
func (b *Batch) groupOf(n Number) int {
	if !splittable(n) {
		return -1
	}
	if i := int(b.groupAt[bitLen(n)]); i < len(b.groups) {
		return i
	}
	return -1
}

// splittable reports whether there are curves modulo n: n is odd and at least 5.
func splittable(n Number) bool { return n[0]&1 == 1 && (n[1] != 0 || n[0] >= 5) }

// classOf returns the index of the class of numbers of so many bits, at most MaxBits.
func classOf(size int) int {
	c := 0
	for classes[c].bits < size {
		c++
	}
	return c
}

// bitLen returns the number of bits of n.
func bitLen(n Number) int {
	if n[1] != 0 {
		return 64 + bits.Len64(n[1])
	}
	return bits.Len64(n[0])
}
