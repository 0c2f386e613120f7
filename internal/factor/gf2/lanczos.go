package gf2

import "math/rand/v2"

// A lanczos looks for vectors x with B*x = 0, a block of width random ones at a time.
//
// A is the product of the transposed B and B. From V[0] = A*Y, for a random Y, it makes
// blocks V[i] of which the parts in the columns S[i] are orthogonal with respect to A:
//
//	V[i+1] = A*V[i]*S*S^T + V[i]*D + V[i-1]*E + V[i-2]*F
//
// until one, V[m], is orthogonal to itself. The sum of their projections, X, fulfils A*X = V[0],
// so that X-Y and V[m] span vectors for which B*x = 0.
//
// Source: P. Montgomery, A block Lanczos algorithm for finding dependencies over GF(2)
// (1995), the names too.
type lanczos struct {
	*operator
	v    [3][]vec // V[i], V[i-1], V[i-2]
	av   []vec    // A*V[i], and then V[i+1]
	x    []vec    // X-Y
	last [3]step  // i, i-1, i-2
	c    struct { // what V[i+1] and X are made with
		d, e, f, project square
	}
}

// A step is what an iteration leaves for the next two.
type step struct {
	chosen  vec    // columns S[i]
	g       square // V[i]^T * A * V[i]
	k       square // V[i]^T * A^2 * V[i] * S*S^T + g
	inverse square // W^inv
	start   square // V[i]^T * V[0]
}

func newLanczos(m *core, workers int, alive func() error) *lanczos {
	l := &lanczos{operator: newOperator(m, workers, alive), av: make([]vec, m.rows), x: make([]vec, m.rows)}
	for i := range l.v {
		l.v[i] = make([]vec, m.rows)
	}
	return l
}

// run makes X-Y and V[m]. It reports whether it came to an end.
//
// A column that is neither in S[i] nor in S[i-1] breaks the recurrence down. Every fifth time or so
// that happens in the last step, where V[i] has a small rank and little is left to do: the solutions are
// as good, but for a few columns. Before that it is next to impossible; then there are few
// solutions, and more with another seed.
func (l *lanczos) run(seed uint64) (ok bool, err error) {
	if err := l.begin(seed); err != nil {
		return false, err
	}
	// Each iteration but the first takes width-1 dimensions or more, in the mean.
	for i := range l.m.rows/(width-2) + 64 {
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
		if i < len(l.v) {
			if s.start, err = l.inner(l.v[0], l.v[i]); err != nil {
				return false, err
			}
		}
		if err := l.advance(i); err != nil || !complete {
			return true, err
		}
	}
	return false, nil
}

// begin makes Y and V[0].
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

// advance makes V[i+1] and adds the projection of V[0] to X.
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
	if i >= 2 { // A*V[i] is orthogonal to V[0]
		l.last[0].start.addTransposed(&c.d, &now.start)
		l.last[0].start.addTransposed(&c.e, &l.last[1].start)
		l.last[0].start.addTransposed(&c.f, &l.last[2].start)
	}
	l.last[1], l.last[2] = now, l.last[1]
	return err
}

// setCoefficients sets
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
