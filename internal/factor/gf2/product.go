package gf2

import "sync"

// An operator multiplies blocks of vectors by a core B and its transpose, and with each other. A
// block is a []vec with an element for each row of B. The rows are divided between the parts, a
// goroutine for each; the first is the caller's. All methods return the error of alive, which is asked
// after each pass over the rows: of 100,000 that is every 4 ms.
type operator struct {
	m     *core
	alive func() error
	parts []part
}

// A part is a range of rows, and scratch. The image B*v of a block v, of which each part
// adds up its rows, has an element for each column.
type part struct {
	from, to     int
	light, heavy []vec
	table        table
	g, k         square
}

// newOperator divides the rows of m by the 1s in them.
func newOperator(m *core, workers int, alive func() error) *operator {
	o := &operator{m: m, alive: alive, parts: make([]part, workers)}
	const perRow = 60 // entries that take as long as the products of a row
	total := len(m.entries) + perRow*m.rows
	r := 0
	for i := range o.parts {
		p := &o.parts[i]
		p.light, p.heavy = make([]vec, m.columns), make([]vec, width*len(m.heavy))
		p.from = r
		for r < m.rows && (int(m.ends[r])+perRow*r)*workers < total*(i+1) {
			r++
		}
		if i == workers-1 {
			r = m.rows
		}
		p.to = r
	}
	return o
}

// each calls f with all parts, and returns when all are done.
func (o *operator) each(f func(p *part)) error {
	var wg sync.WaitGroup
	for i := 1; i < len(o.parts); i++ {
		wg.Go(func() { f(&o.parts[i]) })
	}
	f(&o.parts[0])
	wg.Wait()
	return o.alive()
}

// image sets the image to B*v.
func (o *operator) image(v []vec) error {
	err := o.each(func(p *part) { p.addImage(o.m, v) })
	z := &o.parts[0]
	for i := range o.parts[1:] {
		x := &o.parts[i+1]
		addAll(z.light, x.light)
		addAll(z.heavy, x.heavy)
	}
	return err
}

// addAll sets z += x.
func addAll(z, x []vec) {
	x = x[:len(z)]
	for i := range z {
		z[i].add(&x[i])
	}
}

// addImage sets the image to that of the rows of p.
func (p *part) addImage(m *core, v []vec) {
	clear(p.light)
	clear(p.heavy)
	light, start := p.light, m.start(p.from)
	for r := p.from; r < p.to; r++ {
		end, x := m.ends[r], v[r]
		for _, c := range m.entries[start:end] {
			light[c].add(&x)
		}
		start = end
	}
	for b, heavy := range m.heavy {
		p.table.addInnerProduct((*square)(p.heavy[b*width:]), heavy[p.from:p.to], v[p.from:p.to])
	}
}

// preimage sets z to the product of the transposed B and the image, in the rows of p.
func (p *part) preimage(m *core, z []vec, image *part) {
	light, start := image.light, m.start(p.from)
	for r := p.from; r < p.to; r++ {
		end, sum := m.ends[r], vec{}
		for _, c := range m.entries[start:end] {
			sum.add(&light[c])
		}
		z[r], start = sum, end
	}
	for b, heavy := range m.heavy {
		p.table.addProduct(z[p.from:p.to], heavy[p.from:p.to], (*square)(image.heavy[b*width:]))
	}
}

// apply sets z = A*v, where A is the product of the transposed B and B. It returns the
// products of the transposed v and of the transposed z with z.
func (o *operator) apply(z, v []vec) (vz, zz square, err error) {
	if err = o.image(v); err != nil {
		return vz, zz, err
	}
	err = o.each(func(p *part) {
		p.preimage(o.m, z, &o.parts[0])
		p.g, p.k = square{}, square{}
		p.table.addInnerProduct(&p.g, v[p.from:p.to], z[p.from:p.to])
		p.table.addInnerProduct(&p.k, z[p.from:p.to], z[p.from:p.to])
	})
	for i := range o.parts {
		vz.add(&o.parts[i].g)
		zz.add(&o.parts[i].k)
	}
	return vz, zz, err
}

// inner returns the product of the transposed x and y.
func (o *operator) inner(x, y []vec) (z square, err error) {
	err = o.each(func(p *part) {
		p.g = square{}
		p.table.addInnerProduct(&p.g, x[p.from:p.to], y[p.from:p.to])
	})
	for i := range o.parts {
		z.add(&o.parts[i].g)
	}
	return z, err
}
