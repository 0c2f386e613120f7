package ecm

import (
	"fmt"

	"factorfleet/internal/factor/mont"
)

// A program is a curve with the bounds of a plan, as instructions for the machines of
// package mont: from sigma to the product of stage 2. It is immutable.
//
// It divides nowhere. The constant of the curve is kept as a fraction, and the points of
// stage 2 are not made affine but brought to one denominator: x = X/Z becomes
// X*prod(Z of the others), so that the differences of two are those of the
// affine x times the product of all Z. A pair costs one product.
type program struct {
	B1, B2 uint64

	name   string
	slots  int
	stages [2][]mont.Instruction // the curve and stage 1; stage 2
	q      int                   // the point after stage 1

	// To go on with stage 2 in another machine: the gcd of Z of q, and the rest of q.
	zGCD, point [1]mont.Instruction
}

// The slots of a program, after those with a fixed use.
const (
	slotSigma = mont.FirstSlot + iota // sigma is slotSigma/slotSigmaDen
	slotSigmaDen
	slotThree // the numbers themselves, not their forms
	slotFour
	slotFive
	slotSixteen
	slotResult // the product of stage 2
	slotGCD    // its gcd with n, if lanes.HasGCDs
	firstFree
)

// smallNumbers are the contents of the slots from slotThree.
var smallNumbers = [...]uint64{3, 4, 5, 16}

// String returns the method as results name it.
func (p *program) String() string { return p.name }

// newProgram returns the program for minB1 <= b1 <= b2 and the giant step d, a multiple
// of 6 with the primes of d and d/2 at most b1.
func newProgram(b1, b2, d uint64) *program {
	plan, err := newPlanStep(b1, b2, d, func() error { return nil })
	if err != nil || d%6 != 0 || d/2 > b1 {
		panic(fmt.Sprintf("ecm: internal error: bounds %d, %d and step %d", b1, b2, d))
	}
	c := &compiler{slots: firstFree}
	q := c.suyama()
	q = c.stage1(q, plan)
	one := c.code
	c.code = nil
	c.stage2(q, plan)
	return &program{B1: b1, B2: b2, name: fmt.Sprintf("ecm(%s)", plan), slots: c.slots, stages: [2][]mont.Instruction{one, c.code}, q: q,
		zGCD: [1]mont.Instruction{mont.GCDs(slotGCD, q+1)}, point: [1]mont.Instruction{mont.MakePoint(q)}}
}

// A compiler writes a program.
type compiler struct {
	code  []mont.Instruction
	slots int // used so far
	track [3]int
	pool  []int // points of stage 1 that are free
}

func (c *compiler) emit(in ...mont.Instruction) { c.code = append(c.code, in...) }

// slot takes a new slot, point those of a point.
func (c *compiler) slot() int {
	c.slots++
	return c.slots - 1
}

func (c *compiler) point() int {
	c.slots += mont.PointSlots
	return c.slots - mont.PointSlots
}

// product returns a new slot with the product of the factors.
func (c *compiler) product(factors ...int) int {
	s := c.slot()
	a := factors[0]
	for _, b := range factors[1:] {
		c.emit(mont.Product(s, a, b))
		a = s
	}
	return s
}

// suyama makes the curve and returns its point: with u = sigma^2 - 5 and v = 4 sigma
// it is u^3 : v^3, and (A+2)/4 = (v-u)^3 (3u+v) / (16 u^3 v). Here sigma = a/b, and
// u = a^2 - 5b^2 and v = 4ab are multiples of these by b^2, which changes no ratio.
//
// Factors from the slots of small numbers and sigma are brought into Montgomery form by a
// factor R2. u is multiplied by one, a sum or difference being for products only.
func (c *compiler) suyama() (q int) {
	q = c.point()
	a, b := c.product(slotSigma, mont.SlotR2), c.product(slotSigmaDen, mont.SlotR2)
	u, t := c.product(a, a), c.product(b, b, slotFive, mont.SlotR2)
	c.emit(mont.Difference(u, u, t), mont.Product(u, u, mont.SlotOne))
	v := c.product(a, b, slotFour, mont.SlotR2)
	c.emit(mont.Product(q, u, u), mont.Product(q, q, u), mont.Product(q+1, v, v), mont.Product(q+1, q+1, v), mont.MakePoint(q))
	w := c.product(u, slotThree, mont.SlotR2)
	c.emit(mont.Difference(t, v, u), mont.Sum(w, w, v))
	cube := c.product(t, t, t)
	c.emit(mont.Product(mont.SlotNum, cube, w))
	den := c.product(slotSixteen, mont.SlotR2, q)
	c.emit(mont.Product(mont.SlotDen, den, v))
	return q
}

// stage1 returns the product of all prime powers up to B1 times q.
func (c *compiler) stage1(q int, p *Plan) int {
	for power := uint64(2); power <= p.B1; power *= 2 {
		c.emit(mont.PointDouble(q, q))
	}
	for range 6 {
		c.pool = append(c.pool, c.point())
	}
	c.track = [3]int{q, q, q}
	for _, prime := range p.primes[1:] {
		k := uint64(prime)
		r := bestChain(k)
		for power := k; power <= p.B1; power *= k {
			runChain(k, r, c)
		}
	}
	return c.track[0]
}

// Of the points A, B and C of a chain track has the slots. A rule makes its points in
// free slots, and frees those that A, B and C are no longer in.
