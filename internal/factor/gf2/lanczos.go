package gf2

import "math/rand/v2"

// A lanczos looks for vectors x with B*x = 0 by block Lanczos; the package comment has
// the recurrence
//
//	V[i+1] = A*V[i]*S*S^T + V[i]*D + V[i-1]*E + V[i-2]*F
//
// and the reason for which it ends. The products with S*S^T are masks: they clear the
// columns that are not chosen. Signs do not matter modulo 2, so that X-Y is X+Y, and x
// begins as Y.
//
// All blocks have a vec for each row of the core. All squares are width x width
// matrices. The blocks are divided between goroutines by rows; only the caller's
// goroutine uses the squares.
type lanczos struct {
	*operator
	v    [3][]vec           // V[i], V[i-1], V[i-2]
	av   []vec              // A*V[i], and then V[i+1]
	x    []vec              // Y plus the projections of V[0] so far: at the end X-Y
	last [3]step            // of iterations i, i-1, i-2
	done func(done float64) // Matrix.Progress
	c    struct {           // the squares with which V[i+1] and X are made
		d, e, f, project square
	}
}

// A step has the squares of an iteration. The next two iterations need them.
type step struct {
	chosen  vec    // the columns S[i]
	g       square // V[i]^T * A * V[i]
	k       square // V[i]^T * A^2 * V[i] * S*S^T + g
	inverse square // W[i]^inv
	start   square // V[i]^T * V[0]
}

// newLanczos returns a lanczos for the matrix m, with five blocks and so many
// goroutines.
func newLanczos(m *core, workers int, alive func() error) *lanczos {
	l := &lanczos{operator: newOperator(m, workers, alive), av: make([]vec, m.rows), x: make([]vec, m.rows)}
	for i := range l.v {
		l.v[i] = make([]vec, m.rows)
	}
	return l
}

// run makes X-Y in x and V[m] in v[0]. It reports whether the recurrence has ended, or
// returns the error of alive.
//
// A column that is neither in S[i] nor in S[i-1] makes the recurrence invalid, so that
// run stops. In about one of five runs this happens in the last step, where V[i] has a
// small rank and little is left to do: then the solutions are as good, but for a few
// columns. An earlier breakdown is next to impossible. It leaves few solutions; search
// then takes another seed.
func (l *lanczos) run(seed uint64) (ok bool, err error) {
	if err := l.begin(seed); err != nil {
		return false, err
	}
	// Each iteration but the first adds at least width-1 dimensions on average, of rows
	// in all. 64 more allow for small matrices.
	for i := range l.m.rows/(width-2) + 64 {
		if ended, err := l.iterate(i); ended || err != nil {
			return err == nil, err
		}
		if l.done != nil {
			l.done(min(float64((i+1)*(width-1))/float64(l.m.rows), 1))
		}
	}
	return false, nil
}

// iterate makes V[i+1] from V[i] and adds the projection of V[0] on W[i] to X. It
// reports whether the recurrence has ended, with V[m] in v[0]: either as V[i]^T*A*V[i]
// = 0, or because a column is neither in S[i] nor in S[i-1].
func (l *lanczos) iterate(i int) (ended bool, err error) {
	s := &l.last[0]
	if s.g, s.k, err = l.apply(l.av, l.v[0]); err != nil {
		return false, err
	}
	if s.g == (square{}) {
		return true, nil
	}
	scratch := s.g
	s.chosen = s.inverse.invert(&scratch, l.last[1].chosen)
	complete := s.chosen.or(l.last[1].chosen) == ones
	s.k.mask(s.chosen)
	s.k.add(&s.g)
	if i < len(l.v) { // v[i] is V[0]
		if s.start, err = l.inner(l.v[0], l.v[i]); err != nil {
			return false, err
		}
	}
	return !complete, l.advance(i)
}

// begin makes a random Y in x, and V[0] = A*Y in v[0]. V[-1] and V[-2] are zero, and
// all columns count as chosen in S[-1].
func (l *lanczos) begin(seed uint64) error {
	rnd := rand.NewPCG(seed, 0)
	for i := range l.x {
		l.x[i] = vec{rnd.Uint64(), rnd.Uint64()}
	}
	l.last = [3]step{}
	l.last[1].chosen = ones
	clear(l.v[1])
	clear(l.v[2])
	_, _, err := l.apply(l.v[0], l.x)
	return err
}

// advance makes V[i+1] and adds the projection V[i]*W[i]^inv*V[i]^T*V[0] to X. Then
// step i is last[1].
//
// V[i]^T*V[0] for i >= 3 follows from the recurrence without a product of blocks:
//
//	V[i+1]^T*V[0] = D^T*V[i]^T*V[0] + E^T*V[i-1]^T*V[0] + F^T*V[i-2]^T*V[0],  i >= 2,
//
// as A*V[i] is orthogonal to V[0], whose columns are in the span of W[0] and W[1].
func (l *lanczos) advance(i int) error {
	l.setCoefficients()
	c, chosen := &l.c, l.last[0].chosen
	err := l.each(func(p *part) {
		from, to := p.from, p.to
		p.table.addProduct(l.x[from:to], l.v[0][from:to], &c.project)
		z := l.av[from:to]
		for r := range z {
			z[r] = z[r].and(chosen)
		}
		p.table.addProduct(z, l.v[0][from:to], &c.d)
		p.table.addProduct(z, l.v[1][from:to], &c.e)
		p.table.addProduct(z, l.v[2][from:to], &c.f)
	})
	l.v[0], l.v[1], l.v[2], l.av = l.av, l.v[0], l.v[1], l.v[2]
	now := l.last[0]
	l.last[0].start = square{}
	if i >= 2 {
		l.last[0].start.addTransposed(&c.d, &now.start)
		l.last[0].start.addTransposed(&c.e, &l.last[1].start)
		l.last[0].start.addTransposed(&c.f, &l.last[2].start)
	}
	l.last[1], l.last[2] = now, l.last[1]
	return err
}

// setCoefficients sets, with g and k of the steps,
//
//	D = I + W[i]^inv * k[i]
//	E = W[i-1]^inv * g[i] * S*S^T
//	F = W[i-2]^inv * (I + g[i-1]*W[i-1]^inv) * k[i-1] * S*S^T
//
// and the projection of V[0], W[i]^inv * V[i]^T * V[0].
func (l *lanczos) setCoefficients() {
	c, s := &l.c, &l.last
	c.d.mul(&s[0].inverse, &s[0].k)
	c.d.addOne()

	c.e.mul(&s[1].inverse, &s[0].g)
	c.e.mask(s[0].chosen)

	c.f.mul(&s[1].g, &s[1].inverse)
	c.f.addOne()
	product := c.f
	c.f.mul(&s[2].inverse, &product)
	c.f.mul(&c.f, &s[1].k)
	c.f.mask(s[0].chosen)

	c.project.mul(&s[0].inverse, &s[0].start)
}
