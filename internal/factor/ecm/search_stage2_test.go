package ecm

import (
	"math/big"

	"factorfleet/internal/factor/mont"
)

// stage2 is the memory of stage 2, kept from curve to curve.
type stage2 struct {
	d       uint64 // the D that the babies belong to
	chain   []point
	babies  []point        // those of chain that are prime to D
	babyX   []mont.Element // x of babies
	giants  []point
	giantX  []mont.Element // x of giants
	step    point          // D*q
	product mont.Element
	diff    mont.Element
}

// stage2 returns a proper divisor of n, or nil.
func (s *Search) stage2(p *Plan) *big.Int {
	m := &s.stage2Mem
	m.resize(&s.f, p)
	m.makeBabies(s)
	if d, ok := s.f.affine(m.babyX, m.babies); !ok {
		return d
	}
	d := s.giantSteps(p, false)
	if s.f.err == nil && d != nil && d.Cmp(s.f.w.N()) == 0 {
		d = s.giantSteps(p, true)
	}
	return d
}

// resize makes the memory fit the plan.
func (m *stage2) resize(f *field, p *Plan) {
	if m.d == p.d {
		return
	}
	*m = stage2{d: p.d, step: f.newPoint(), product: f.w.New(), diff: f.w.New()}
	m.chain = newPoints(f, int(p.d/2/3)+1)
	for _, j := range p.babies {
		m.babies = append(m.babies, m.chain[chainIndex(j)])
	}
	m.babyX = f.w.NewSlice(len(m.babies))
	m.giants = newPoints(f, giantsAtOnce)
	m.giantX = f.w.NewSlice(giantsAtOnce)
}

func newPoints(f *field, count int) []point {
	mem, ps := f.w.NewSlice(2*count), make([]point, count)
	for i := range ps {
		ps[i] = point{mem[2*i], mem[2*i+1]}
	}
	return ps
}

// makeBabies sets the chain to the multiples of q: each is the one before the
// last plus 6q, and their difference is another of them.
func (m *stage2) makeBabies(s *Search) {
	f, q, six, t := &s.f, s.q, s.r, s.s
	f.double(t, q)      // 2q
	f.add(six, t, q, q) // 3q
	c := m.chain
	c[0].set(q)
	if len(c) > 1 {
		f.add(c[1], six, t, q) // 5q
	}
	f.double(six, six)
	for i := 2; i < len(c) && f.err == nil; i++ {
		switch i {
		case 2:
			f.add(c[2], six, c[0], c[1]) // 7q = 6q + q, 6q - q = 5q
		case 3:
			f.add(c[3], six, c[1], c[0]) // 11q = 6q + 5q, 6q - 5q = q
		default:
			f.add(c[i], c[i-2], six, c[i-4])
		}
		f.work(6)
	}
}

// giantSteps multiplies the differences of x over all pairs of the plan and
// returns the gcd of the product with n if it is above 1. If careful it takes a
// gcd after each pair and returns the first proper divisor.
func (s *Search) giantSteps(p *Plan, careful bool) *big.Int {
	f, m := &s.f, &s.stage2Mem
	copy(m.product, f.w.One())
	f.ladder(m.step, s.r, s.q, p.d)
	f.ladder(s.r, s.s, m.step, p.first) // s.r = m*D*q, s.s = (m+1)*D*q
	pairs := uint32(0)
	for i := 0; i < len(p.end) && f.err == nil; i += giantsAtOnce {
		count := min(giantsAtOnce, len(p.end)-i)
		for j := range count {
			m.giants[j].set(s.r)
			f.add(s.r, s.s, m.step, s.r)
			s.r, s.s = s.s, s.r
			f.work(6)
		}
		if d, ok := f.affine(m.giantX, m.giants[:count]); !ok {
			return d
		}
		for j := range count {
			end := p.end[i+j]
			if d := s.multiplyPairs(m.giantX[j], p.pairs[pairs:end], careful); d != nil {
				return d
			}
			pairs = end
		}
	}
	if d := f.gcd(m.product); !careful && d.Cmp(one) != 0 {
		return d
	}
	return nil
}

// multiplyPairs multiplies the differences of x and the babies into the product.
func (s *Search) multiplyPairs(x mont.Element, babies []uint16, careful bool) *big.Int {
	f, m := &s.f, &s.stage2Mem
	for _, j := range babies {
		f.w.Sub(m.diff, x, m.babyX[j])
		if careful {
			if d := f.proper(m.diff); d != nil {
				return d
			}
		}
		f.w.Mul(m.product, m.product, m.diff)
		if f.work(1); f.err != nil {
			break
		}
	}
	return nil
}
