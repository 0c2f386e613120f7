package ecm

import (
	"factorfleet/internal/factor/mont"
)

// giantsAtOnce is the number of giant steps that share an inversion.
const giantsAtOnce = 128

// stage2Layout is where things are in stage 2.
type stage2Layout struct {
	d             uint64
	six, step     int
	chain, ladder int          // 4 points, 2 points
	ring          int          // block+2 points
	before        int          // block products of Z; then x of giants
	babies        affinePoints // x, later affine
	giants        affinePoints
	slots         int
}

// affinePoints are points that get affine: slots of X, of Z, and for the products of Z up to
// each one, which x takes the place of.
type affinePoints struct{ x, z, before []int }

// layout makes the layout for the plan and returns the number of slots.
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

// giant returns the slot of giant i, counted from the first.
func (m *stage2Layout) giant(i int) int { return m.ring + i%(giantsAtOnce+2)*mont.PointSlots }
