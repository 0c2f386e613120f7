package siqs

// A forest finds a basis of the cycles of the graph of a set: with a tree that
// spans each component, every other edge closes one cycle. The trees are built
// breadth first, from 1 where they can, so that cycles are short.
type forest struct {
	first      []uint32    // first[v]: where the edges of vertex v begin in edges
	edges      []uint32    // entries at v, one vertex after the other
	ends       [][2]uint32 // vertices of each entry
	parentEdge []uint32    // entry that leads from v towards the root of its tree
	depth      []uint32    // of v, 0 for roots; unseen for others
	queue      []uint32
}

const unseen = ^uint32(0)

// grow builds the forest of the set.
func (f *forest) grow(alive func() error, s *Set) error {
	vertices := len(s.graph.prime)
	if err := f.link(alive, s, vertices); err != nil {
		return err
	}
	f.parentEdge, f.depth = resize(f.parentEdge, vertices), resize(f.depth, vertices)
	for v := range f.depth {
		f.depth[v] = unseen
	}
	for v := range uint32(vertices) {
		if f.depth[v] == unseen {
			if err := f.span(alive, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// link fills first, edges and ends. Loops are not among the edges.
func (f *forest) link(alive func() error, s *Set, vertices int) error {
	f.first = resize(f.first, vertices+1)
	clear(f.first)
	f.ends = f.ends[:0]
	for i := range s.entries {
		if i%aliveEvery == aliveEvery-1 {
			if err := alive(); err != nil {
				return err
			}
		}
		large := s.entries[i].large
		u, v := s.graph.vertex(large[0]), s.graph.vertex(large[1])
		f.ends = append(f.ends, [2]uint32{u, v})
		if u != v {
			f.first[u]++
			f.first[v]++
		}
	}
	sum := uint32(0)
	for v := range f.first {
		sum += f.first[v]
		f.first[v] = sum // the end: filling walks down
	}
	f.edges = resize(f.edges, int(sum))
	for i := len(f.ends) - 1; i >= 0; i-- {
		if i%aliveEvery == 0 {
			if err := alive(); err != nil {
				return err
			}
		}
		if u, v := f.ends[i][0], f.ends[i][1]; u != v {
			f.first[u]--
			f.edges[f.first[u]] = uint32(i)
			f.first[v]--
			f.edges[f.first[v]] = uint32(i)
		}
	}
	return nil
}

// span builds the tree with the root r, or returns the error of alive.
func (f *forest) span(alive func() error, r uint32) error {
	f.depth[r], f.parentEdge[r] = 0, unseen
	f.queue = append(f.queue[:0], r)
	for at := 0; at < len(f.queue); at++ {
		if at%aliveEvery == aliveEvery-1 {
			if err := alive(); err != nil {
				return err
			}
		}
		v := f.queue[at]
		for _, e := range f.edges[f.first[v]:f.first[v+1]] {
			if w := f.other(e, v); f.depth[w] == unseen {
				f.depth[w], f.parentEdge[w] = f.depth[v]+1, e
				f.queue = append(f.queue, w)
			}
		}
	}
	return nil
}

// other returns the end of edge e that is not v.
func (f *forest) other(e, v uint32) uint32 { return f.ends[e][0] ^ f.ends[e][1] ^ v }

// cycle appends to dst the entries of the cycle that e closes, e the first, and reports
// whether e closes one: it does unless it is in a tree.
func (f *forest) cycle(dst []uint32, e uint32) ([]uint32, bool) {
	u, v := f.ends[e][0], f.ends[e][1]
	if u != v && (f.parentEdge[u] == e || f.parentEdge[v] == e) {
		return dst, false
	}
	dst = append(dst, e)
	for u != v {
		if f.depth[u] < f.depth[v] {
			u, v = v, u
		}
		dst = append(dst, f.parentEdge[u])
		u = f.other(f.parentEdge[u], u)
	}
	return dst, true
}
