package ecm

import (
	"fmt"
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// This file has a second implementation of the curves modulo a word, which the tests compare SplitWord and
// the programs with. Its arithmetic, its multiplication of points and its stage 2 are others.

// A wordPoint is a point X:Z modulo a word, x = X/Z; Z = 0 is the point at infinity.
type wordPoint struct{ x, z uint64 }

// maxBabies is the length of the chain of baby steps for D = 210.
const maxBabies = 210/2/3 + 1

// A WordPlan is a Plan for words, with a name.
type WordPlan struct {
	plan *Plan
	name string
}

// NewWordPlan returns the plan for minB1 <= b1 <= b2 with b1 < 1155.
func NewWordPlan(b1, b2 uint64) *WordPlan {
	p, err := NewPlan(b1, b2, func() error { return nil })
	if err != nil || p.d > 210 {
		panic(fmt.Sprintf("ecm: internal error: bounds %d and %d for words", b1, b2))
	}
	return &WordPlan{p, fmt.Sprintf("ecm(%s)", p)}
}

// String returns the method as results name it.
func (p *WordPlan) String() string { return p.name }

// A wordCurve is a curve modulo the word n.
type wordCurve struct {
	m   mont.Modulus
	a24 uint64
}

func newWordCurve(n uint64) wordCurve { return wordCurve{m: mont.New(n)} }

// FindWord runs the curve sigma, MinSigma <= sigma < 2^63, on n and returns a
// divisor d of n with 1 < d < n, or 0. Requires n odd, not divisible by 3, n >= 5. It
// takes some tens of microseconds and no memory.
func FindWord(n uint64, p *WordPlan, sigma uint64) uint64 {
	c := newWordCurve(n)
	q, d := c.suyama(sigma)
	if d == 1 {
		q = c.stage1(q, p.plan)
		d = mont.GCD(q.z, n)
	}
	if d == 1 {
		d = mont.GCD(c.stage2(q, p.plan), n)
	}
	if d == 1 || d == n {
		return 0
	}
	return d
}

// suyama works like Runner.suyama. It returns the gcd of the denominator and n,
// which is 1 if all is well.
func (c *wordCurve) suyama(sigma uint64) (q wordPoint, d uint64) {
	m := &c.m
	v := m.Form(sigma)
	u := m.Sub(m.Mul(v, v), m.Form(5))
	v = m.Add(v, v)
	v = m.Add(v, v)
	q.x = m.Mul(m.Mul(u, u), u)
	q.z = m.Mul(m.Mul(v, v), v)
	den := m.Mul(m.Mul(q.x, v), m.Form(16))
	t := m.Sub(v, u)
	num := m.Mul(m.Mul(t, t), t)
	num = m.Mul(num, m.Add(m.Add(u, u), m.Add(u, v)))
	inv, d := invert(m.Mul(den, 1), m.N())
	c.a24 = m.Mul(num, m.Form(inv))
	return q, d
}

// invert returns 1/a mod n and d = gcd(a, n); the inverse is one if d = 1.
// Requires a < n.
//
// Before and after each iteration r = s*a, r1 = s1*a mod n, and the gcd is that of
// r and r1. The signs of s and s1 alternate, so that their sizes are kept alone:
// they are at most n.
func invert(a, n uint64) (inv, d uint64) {
	r, r1 := n, a
	s, s1 := uint64(0), uint64(1)
	negative := false // of s1
	for r1 != 0 {
		q := r / r1
		r, r1 = r1, r-q*r1
		s, s1 = s1, s+q*s1
		negative = !negative
	}
	if negative {
		return s % n, r // s1 is of the other sign
	}
	return (n - s%n) % n, r
}

func (c *wordCurve) double(p wordPoint) wordPoint {
	m := &c.m
	s, d := m.Add(p.x, p.z), m.Sub(p.x, p.z)
	s, d = m.Mul(s, s), m.Mul(d, d)
	t := m.Sub(s, d)
	return wordPoint{m.Mul(s, d), m.Mul(t, m.Add(d, m.Mul(t, c.a24)))}
}

func (c *wordCurve) add(p, q, diff wordPoint) wordPoint {
	m := &c.m
	u := m.Mul(m.Sub(p.x, p.z), m.Add(q.x, q.z))
	v := m.Mul(m.Add(p.x, p.z), m.Sub(q.x, q.z))
	s, t := m.Add(u, v), m.Sub(u, v)
	return wordPoint{m.Mul(m.Mul(s, s), diff.z), m.Mul(m.Mul(t, t), diff.x)}
}

// ladder returns k*p and (k+1)*p. Requires k >= 1.
func (c *wordCurve) ladder(p wordPoint, k uint64) (r, next wordPoint) {
	r, next = p, c.double(p)
	for i := bits.Len64(k) - 2; i >= 0; i-- {
		if k>>i&1 == 1 {
			r, next = c.add(next, r, p), c.double(next)
		} else {
			r, next = c.double(r), c.add(next, r, p)
		}
	}
	return r, next
}

func (c *wordCurve) stage1(q wordPoint, p *Plan) wordPoint {
	for power := uint64(2); power <= p.B1; power *= 2 {
		q = c.double(q)
	}
	for _, prime := range p.primes[1:] {
		for power := uint64(prime); power <= p.B1; power *= uint64(prime) {
			q, _ = c.ladder(q, uint64(prime))
		}
	}
	return q
}

// stage2 returns the product of X*Zj - Xj*Z over the pairs, X:Z the giants and
// Xj:Zj the babies. With all X*Z at hand a pair costs one multiplication:
// X*Zj - Xj*Z = (X - Xj)(Z + Zj) - X*Z + Xj*Zj.
func (c *wordCurve) stage2(q wordPoint, p *Plan) uint64 {
	m := &c.m
	var chain [maxBabies]wordPoint
	c.makeBabies(chain[:p.d/6+1], q)
	var babies [24]struct{ x, z, xz uint64 }
	for i, j := range p.babies {
		b := chain[chainIndex(j)]
		babies[i].x, babies[i].z, babies[i].xz = b.x, b.z, m.Mul(b.x, b.z)
	}
	step, _ := c.ladder(q, p.d)
	giant, next := c.ladder(step, p.first)
	product, at := m.One(), uint32(0)
	for _, end := range p.end {
		xz := m.Mul(giant.x, giant.z)
		for _, j := range p.pairs[at:end] {
			b := &babies[j]
			t := m.Mul(m.Sub(giant.x, b.x), m.Add(giant.z, b.z))
			product = m.Mul(product, m.Add(m.Sub(t, xz), b.xz))
		}
		at = end
		giant, next = next, c.add(next, step, giant)
	}
	return product
}

// makeBabies works like Runner.makeBabies.
func (c *wordCurve) makeBabies(chain []wordPoint, q wordPoint) {
	two := c.double(q)
	six := c.add(two, q, q)
	chain[0] = q
	chain[1] = c.add(six, two, q)
	six = c.double(six)
	chain[2] = c.add(six, chain[0], chain[1])
	chain[3] = c.add(six, chain[1], chain[0])
	for i := 4; i < len(chain); i++ {
		chain[i] = c.add(chain[i-2], six, chain[i-4])
	}
}
