package ecm

import (
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// stage2 sets out of the curves to the product of x(m*D*r) - x(j*r) over all pairs (m,
// j) of the plan. If careful is set, it takes a gcd after each pair and stops at a
// proper divisor.
//
//  1. step = D*r, by a ladder.
//  2. The babies j*r, made affine.
//  3. For each block of giantsAtOnce giants: m*step = (m-1)*step + step, with the difference (m-2)*step;
//     made affine; then one product for each pair.
//  4. out = product of the four partial products.
//
// With affine x = X/Z a pair costs one product. To make a point affine costs three
// products, and a share of one inversion modulo n for giantsAtOnce giants.
func (s *Runner) stage2(p *Plan, batch []*runnerCurve) {
	m := &s.stage
	s.start(batch, func(c *runnerCurve) *[2]mont.Element { return &c.r })
	for i := range 4 {
		s.emit(mont.Product(runnerProducts+i, mont.SlotOne, mont.SlotOne))
	}
	// step = D*r and the babies.
	s.multiple(m.step, m.ladder+mont.PointSlots, runnerQ, p.d)
	s.makeBabies(p)
	if s.makeAffine(m.babies, batch); s.mustStop(batch) {
		return
	}
	// The first two giants, first*step and (first+1)*step.
	s.multiple(m.ladder, m.ladder+mont.PointSlots, m.step, p.first)
	s.move(m.giant(0), m.ladder)
	s.move(m.giant(1), m.ladder+mont.PointSlots)
	at := uint32(0)
	for i := 0; i < len(p.end); i += giantsAtOnce {
		count := min(giantsAtOnce, len(p.end)-i)
		m.giants = affinePoints{m.giants.x[:0], m.giants.z[:0], m.giants.before[:0]}
		for j := range count {
			g := m.giant(i + j)
			if i+j >= 2 {
				s.emit(mont.PointAdd(g, m.giant(i+j-1), m.step, m.giant(i+j-2)))
			}
			m.giants = affinePoints{append(m.giants.x, g), append(m.giants.z, g+1), append(m.giants.before, m.before+j)}
		}
		if s.makeAffine(m.giants, batch); s.mustStop(batch) {
			return
		}
		for j := range count {
			end := p.end[i+j]
			if s.multiplyPairs(m.before+j, p.pairs[at:end]); s.mustStop(batch) {
				return
			}
			at = end
		}
	}
	s.emit(mont.Product(runnerTemp, runnerProducts, runnerProducts+1),
		mont.Product(runnerTemp, runnerTemp, runnerProducts+2), mont.Product(runnerTemp, runnerTemp, runnerProducts+3))
	if s.flush(); s.err != nil {
		return
	}
	for lane, c := range batch {
		s.m.Get(c.out, runnerTemp, lane)
	}
}

// mustStop reports whether the stage can end: err is set, a divisor is found, or all
// curves are finished.
func (s *Runner) mustStop(batch []*runnerCurve) bool {
	if s.err != nil || s.careful && s.found != nil {
		return true
	}
	for _, c := range batch {
		if !c.finished {
			return false
		}
	}
	return true
}

// move sets the point dst = p.
func (s *Runner) move(dst, p int) {
	s.emit(mont.Product(dst, p, mont.SlotOne), mont.Product(dst+1, p+1, mont.SlotOne), mont.MakePoint(dst))
}

// multiple sets the points r = k*p and next = (k+1)*p, k >= 1, by Montgomery's ladder:
// for each bit of k below the top, (r, next) becomes (2r, r+next) or (r+next, 2next).
// next - r = p always.
func (s *Runner) multiple(r, next, p int, k uint64) {
	s.move(r, p)
	s.emit(mont.PointDouble(next, p))
	for i := bits.Len64(k) - 2; i >= 0; i-- {
		if k>>i&1 == 1 {
			s.emit(mont.PointAdd(r, next, r, p), mont.PointDouble(next, next))
		} else {
			s.emit(mont.PointAdd(next, next, r, p), mont.PointDouble(r, r))
		}
	}
}

// makeBabies computes the points j*q of the babies j. It runs through all j = 1, 5, 7,
// 11, ... prime to 6 in ascending order and keeps the last four:
//
//	j*q = (j-6)*q + 6*q,  with the difference (j-12)*q
//
// j-6 stands two places before j in this sequence, and j-12 four. A negative j has the
// same x as -j.
func (s *Runner) makeBabies(p *Plan) {
	m := &s.stage
	c := func(i int) int { return m.chain + i%4*mont.PointSlots }
	// six = 6q; the ladder's slots are free until the giants.
	two, three := m.ladder, m.ladder+mont.PointSlots
	s.emit(mont.PointDouble(two, runnerQ), mont.PointAdd(three, two, runnerQ, runnerQ), mont.PointDouble(m.six, three))
	at := 0
	for i := 0; at < len(p.babies); i++ {
		switch i {
		case 0:
			s.move(c(0), runnerQ)
		case 1:
			s.emit(mont.PointAdd(c(1), three, two, runnerQ)) // 5q
		case 2:
			s.emit(mont.PointAdd(c(2), m.six, c(0), c(1))) // 7q = 6q + q, 6q - q = 5q
		case 3:
			s.emit(mont.PointAdd(c(3), m.six, c(1), c(0))) // 11q = 6q + 5q, 6q - 5q = q
		default:
			s.emit(mont.PointAdd(c(i), c(i-2), m.six, c(i-4)))
		}
		if i == chainIndex(p.babies[at]) {
			s.emit(mont.Product(m.babies.x[at], c(i), mont.SlotOne), mont.Product(m.babies.z[at], c(i)+1, mont.SlotOne))
			at++
		}
	}
}

// makeAffine computes the affine x = X/Z of points, with one inversion for all of them
// and for all curves:
//
//	upwards     before[i] = Z0*...*Zi
//	then        inv = 1/before[last], by invertAll over the curves
//	downwards   x[i] = X[i] * inv * before[i-1],  inv = inv * Z[i]
//
// The slots of before hold x afterwards. If before[last] of a curve has no inverse, the
// curve is finished, with a proper divisor if one of its Z shares one with n.
func (s *Runner) makeAffine(ps affinePoints, batch []*runnerCurve) {
	last := len(ps.z) - 1
	before := func(i int) int { // slot of Z0*...*Zi
		if i == 0 {
			return ps.z[0]
		}
		return ps.before[i]
	}
	for i := 1; i <= last; i++ {
		s.emit(mont.Product(ps.before[i], before(i-1), ps.z[i]))
	}
	if s.flush(); s.err != nil {
		return
	}
	xs := s.inv[:len(batch)]
	for lane := range xs {
		s.m.Get(xs[lane], before(last), lane)
	}
	for lane, d := range s.invertAll(xs) {
		c := batch[lane]
		if d == nil || c.finished {
			continue
		}
		if d.Cmp(s.w.N()) == 0 {
			d = nil
			for i := 0; i <= last && d == nil; i++ {
				s.m.Get(s.t[0], ps.z[i], lane)
				d = s.proper(s.t[0])
			}
		}
		c.finished, c.d = true, d
	}
	for lane := range s.m.Width() {
		s.m.Set(runnerInv, lane, xs[min(lane, len(xs)-1)])
	}
	for i := last; i > 0; i-- {
		s.emit(mont.Product(runnerTemp, runnerInv, before(i-1)), mont.Product(ps.before[i], ps.x[i], runnerTemp),
			mont.Product(runnerInv, runnerInv, ps.z[i]))
	}
	s.emit(mont.Product(ps.before[0], ps.x[0], runnerInv))
}

// multiplyPairs multiplies the partial products by the differences of the x of a giant
// and of the babies in list, two at a time. The two pairs of partial products
// alternate, so that the products in sequence do not wait for each other. If the length
// of list is odd, its last difference is multiplied twice, which changes no divisor.
func (s *Runner) multiplyPairs(giant int, list []uint16) {
	babies := s.stage.babies.before
	for i := 0; i < len(list) && !s.careful; i += 2 {
		j := min(i+1, len(list)-1)
		s.c.code = append(s.c.code, mont.TwoPairs(runnerProducts+i&2, giant, babies[list[i]], babies[list[j]]))
	}
	if len(s.c.code) >= maxBuffered {
		s.runCollected()
	}
	for _, j := range list {
		if s.careful {
			if s.emit(mont.Difference(runnerTemp, giant, babies[j])); s.foundCarefully(runnerTemp) {
				return
			}
		}
	}
}
