package mont

import (
	"math"
	"math/bits"
)

// vectorPowers are Powers of moduli of one word in lanes of AVX2: eight vectors of
// four. The arithmetic is that of avxForm; gen/avx2_power.go has the ranges.
type vectorPowers struct {
	*vectorPowerKind
	constants int
	float     bool
	fast      bool
	ctx       []uint64 // constant i of lane l at i*vectorWidth + l, then scratch
	state     []uint64 // slot s of lane l at s*vectorWidth + l
	exps      []uint64 // d or k of each lane
	tails     []int    // s or r of each lane, less 1
	out       uint32   // lanes that passed
}

const (
	vectorWidth     = 32 // lanes
	vectorKindCount = 5
)

// The slots of the state.
const (
	vectorX = iota // 2^j; V(j)
	vectorW        // V(j+1)
	vectorOne
	vectorTwo
	vectorP
	vectorExp    // the remaining bits of the exponent, from the top
	vectorPassed // -1 in lanes that have passed
	vectorZero
	vectorN // n, of integers

	vectorSlots
)

// A vectorPowerKind is a row of the table of kinds, for moduli of up to bits bits.
type vectorPowerKind struct {
	bits, few     int
	form          avxForm
	twice         bool // a bit 1 doubles x^2; otherwise it multiplies x by 2x
	strong, lucas *vectorKernel
}

var vectorPowerKinds = [vectorKindCount]vectorPowerKind{
	{50, 4, floatForm{}, false, &strongVectors[0], &lucasVectors[0]},
	{52, 5, floatForm{halves: true}, false, &strongVectors[1], &lucasVectors[1]},
	{60, 9, shortIntForm{}, true, &strongVectors[2], &lucasVectors[2]},
	{63, 9, intForm{}, true, &strongVectors[3], &lucasVectors[3]},
	{64, 12, intForm{wide: true}, true, &strongVectors[4], &lucasVectors[4]},
}

// A vectorKernel takes bits > 0 steps for the exponents and then tail steps, and sets
// the lanes that pass.
type vectorKernel func(ctx, state *uint64, bits, tail int, passed *uint32)

// newVectorPowers returns lanes of a kind, on assembly if fast.
func newVectorPowers(k *vectorPowerKind, fast bool) *vectorPowers {
	p := &vectorPowers{
		vectorPowerKind: k,
		constants:       k.form.constantCount(),
		float:           k.form.sizeOfR() == 0,
		fast:            fast,
		ctx:             aligned(k.form.constantCount()*vectorWidth + laneScratch),
		state:           aligned(vectorSlots * vectorWidth),
		exps:            make([]uint64, vectorWidth),
		tails:           make([]int, vectorWidth),
	}
	if p.float {
		for lane := range vectorWidth {
			p.slot(vectorOne)[lane], p.slot(vectorTwo)[lane] = math.Float64bits(1), math.Float64bits(2)
		}
	}
	var m PowerModulus
	p.Prepare(&m, [2]uint64{5, 0}) // so that idle lanes compute something
	for lane := range vectorWidth {
		p.SetLucas(lane, &m, 3)
	}
	return p
}

func (p *vectorPowers) Width() int { return vectorWidth }

func (p *vectorPowers) Prepare(m *PowerModulus, n [2]uint64) {
	m.N = n
	if !p.float {
		m.one[0] = -n[0] % n[0] // 2^64 - n
	}
}

// set gives a lane its modulus.
func (p *vectorPowers) set(lane int, n, one uint64) {
	switch form := p.form.(type) {
	case shortIntForm:
		p.setConstants(lane, form.constants([2]uint64{n}))
	case intForm:
		p.setConstants(lane, form.constants([2]uint64{n}))
	case floatForm:
		c := form.constants([2]uint64{n})
		p.ctx[lane], p.ctx[vectorWidth+lane] = c[0], c[1]
		return // the form of 1 is always the same
	}
	p.slot(vectorN)[lane] = n
	p.slot(vectorOne)[lane] = one
}

func (p *vectorPowers) setConstants(lane int, c avxConstants) {
	for i := range p.constants {
		p.ctx[i*vectorWidth+lane] = c[i]
	}
}

// slot returns the lanes of a slot.
func (p *vectorPowers) slot(s int) []uint64 { return p.state[s*vectorWidth:][:vectorWidth] }

func (p *vectorPowers) SetStrong(lane int, m *PowerModulus) {
	n := m.N[0]
	p.set(lane, n, m.one[0])
	p.setExponent(lane, n-1)
}

func (p *vectorPowers) SetLucas(lane int, m *PowerModulus, param uint64) {
	n, one := m.N[0], m.one[0]
	p.set(lane, n, one)
	p.setExponent(lane, n+1)
	if p.float {
		p.slot(vectorP)[lane] = math.Float64bits(float64(param))
		return
	}
	hi, lo := bits.Mul64(one, param)
	_, r := bits.Div64(hi, lo, n) // hi < param < n
	p.slot(vectorP)[lane] = r
	p.slot(vectorTwo)[lane] = Add(one, one, n)
}

// setExponent sets the exponent of a lane to the odd part of a > 0.
func (p *vectorPowers) setExponent(lane int, a uint64) {
	s := bits.TrailingZeros64(a)
	p.exps[lane], p.tails[lane] = a>>s, s-1
}

func (p *vectorPowers) Strong(count int) uint32 {
	copy(p.slot(vectorX), p.slot(vectorOne))
	return p.run(*p.strong, (*vectorLane).strong, count)
}

func (p *vectorPowers) Lucas(count int) uint32 {
	copy(p.slot(vectorX), p.slot(vectorTwo))
	copy(p.slot(vectorW), p.slot(vectorP))
	return p.run(*p.lucas, (*vectorLane).lucas, count)
}

// run returns which of the first count lanes pass, by a kernel or by the model of one
// lane.
func (p *vectorPowers) run(kernel vectorKernel, model func(*vectorLane, int, int) bool, count int) uint32 {
	bits, tail := p.align(count)
	if p.fast {
		kernel(&p.ctx[0], &p.state[0], bits, tail, &p.out)
		return p.out & (1<<count - 1)
	}
	var mask uint32
	for i := range count {
		l := p.lane(i)
		if model(&l, bits, tail) {
			mask |= 1 << i
		}
	}
	return mask
}

// align sets the exponents of count lanes, shifted so that the highest bit of the
// longest one is bit 63. It returns the length of that in bits, and the longest tail.
// Zero bits in front of an exponent change nothing: see limbPowers.align.
func (p *vectorPowers) align(count int) (length, tail int) {
	or := uint64(1)
	for i, e := range p.exps[:count] {
		or |= e
		tail = max(tail, p.tails[i])
	}
	length = bits.Len64(or)
	exp := p.slot(vectorExp)
	for i, e := range p.exps {
		exp[i] = e << (64 - length)
	}
	return length, tail
}
