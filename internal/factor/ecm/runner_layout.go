package ecm

import (
	"factorfleet/internal/factor/mont"
)

// giantsAtOnce is the number of giant steps that share one inversion. More of them
// would save inversions, but need more slots: a point takes PointSlots numbers in each
// lane.
const giantsAtOnce = 128

// A stage2Layout is the slots of stage 2, for the giant step d.
type stage2Layout struct {
	d             uint64
	six, step     int          // the points 6q and D*q
	chain, ladder int          // of 4 points of the babies' chain, of 2 points of a ladder
	ring          int          // of giantsAtOnce+2 points
	before        int          // of giantsAtOnce products of Z, later the x of giants
	babies        affinePoints // of the plan
	giants        affinePoints // of the current giantsAtOnce
	slots         int          // that both stages need
}

// affinePoints are points to be made affine: the slots of their X, of their Z, and of
// the products Z0*...*Zi, which their affine x = X/Z replace.
type affinePoints struct{ x, z, before []int }

// layout makes the layout for the plan, unless it is that already, and returns the
// number of slots for both stages.
func (m *stage2Layout) layout(p *Plan) int {
	if m.d == p.d {
		return m.slots
	}
	*m = stage2Layout{d: p.d, slots: runnerFirst}
	take := func(count int) int {
		m.slots += count
		return m.slots - count
	}
	m.six, m.step = take(mont.PointSlots), take(mont.PointSlots)
	m.chain, m.ladder = take(4*mont.PointSlots), take(2*mont.PointSlots)
	m.ring, m.before = take((giantsAtOnce+2)*mont.PointSlots), take(giantsAtOnce)
	before, x, z := take(len(p.babies)), take(len(p.babies)), take(len(p.babies))
	for i := range p.babies {
		m.babies.x, m.babies.z, m.babies.before = append(m.babies.x, x+i), append(m.babies.z, z+i), append(m.babies.before, before+i)
	}
	m.slots = max(m.slots, runnerFirst+6*mont.PointSlots)
	return m.slots
}

// giant returns the slot of the giant step number i, from 0. The slots form a ring of
// giantsAtOnce+2 points: a new giant needs the two before it.
func (m *stage2Layout) giant(i int) int { return m.ring + i%(giantsAtOnce+2)*mont.PointSlots }

// Memory returns bounds of the bytes of a Plan with these bounds, and of a Runner with
// that plan for a modulus of size bits, on the machine that needs the most.
func Memory(b1, b2 uint64, size int) (plan, runner uint64) {
	p := &Plan{B1: b1, B2: b2, d: giantStep(b1, b2)}
	p.makeBabies()
	slots := new(stage2Layout).layout(p)
	runner = uint64(slots) * Group * uint64(size/52+2) * 8
	if b1 <= maxStoredB1 {
		runner += 20 * b1
	}
	return b2/8 + 2*b1 + 16<<10, runner
}
