package gf2

import "sync"

// An operator multiplies blocks of vectors by a core B and its transpose, and with each
// other. A block is a []vec with an element for each row of the core.
//
// The rows are divided between the parts. Each part has a goroutine; the first is the
// caller's. During a call of each, goroutine i reads all blocks and the core, and
// writes only parts[i] and the rows from..to-1 of a block. Between calls no goroutine
// runs, and the caller adds up what the parts have: additions modulo 2 commute, so that
// the result does not depend on the number of parts.
//
// All methods return the error of alive, which is called after each pass over the rows:
// for 100,000 rows every 4 ms.
type operator struct {
	m      *core
	alive  func() error
	worker func(func()) // Matrix.Worker
	parts  []part
}

// A part is a range of rows with the memory of its goroutine. The image B*v of a block
// v has an element for each column of the core; each part adds up the contribution of
// its rows.
type part struct {
	from, to     int    // rows
	light, heavy []vec  // image: of light columns, and of the blocks of heavy ones
	table        table  // scratch
	g, k         square // results of apply and inner for these rows
}

// newOperator divides the rows of m into so many parts of about the same work: the 1s
// of a row, and perRow for the products of blocks.
func newOperator(m *core, workers int, alive func() error) *operator {
	o := &operator{m: m, alive: alive, worker: func(f func()) { f() }, parts: make([]part, workers)}
	const perRow = 60 // products of blocks take as long for a row as so many entries
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

// each calls f with all parts, each in its goroutine, and returns the error of alive
// when all have ended.
func (o *operator) each(f func(p *part)) error {
	var wg sync.WaitGroup
	for i := 1; i < len(o.parts); i++ {
		wg.Go(func() { o.worker(func() { f(&o.parts[i]) }) })
	}
	f(&o.parts[0])
	wg.Wait()
	return o.alive()
}

// image sets the image of parts[0] to B*v. Those of the other parts are scratch.
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

// addImage sets the image of p to the contribution of its rows: v[r] is added to each
// column that row r has. For heavy columns it is the product of a transposed block of
// bits and v.
func (p *part) addImage(m *core, v []vec) {
	clear(p.light)
	clear(p.heavy)
	if p.from < p.to {
		p.addLight(m, v)
	}
	for b, heavy := range m.heavy {
		p.table.addInnerProduct((*square)(p.heavy[b*width:]), heavy[p.from:p.to], v[p.from:p.to])
	}
}

// addLight is addImage for the light columns, for at least one row. Most of the time of
// block Lanczos is spent here and in sumLight: each entry is one access to a random vec
// of the image.
func (p *part) addLight(m *core, v []vec) {
	light, start := p.light, m.start(p.from)
	if hasKernels() && len(light) > 0 {
		addImageAVX2(&light[0], &m.entries[0], &m.ends[p.from], int(start), &v[p.from], p.to-p.from)
		return
	}
	for r := p.from; r < p.to; r++ {
		end, x := m.ends[r], v[r]
		for _, c := range m.entries[start:end] {
			light[c].add(&x)
		}
		start = end
	}
}

// preimage sets z to B^T times the image, in the rows of p: z[r] is the sum of the
// image over the columns of row r.
func (p *part) preimage(m *core, z []vec, image *part) {
	if p.from < p.to {
		p.sumLight(m, z, image.light)
	}
	for b, heavy := range m.heavy {
		p.table.addProduct(z[p.from:p.to], heavy[p.from:p.to], (*square)(image.heavy[b*width:]))
	}
}

// sumLight is preimage for the light columns, for at least one row.
func (p *part) sumLight(m *core, z, light []vec) {
	start := m.start(p.from)
	if hasKernels() && len(light) > 0 {
		preimageAVX2(&light[0], &m.entries[0], &m.ends[p.from], int(start), &z[p.from], p.to-p.from)
		return
	}
	for r := p.from; r < p.to; r++ {
		end, sum := m.ends[r], vec{}
		for _, c := range m.entries[start:end] {
			sum.add(&light[c])
		}
		z[r], start = sum, end
	}
}

// apply sets z = A*v, A = B^T*B. It returns v^T*z = v^T*A*v and z^T*z = v^T*A^2*v.
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

// inner returns x^T*y.
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
