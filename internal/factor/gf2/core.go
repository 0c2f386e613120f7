package gf2

// A core is the matrix B that a filter leaves, packed for products. It does not change
// any more, so that all goroutines of an operator read it.
//
// Light columns are numbered anew, the heaviest first. So the columns that are used
// most are neighbours, and their parts of an image stay in the cache.
type core struct {
	rows, columns int      // columns counts the light ones
	heavy         [][]vec  // heavy[b][r]: block b of the heavy columns of row r
	ends          []uint32 // the light columns of row r are entries[ends[r-1]:ends[r]]
	entries       []uint32 // new numbers of light columns, below columns
	origin        []uint32 // origin[r]: the row of the whole matrix to which others were added to make row r
}

// core returns the matrix that f has left, with the rows in the order of the arena. It
// takes over the memory of f, which cannot be used any more.
func (f *filter) core() *core {
	f.compact()
	order := heaviestFirst(f.weight)
	place := f.list[:len(order)]
	m := &core{rows: f.rows}
	for i, c := range order {
		place[c] = uint32(i)
		if f.weight[c] > 0 {
			m.columns++
		}
	}
	m.entries = f.arena[:f.end]
	for i, c := range m.entries {
		m.entries[i] = place[c]
	}
	m.ends, m.origin = make([]uint32, 0, f.rows), make([]uint32, 0, f.rows)
	m.heavy = make([][]vec, f.blocks)
	for b := range m.heavy {
		m.heavy[b] = make([]vec, 0, f.rows)
	}
	for _, r := range f.order {
		m.ends, m.origin = append(m.ends, f.row[r].end), append(m.origin, r)
		for b := range m.heavy {
			m.heavy[b] = append(m.heavy[b], f.heavy[int(r)*f.blocks+b])
		}
	}
	return m
}

// start returns the index of the first entry of row r.
func (m *core) start(r int) uint32 {
	if r == 0 {
		return 0
	}
	return m.ends[r-1]
}

// fill sets d to the equations B*x = 0: an equation for each column of m, heavy ones
// first, an unknown for each row.
func (m *core) fill(d *dense, alive func() error) error {
	p := workMeter{alive: alive}
	heavy := len(m.heavy) * width
	d.reset(heavy+m.columns, m.rows)
	start := uint32(0)
	for r, end := range m.ends {
		for _, c := range m.entries[start:end] {
			d.flip(heavy+int(c), r)
		}
		for b := range m.heavy {
			for x := m.heavy[b][r]; x != (vec{}); {
				i := x.first()
				x.flip(i)
				d.flip(b*width+i, r)
			}
		}
		if err := p.spend(int(end-start) + width); err != nil {
			return err
		}
		start = end
	}
	return nil
}
