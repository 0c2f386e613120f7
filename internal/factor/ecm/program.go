package ecm

import (
	"fmt"

	"factorfleet/internal/factor/mont"
)

// A program is a curve with the bounds of a plan, as instructions for the machines of
// package mont: from sigma to the product of stage 2. It is immutable.
//
// It contains no inversion. The constant of the curve is a fraction num/den. The points
// of stage 2 are not made affine but brought to a common denominator: x = X/Z is
// replaced by X * (product of the Z of all other points). Then each difference of two
// is that of the affine x times the product of all Z, and a pair costs one product.
type program struct {
	B1, B2 uint64

	name   string
	slots  int
	stages [2][]mont.Instruction // stages[0]: the curve and stage 1; stages[1]: stage 2
	q      int                   // slot of the point after stage 1

	// For a wordPipeline: zGCD computes the gcd of Z of q with n after stage 1. point
	// completes q in the machine of stage 2, to which its X and Z are copied.
	zGCD, point [1]mont.Instruction
}

// The slots of a program, after those with a fixed use.
const (
	slotSigma = mont.FirstSlot + iota // sigma is slotSigma/slotSigmaDen
	slotSigmaDen
	slotThree // four slots of the numbers themselves, not their Montgomery forms
	slotFour
	slotFive
	slotSixteen
	slotResult // the product of stage 2
	slotGCD    // its gcd with n, if lanes.HasGCDs
	firstFree
)

// smallNumbers are the contents of the slots from slotThree.
var smallNumbers = [...]uint64{3, 4, 5, 16}

// String returns the method, as results name it.
func (p *program) String() string { return p.name }

// newProgram returns the program for 15 <= b1 <= b2 and the giant step d. d is a
// multiple of 6, and d/2 and the prime factors of d are at most b1.
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

// A compiler writes the instructions of a program, or of stage 1 of a Runner. It
// implements chainOps.
type compiler struct {
	code  []mont.Instruction
	slots int    // number of slots used so far
	track [3]int // slots of the points A, B and C of the current chain
	pool  []int  // slots of points of stage 1 that are free
}

func (c *compiler) emit(in ...mont.Instruction) { c.code = append(c.code, in...) }

// slot allocates a slot, and point the PointSlots slots of a point.
func (c *compiler) slot() int {
	c.slots++
	return c.slots - 1
}

func (c *compiler) point() int {
	c.slots += mont.PointSlots
	return c.slots - mont.PointSlots
}

// product emits the product of two or more factors and returns its slot, which is new.
func (c *compiler) product(factors ...int) int {
	s := c.slot()
	a := factors[0]
	for _, b := range factors[1:] {
		c.emit(mont.Product(s, a, b))
		a = s
	}
	return s
}

// suyama emits the curve of sigma and returns the slot of its point (H. Suyama, 1985,
// as in P. Zimmermann, B. Dodson, 2006):
//
//	u = sigma^2 - 5,  v = 4 sigma
//	q = u^3 : v^3
//	(A+2)/4 = (v-u)^3 (3u+v) / (16 u^3 v)
//
// With sigma = a/b it computes b^2 u = a^2 - 5 b^2 and b^2 v = 4ab. The common factor
// b^2 cancels in both ratios.
//
// Numbers from the slots of small numbers and of sigma become Montgomery forms by a
// factor R2. u is multiplied by one, because a sum or difference may only be an operand
// of products.
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

// stage1 emits E*q and returns its slot, E the product of all prime powers up to B1.
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
