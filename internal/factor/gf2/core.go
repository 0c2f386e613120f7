package gf2

// A core is the matrix B that a filter leaves, packed for products with it.
type core struct {
	rows, columns int     // light columns
	heavy         [][]vec // blocks of width columns, of each row
	ends          []uint32
	entries       []uint32 // entries[ends[r-1]:ends[r]]: light columns of row r, those that most rows have are the first columns
	origin        []uint32 // of each row: the row of the matrix that others were added to
}

// core returns what f has left. f cannot be used for more.
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

// start returns where row r begins in entries.
func (m *core) start(r int) uint32 {
	if r == 0 {
		return 0
	}
	return m.ends[r-1]
}

// fill makes d the equations that the columns of m are, its rows being the unknowns.
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
