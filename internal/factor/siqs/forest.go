package siqs

// A forest finds a basis of the cycles of the graph of a set. It has a tree that spans
// each component. Each edge outside of the trees closes one cycle, with the path
// between its ends in the tree. These cycles are independent, as each has an edge that
// no other has. Their number is that of graph.
//
// The trees are built breadth first, and the tree of the component of 1 has the root 1.
// So cycles are short, and rows of the matrix light: a relation with one large prime is
// an edge to the root.
type forest struct {
	first      []uint32    // first[v]: where the edges of vertex v begin in edges; one more than vertices
	edges      []uint32    // entries at v, one vertex after the other; each edge occurs at both of its ends
	ends       [][2]uint32 // ids of the vertices of each entry
	parentEdge []uint32    // entry that leads from v towards the root of its tree; unseen for roots
	depth      []uint32    // of v: 0 for roots, unseen for vertices that no tree has reached
	queue      []uint32    // vertices of the tree that is built, in the order of their depths
}

// unseen is no depth and no entry.
const unseen = ^uint32(0)

// grow builds the forest of the set, or returns the error of alive. Vertex 0 is 1 and
// comes first.
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

// link fills first, edges and ends, by a counting sort of the edges by vertex. Loops
// are not among the edges: no tree has them.
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
		ends := s.entries[i].ends
		f.ends = append(f.ends, ends)
		if u, v := ends[0], ends[1]; u != v {
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

// span builds the tree with the root r breadth first, or returns the error of alive.
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

// other returns the end of edge e that is not v. Requires v to be one of its ends.
func (f *forest) other(e, v uint32) uint32 { return f.ends[e][0] ^ f.ends[e][1] ^ v }

// cycle appends to dst the entries of the cycle that e closes, e first, and reports
// whether e closes one: it does unless it is in a tree. It goes up from the deeper of
// the two ends until they meet.
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
