package ecm

import (
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// manyBuffer is the most instructions that are written before they are executed.
const manyBuffer = 512

// checkEvery is how many word products, about a nanosecond each, pass between
// two calls of check.
const checkEvery = 1 << 16

// block is the number of giant steps that share an inversion.
const block = 128

// emit appends to the program and executes it when it is long enough.
func (s *Many) emit(code ...mont.Instruction) {
	for _, in := range code {
		k := s.w.Words()
		s.work += 2 * in.Products() * k * k
		if s.c.code = append(s.c.code, in); s.work >= checkEvery || len(s.c.code) == manyBuffer {
			s.flush()
		}
	}
}

// flush executes the program so far. Once err is set nothing is.
func (s *Many) flush() {
	s.execute(s.c.code)
	s.c.code, s.work = s.c.code[:0], 0
}

func (s *Many) execute(code []mont.Instruction) {
	if s.err == nil {
		s.m.Run(code)
		s.err = s.check()
	}
}

// The slots of both stages.
const (
	manyQ        = mont.FirstSlot // a point
	manyTemp     = manyQ + mont.PointSlots
	manyInv      = manyTemp + 1
	manyProducts = manyInv + 1      // four
	manyFirst    = manyProducts + 4 // of those of a stage
)

// load puts a number of each curve of the batch into a slot. Lanes that are left over do what
// the first does.
func (s *Many) load(slot int, batch []*manyCurve, number func(c *manyCurve) mont.Element) {
	for lane := range s.m.Width() {
		c := batch[0]
		if lane < len(batch) {
			c = batch[lane]
		}
		s.m.Set(slot, lane, number(c))
	}
}

// start loads the curves and the points that a stage begins with.
func (s *Many) start(batch []*manyCurve, point func(c *manyCurve) *[2]mont.Element) {
	s.c.code, s.work = s.c.code[:0], 0
	s.load(mont.SlotNum, batch, func(c *manyCurve) mont.Element { return c.a24 })
	for i := range 2 {
		s.load(manyQ+i, batch, func(c *manyCurve) mont.Element { return point(c)[i] })
	}
	s.emit(mont.MakePoint(manyQ))
}

// stage1 sets r of the curves to the product of all prime powers up to B1 times q. If careful
// it takes a gcd after each power and stops at a proper divisor.
func (s *Many) stage1(p *Plan, chains []uint32, batch []*manyCurve) {
	s.start(batch, func(c *manyCurve) *[2]mont.Element { return &c.q })
	s.flush()
	r, stored := manyQ, s.programs[p]
	switch {
	case s.careful:
		r = s.chains(p, chains, func() bool { return s.carefully(s.c.track[0] + 1) })
	case stored != nil:
		s.executeAll(stored.code)
		r = stored.r
	case p.B1 <= manyStored:
		stored = new(storedStage1)
		r = s.chains(p, chains, func() bool {
			stored.code = append(stored.code, s.c.code...)
			s.executeAll(s.c.code)
			s.c.code = s.c.code[:0]
			return false
		})
		stored.r = r
		if s.programs == nil {
			s.programs = make(map[*Plan]*storedStage1)
		}
		if s.err == nil {
			s.programs[p] = stored
		}
	default:
		r = s.chains(p, chains, func() bool {
			if len(s.c.code) >= manyBuffer {
				s.executeAll(s.c.code)
				s.c.code = s.c.code[:0]
			}
			return false
		})
	}
	s.executeAll(s.c.code)
	if s.c.code = s.c.code[:0]; s.err != nil {
		return // the slots may hold what they did for an earlier number
	}
	for lane, c := range batch {
		for i := range c.r {
			s.m.Get(c.r[i], r+i, lane)
		}
	}
}

// manyStored is the largest B1 whose stage 1 is stored, which takes 20 bytes for each unit of
// B1 and spares a fifth of the time for the least n.
const manyStored = 60e3

// A storedStage1 is the instructions of stage 1 and the point they make.
type storedStage1 struct {
	code []mont.Instruction
	r    int
}

// chains appends the instructions of stage 1 to the program and returns the point they make.
// It calls after after each power, until it is true or there is an error.
func (s *Many) chains(p *Plan, chains []uint32, after func() bool) (r int) {
	s.c.track, s.c.pool = [3]int{manyQ, manyQ, manyQ}, s.c.pool[:0]
	for i := range 6 {
		s.c.pool = append(s.c.pool, manyFirst+i*mont.PointSlots)
	}
	for power := uint64(2); power <= p.B1 && s.err == nil; power *= 2 {
		s.c.code = append(s.c.code, mont.PointDouble(manyQ, manyQ))
		if after() {
			return manyQ
		}
	}
	for i, prime := range p.primes[1:] {
		k := uint64(prime)
		for power := k; power <= p.B1 && s.err == nil; power *= k {
			if walk(k, uint64(chains[i]), &s.c); after() {
				return s.c.track[0]
			}
		}
	}
	return s.c.track[0]
}

// executeAll executes code, of point operations, in such parts as check asks for.
func (s *Many) executeAll(code []mont.Instruction) {
	k := s.w.Words()
	most := max(1, checkEvery/(12*k*k))
	for len(code) > 0 && s.err == nil {
		n := min(most, len(code))
		s.execute(code[:n])
		code = code[n:]
	}
}

// carefully reports, if careful, whether the first lane of a slot has a proper divisor of n,
// which becomes found.
func (s *Many) carefully(slot int) bool {
	if !s.careful {
		return false
	}
	s.executeAll(s.c.code)
	if s.c.code, s.work = s.c.code[:0], 0; s.err != nil {
		return false
	}
	s.m.Get(s.t[0], slot, 0)
	s.found = s.proper(s.t[0])
	return s.found != nil
}

// manyStage2 is where things are in stage 2.
type manyStage2 struct {
	d             uint64
	six, step     int
	chain, ladder int        // 4 points, 2 points
	ring          int        // block+2 points
	before        int        // block products of Z; then x of giants
	babies        manyPoints // x, later affine
	giants        manyPoints
	slots         int
}

// manyPoints are points that get affine: slots of X, of Z, and for the products of Z up to
// each one, which x takes the place of.
type manyPoints struct{ x, z, before []int }

// layout makes the layout for the plan and returns the number of slots.
func (m *manyStage2) layout(p *Plan) int {
	if m.d == p.d {
		return m.slots
	}
	*m = manyStage2{d: p.d, slots: manyFirst}
	take := func(count int) int {
		m.slots += count
		return m.slots - count
	}
	m.six, m.step = take(mont.PointSlots), take(mont.PointSlots)
	m.chain, m.ladder = take(4*mont.PointSlots), take(2*mont.PointSlots)
	m.ring, m.before = take((block+2)*mont.PointSlots), take(block)
	before, x, z := take(len(p.babies)), take(len(p.babies)), take(len(p.babies))
	for i := range p.babies {
		m.babies.x, m.babies.z, m.babies.before = append(m.babies.x, x+i), append(m.babies.z, z+i), append(m.babies.before, before+i)
	}
	m.slots = max(m.slots, manyFirst+6*mont.PointSlots)
	return m.slots
}

// giant returns the slot of giant i, counted from the first.
func (m *manyStage2) giant(i int) int { return m.ring + i%(block+2)*mont.PointSlots }

// stage2 sets out of the curves to the product of the differences of x over all pairs of the
// plan. If careful it takes a gcd after each pair and stops at a proper divisor.
func (s *Many) stage2(p *Plan, batch []*manyCurve) {
	m := &s.stage
	s.start(batch, func(c *manyCurve) *[2]mont.Element { return &c.r })
	for i := range 4 {
		s.emit(mont.Product(manyProducts+i, mont.SlotOne, mont.SlotOne))
	}
	s.multiple(m.step, m.ladder+mont.PointSlots, manyQ, p.d)
	s.makeManyBabies(p)
	if s.manyAffine(m.babies, batch); s.stopped(batch) {
		return
	}
	s.multiple(m.ladder, m.ladder+mont.PointSlots, m.step, p.first)
	s.move(m.giant(0), m.ladder)
	s.move(m.giant(1), m.ladder+mont.PointSlots)
	at := uint32(0)
	for i := 0; i < len(p.end); i += block {
		count := min(block, len(p.end)-i)
		m.giants = manyPoints{m.giants.x[:0], m.giants.z[:0], m.giants.before[:0]}
		for j := range count {
			g := m.giant(i + j)
			if i+j >= 2 {
				s.emit(mont.PointAdd(g, m.giant(i+j-1), m.step, m.giant(i+j-2)))
			}
			m.giants = manyPoints{append(m.giants.x, g), append(m.giants.z, g+1), append(m.giants.before, m.before+j)}
		}
		if s.manyAffine(m.giants, batch); s.stopped(batch) {
			return
		}
		for j := range count {
			end := p.end[i+j]
			if s.manyPairs(m.before+j, p.pairs[at:end]); s.stopped(batch) {
				return
			}
			at = end
		}
	}
	s.emit(mont.Product(manyTemp, manyProducts, manyProducts+1),
		mont.Product(manyTemp, manyTemp, manyProducts+2), mont.Product(manyTemp, manyTemp, manyProducts+3))
	if s.flush(); s.err != nil {
		return
	}
	for lane, c := range batch {
		s.m.Get(c.out, manyTemp, lane)
	}
}

// stopped reports whether there is no sense in going on.
func (s *Many) stopped(batch []*manyCurve) bool {
	if s.err != nil || s.careful && s.found != nil {
		return true
	}
	for _, c := range batch {
		if !c.over {
			return false
		}
	}
	return true
}

// move sets the point dst = p.
func (s *Many) move(dst, p int) {
	s.emit(mont.Product(dst, p, mont.SlotOne), mont.Product(dst+1, p+1, mont.SlotOne), mont.MakePoint(dst))
}

// multiple sets the points r = k*p and next = (k+1)*p, like field.ladder.
func (s *Many) multiple(r, next, p int, k uint64) {
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

// makeManyBabies makes the points of the babies. The chain of the j = 1, 5, 7, 11, ... prime
// to 6 is made upwards, each from the one before the last plus 6q, their difference being
// another of them; the last four are kept.
func (s *Many) makeManyBabies(p *Plan) {
	m := &s.stage
	c := func(i int) int { return m.chain + i%4*mont.PointSlots }
	two, three := m.ladder, m.ladder+mont.PointSlots
	s.emit(mont.PointDouble(two, manyQ), mont.PointAdd(three, two, manyQ, manyQ), mont.PointDouble(m.six, three))
	at := 0
	for i := 0; at < len(p.babies); i++ {
		switch i {
		case 0:
			s.move(c(0), manyQ)
		case 1:
			s.emit(mont.PointAdd(c(1), three, two, manyQ)) // 5q
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

// manyAffine replaces the products of points by their x, which is X/Z, with one inversion. A
// curve where that fails is over, perhaps with a divisor.
func (s *Many) manyAffine(ps manyPoints, batch []*manyCurve) {
	last := len(ps.z) - 1
	before := func(i int) int { // Z0*...*Zi
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
		if d == nil || c.over {
			continue
		}
		if d.Cmp(s.w.N()) == 0 {
			d = nil
			for i := 0; i <= last && d == nil; i++ {
				s.m.Get(s.t[0], ps.z[i], lane)
				d = s.proper(s.t[0])
			}
		}
		c.over, c.d = true, d
	}
	for lane := range s.m.Width() {
		s.m.Set(manyInv, lane, xs[min(lane, len(xs)-1)])
	}
	for i := last; i > 0; i-- {
		s.emit(mont.Product(manyTemp, manyInv, before(i-1)), mont.Product(ps.before[i], ps.x[i], manyTemp),
			mont.Product(manyInv, manyInv, ps.z[i]))
	}
	s.emit(mont.Product(ps.before[0], ps.x[0], manyInv))
}

// manyPairs multiplies by the differences of x of a giant and of babies, two at a time, into
// the products from manyProducts on by turns. An odd one is there twice, which changes no
// divisor.
func (s *Many) manyPairs(giant int, list []uint16) {
	babies := s.stage.babies.before
	for i := 0; i < len(list) && !s.careful; i += 2 {
		j := min(i+1, len(list)-1)
		s.c.code = append(s.c.code, mont.TwoPairs(manyProducts+i&2, giant, babies[list[i]], babies[list[j]]))
	}
	if len(s.c.code) >= manyBuffer {
		s.executeAll(s.c.code)
		s.c.code, s.work = s.c.code[:0], 0
	}
	for _, j := range list {
		if s.careful {
			if s.emit(mont.Difference(manyTemp, giant, babies[j])); s.carefully(manyTemp) {
				return
			}
		}
	}
}
