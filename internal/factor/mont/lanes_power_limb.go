package mont

import (
	"math/bits"
)

// limbPowers are Powers of moduli in two and three limbs of 52 bits, held as in Lanes.
type limbPowers struct {
	limbs, width int
	fast         bool
	ctx          []uint64    // as in Lanes; 2n is not used
	state        []uint64    // slots: limb i of lane l of slot s at (s*limbs + i)*width + l
	exps         [][2]uint64 // d or k of each lane
	tails        []int       // s or r of each lane, less 1
	exp          []uint64    // exps in the order of the kernels: see align
	out          [4]uint8    // lanes that passed
}

// The slots of the state. The kernels make slotC2 and slotCP.
const (
	slotOne = 0
	slotW   = 1 // Lucas: P
	slotC2  = 2 // 2n - 2
	slotCP  = 3 // 2n - P
	slotP   = 4 // P itself, one limb

	powerSlots = 5
)

// powerWidth is the number of lanes for 2 and for 3 limbs, as in gen/power.go.
var powerWidth = [4]int{2: 32, 3: 16}

// newLimbPowers returns lanes for moduli of up to size bits, at most MaxLaneBits, which
// run assembly if fast.
func newLimbPowers(size int, fast bool) *limbPowers {
	p := &limbPowers{limbs: 2, fast: fast}
	if size > 100 {
		p.limbs = 3
	}
	p.width = powerWidth[p.limbs]
	p.ctx = aligned((2*p.limbs + 1) * p.width)
	p.state = aligned(powerSlots * p.limbs * p.width)
	p.exps, p.tails = make([][2]uint64, p.width), make([]int, p.width)
	p.exp = aligned(2 * p.width)
	for i := range p.width {
		var m PowerModulus
		p.Prepare(&m, [2]uint64{5, 0}) // so that idle lanes compute something
		p.set(i, &m)
	}
	return p
}

func (p *limbPowers) Width() int { return p.width }

func (p *limbPowers) Prepare(m *PowerModulus, n [2]uint64) {
	m.N = n
	m.inv = -Inverse(n[0]) & limbMask
	switch {
	case n[1] == 0:
		r := -n[0] % n[0] // 2^64, then 2^104 and 2^156
		_, r = bits.Div64(r>>24, r<<40, n[0])
		if p.limbs == 3 {
			_, r = bits.Div64(r>>12, r<<52, n[0])
		}
		m.one = [2]uint64{r, 0}
	case p.limbs == 2:
		m.one = rem3(0, 1<<40, 0, n)
	case bits.Len64(n[1]) > 28: // 2^156 < n*2^64
		m.one = rem3(1<<28, 0, 0, n)
	default:
		m.one = timesWord(rem3(0, 1<<40, 0, n), 1<<52, n)
	}
}

// set gives a lane its modulus.
func (p *limbPowers) set(lane int, m *PowerModulus) {
	p.ctx[2*p.limbs*p.width+lane] = m.inv
	p.put(p.ctx, lane, m.N)
	p.put(p.state, lane, m.one) // slotOne
}

// put puts a into a lane of the number at to.
func (p *limbPowers) put(to []uint64, lane int, a [2]uint64) {
	to[lane] = a[0] & limbMask
	to[p.width+lane] = (a[0]>>52 | a[1]<<12) & limbMask
	if p.limbs > 2 {
		to[2*p.width+lane] = a[1] >> 40
	}
}

// slot returns the memory of slot s.
func (p *limbPowers) slot(s int) []uint64 { return p.state[s*p.limbs*p.width:] }

func (p *limbPowers) SetStrong(lane int, m *PowerModulus) {
	p.set(lane, m)
	p.setExponent(lane, [2]uint64{m.N[0] - 1, m.N[1]})
}

func (p *limbPowers) Strong(count int) uint32 {
	bits, tail := p.align(count)
	if p.fast {
		strongKernels[p.limbs](&p.ctx[0], &p.state[0], &p.exp[0], bits, tail, &p.out[0])
		return p.passed(count)
	}
	var mask uint32
	for i := range count {
		if l := p.lane(i); l.strong(bits, tail) {
			mask |= 1 << i
		}
	}
	return mask
}

func (p *limbPowers) SetLucas(lane int, m *PowerModulus, param uint64) {
	p.set(lane, m)
	p.put(p.slot(slotW), lane, timesWord(m.one, param, m.N))
	p.slot(slotP)[lane] = param
	k, c := bits.Add64(m.N[0], 1, 0)
	p.setExponent(lane, [2]uint64{k, m.N[1] + c})
}

func (p *limbPowers) Lucas(count int) uint32 {
	bits, tail := p.align(count)
	if p.fast {
		lucasKernels[p.limbs](&p.ctx[0], &p.state[0], &p.exp[0], bits, tail, &p.out[0])
		return p.passed(count)
	}
	var mask uint32
	for i := range count {
		if l := p.lane(i); l.lucas(bits, tail) {
			mask |= 1 << i
		}
	}
	return mask
}

// A powerKernel takes bits > 0 steps for the exponents and then tail steps, and sets in
// out the lanes that pass.
type powerKernel func(ctx, state, exp *uint64, bits, tail int, out *uint8)

// setExponent sets the exponent of a lane to the odd part of a > 0.
func (p *limbPowers) setExponent(lane int, a [2]uint64) {
	s := 0
	if a[0] == 0 {
		a[0], a[1], s = a[1], 0, 64
	}
	t := bits.TrailingZeros64(a[0])
	p.exps[lane] = [2]uint64{a[0]>>t | a[1]<<(64-t), a[1] >> t}
	p.tails[lane] = s + t - 1
}

// passed returns which of the first count lanes have passed, from out.
func (p *limbPowers) passed(count int) uint32 {
	mask := uint32(p.out[0]) | uint32(p.out[1])<<8 | uint32(p.out[2])<<16 | uint32(p.out[3])<<24
	return mask & (1<<count - 1)
}

// align sets exp to the exponents of the first count lanes, and to 0 for the others,
// the most significant words of all lanes first. The exponents are shifted so that the
// highest bit of the longest one is the highest bit of its first word. It returns the
// length of that in bits, at least 1, and the longest tail.
//
// Zero bits in front of an exponent change nothing: 1^2 = 1, V(2*0) = V(0) and V(2*0+1)
// = V(1).
func (p *limbPowers) align(count int) (length, tail int) {
	var or [2]uint64
	for i, e := range p.exps[:count] {
		or[0] |= e[0]
		or[1] |= e[1]
		tail = max(tail, p.tails[i])
	}
	size := max(bits.Len64(or[0]), 1) // the kernels count down from it
	if or[1] != 0 {
		size = 64 + bits.Len64(or[1])
	}
	clear(p.exp)
	for i, e := range p.exps[:count] {
		if size <= 64 {
			p.exp[i] = e[0] << (64 - size)
			continue
		}
		s := 128 - size
		p.exp[i] = e[1]<<s | e[0]>>(64-s)
		p.exp[p.width+i] = e[0] << s
	}
	return size, tail
}
