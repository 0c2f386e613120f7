package ecm

import (
	"math/big"

	"factorfleet/internal/factor/mont"
)

// Group is the number of curves of a group: one in each lane of the machine that has the most.
const Group = mont.WideLaneWidth

// A wideMachine is one of those of package mont: all its lanes have the same modulus.
type wideMachine interface {
	Reset(w *mont.Wide, slots int)
	Width() int
	Set(slot, lane int, x mont.Element)
	Get(z mont.Element, slot, lane int)
	Run(code []mont.Instruction)
}

// A Many runs curves modulo one n, in groups: the curves of a group at the same time in eight lanes
// (AVX-512), half of them at a time in four (AVX2), or one after the other. The outcome is the
// same: the instructions are the same, and so are the residues.
//
// A group does stage 1 of all its curves before stage 2, and of the curves that find something in
// the same stage the first counts.
type Many struct {
	w      mont.Wide
	lanes  mont.WideLanes
	quads  mont.QuadLanes
	scalar mont.WideMachine
	check  func() error
	err    error

	m        wideMachine // one of the three
	kind     machineKind // the quickest for the number
	machines [3]struct { // by machineKind
		fresh bool // has the modulus
		slots int
	}

	curves [Group]manyCurve
	t      [4]mont.Element
	inv    [Group]mont.Element // for invertAll
	pre    [Group]mont.Element

	programs map[*Plan]*storedStage1
	c        compiler // the program not yet run
	work     int      // word products in it
	careful  bool     // look for a divisor after each step
	found    *big.Int // what careful has found
	stage    manyStage2
}

// A manyCurve is a curve of a group.
type manyCurve struct {
	sigma uint64
	a24   mont.Element
	q     [2]mont.Element // the point of the curve, X and Z
	r     [2]mont.Element // after stage 1
	out   mont.Element    // the product of stage 2
	over  bool            // nothing more is to be expected of the curve
	d     *big.Int        // a proper divisor, or nil
}

var one = big.NewInt(1)

// Reset makes s one for n, odd and not divisible by 3, n >= 5. Run will call check about
// every tenth of a millisecond, never less often than after each point operation, and return its
// error if there is one.
func (s *Many) Reset(n *big.Int, check func() error) {
	s.w.Reset(n)
	s.check = check
	s.kind = bestMachine(n.BitLen())
	for i := range s.machines {
		s.machines[i].fresh = false
	}
	es := s.w.NewSlice(len(s.t) + 8*Group)
	take := func() mont.Element {
		e := es[0]
		es = es[1:]
		return e
	}
	for i := range s.t {
		s.t[i] = take()
	}
	for i := range s.curves {
		s.curves[i] = manyCurve{a24: take(), q: [2]mont.Element{take(), take()}, r: [2]mont.Element{take(), take()}, out: take()}
		s.inv[i], s.pre[i] = take(), take()
	}
}

// N returns the number, which the caller must not change.
func (s *Many) N() *big.Int { return s.w.N() }

// A machineKind is one of the machines of a Many.
type machineKind int

const (
	onScalar machineKind = iota
	onQuads
	onLanes
)

// bestMachine returns the quickest machine for moduli of size bits.
func bestMachine(size int) machineKind {
	switch {
	case mont.HasWideLanes(size):
		return onLanes
	case mont.HasQuadLanes(size):
		return onQuads
	}
	return onScalar
}

// Run runs the curves with the given parameters, all at least 6. It returns a divisor d
// of n, 1 < d < n, and the index of the parameter that found it; the curves of later groups
// have not been run. It returns nil if there is none to be found.
func (s *Many) Run(p *Plan, sigmas []uint64) (d *big.Int, which int, err error) {
	for at := 0; at < len(sigmas); at += Group {
		d, which, err = s.group(p, sigmas[at:min(at+Group, len(sigmas))])
		if d != nil || err != nil {
			return d, at + which, err
		}
	}
	return nil, 0, nil
}

// group runs a group of curves.
func (s *Many) group(p *Plan, sigmas []uint64) (d *big.Int, which int, err error) {
	s.err = nil
	cs := s.curves[:len(sigmas)]
	chains, err := p.chains(s.check)
	if err != nil {
		return nil, 0, err
	}
	s.suyama(cs, sigmas)
	if d, which = first(cs); d != nil {
		return d, which, nil
	}
	s.choose(s.kind, p)
	for batch := range s.batches(cs) {
		s.stage1(p, chains, batch)
	}
	s.inspect(cs, func(c *manyCurve) mont.Element { return c.r[1] }, func(c *manyCurve) {
		s.stage1(p, chains, s.only(c, p))
	})
	if d, which = first(cs); d != nil || s.err != nil {
		return d, which, s.err // not both: inspect stops at an error
	}
	s.choose(s.kind, p)
	for batch := range s.batches(cs) {
		s.stage2(p, batch)
	}
	s.inspect(cs, func(c *manyCurve) mont.Element { return c.out }, func(c *manyCurve) {
		s.stage2(p, s.only(c, p))
	})
	if s.err != nil {
		return nil, 0, s.err
	}
	d, which = first(cs)
	return d, which, nil
}

// choose has the next stages run on a machine.
func (s *Many) choose(i machineKind, p *Plan) {
	s.m = [...]wideMachine{&s.scalar, &s.quads, &s.lanes}[i]
	slots := s.stage.layout(p)
	if is := &s.machines[i]; !is.fresh || is.slots < slots {
		is.fresh, is.slots = true, slots
		s.m.Reset(&s.w, slots)
	}
}

// only prepares a stage that is careful with one curve.
func (s *Many) only(c *manyCurve, p *Plan) []*manyCurve {
	s.choose(onScalar, p)
	return []*manyCurve{c}
}

// batches yields as many of the curves as the machine takes at a time, without those that are over.
func (s *Many) batches(cs []manyCurve) func(yield func([]*manyCurve) bool) {
	return func(yield func([]*manyCurve) bool) {
		var batch []*manyCurve
		for i := range cs {
			if !cs[i].over {
				batch = append(batch, &cs[i])
			}
			if len(batch) == s.m.Width() || len(batch) > 0 && i == len(cs)-1 {
				if !yield(batch) {
					return
				}
				batch = batch[:0]
			}
		}
	}
}

// first returns the first divisor that was found.
func first(cs []manyCurve) (d *big.Int, which int) {
	for i := range cs {
		if cs[i].d != nil {
			return cs[i].d, i
		}
	}
	return nil, 0
}

// inspect looks for divisors of n in the numbers that a stage has made. Where it is n itself,
// all prime factors have come at once: they part if again is careful.
func (s *Many) inspect(cs []manyCurve, number func(c *manyCurve) mont.Element, again func(c *manyCurve)) {
	if s.err != nil {
		return
	}
	product := s.t[0]
	copy(product, s.w.One())
	for i := range cs {
		if c := &cs[i]; !c.over {
			s.w.Mul(product, product, number(c))
		}
	}
	if s.gcd(product).Cmp(one) == 0 {
		return
	}
	for i := range cs {
		c := &cs[i]
		if c.over || s.err != nil {
			continue
		}
		d := s.gcd(number(c))
		switch {
		case d.Cmp(one) == 0:
			continue
		case d.Cmp(s.w.N()) == 0:
			s.careful, s.found = true, nil
			again(c)
			if s.careful, d = false, s.found; d == nil {
				d = c.d
			}
		}
		c.over = true
		if c.d = d; d != nil {
			return
		}
	}
}

// gcd returns gcd(x, n), which is n for x = 0.
func (s *Many) gcd(x mont.Element) *big.Int {
	d := s.w.Raw(new(big.Int), x)
	return d.GCD(nil, nil, d, s.w.N())
}

// proper returns gcd(x, n) if it is neither 1 nor n, else nil.
func (s *Many) proper(x mont.Element) *big.Int {
	if d := s.gcd(x); d.Cmp(one) != 0 && d.Cmp(s.w.N()) != 0 {
		return d
	}
	return nil
}

// suyama sets the curves and their points by Suyama's parameter sigma:
//
//	u = sigma^2 - 5,  v = 4 sigma,  q = u^3 : v^3
//	(A+2)/4 = (v-u)^3 (3u+v) / (16 u^3 v)
//
// A curve whose constant has no denominator is over, with the divisor that this means.
func (s *Many) suyama(cs []manyCurve, sigmas []uint64) {
	w := &s.w
	u, v, x, t := s.t[0], s.t[1], s.t[2], s.t[3]
	for i := range cs {
		c, den := &cs[i], s.inv[i]
		c.sigma, c.over, c.d = sigmas[i], false, nil
		w.SetWord(v, c.sigma)
		w.SetWord(t, 5)
		w.Mul(u, v, v)
		w.Sub(u, u, t)
		w.Add(v, v, v)
		w.Add(v, v, v)
		w.Mul(x, u, u)
		w.Mul(c.q[0], x, u)
		w.Mul(x, v, v)
		w.Mul(c.q[1], x, v)
		w.SetWord(t, 16)
		w.Mul(x, c.q[0], v)
		w.Mul(den, x, t) // 16 u^3 v
		w.Sub(t, v, u)
		w.Mul(x, t, t)
		w.Mul(x, x, t)
		w.Add(t, u, u)
		w.Add(t, t, u)
		w.Add(t, t, v)
		w.Mul(c.a24, x, t) // (v-u)^3 (3u+v)
	}
	gcds := s.invertAll(s.inv[:len(cs)])
	for i := range cs {
		w.Mul(cs[i].a24, cs[i].a24, s.inv[i])
	}
	for i, d := range gcds {
		if d == nil {
			continue
		}
		if cs[i].over = true; d.Cmp(w.N()) != 0 {
			cs[i].d = d
		}
	}
}

// invertAll replaces each of the elements, up to Group, by its inverse. For those that have none
// it puts 1 and returns the gcd with n; it returns nil if there are no such.
func (s *Many) invertAll(xs []mont.Element) (gcds []*big.Int) {
	// Upwards pre[i] = x0*...*xi; downwards, before each step, inv = 1/(x0*...*xi).
	w, inv, t := &s.w, s.t[0], s.t[1]
	last := len(xs) - 1
	for {
		copy(s.pre[0], xs[0])
		for i, x := range xs[1:] {
			w.Mul(s.pre[i+1], s.pre[i], x)
		}
		var b big.Int
		if b.ModInverse(w.Value(&b, s.pre[last]), w.N()) != nil {
			w.SetBig(inv, &b)
			break
		}
		gcds = make([]*big.Int, len(xs))
		for i, x := range xs {
			if d := s.gcd(x); d.Cmp(one) != 0 {
				gcds[i] = d
				copy(x, w.One())
			}
		}
	}
	for i := last; i > 0; i-- {
		w.Mul(t, inv, s.pre[i-1])
		w.Mul(inv, inv, xs[i])
		copy(xs[i], t)
	}
	copy(xs[0], inv)
	return gcds
}
