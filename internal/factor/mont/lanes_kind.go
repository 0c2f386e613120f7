package mont

import "factorfleet/internal/factor/kernels"

// A kind is a row of the tables of Lanes.
type kind struct {
	bits, limbs, width int
	strict             bool        // of 52-bit limbs
	form               avxForm     // nil: limbs of 52 bits
	kernel             *laneKernel // holds nil if the build has no assembly
}

// ifmaKinds are the kinds with AVX-512 IFMA. The first is a kind of AVX2, which is
// quicker than one limb of 52 bits (see BenchmarkLanes).
var ifmaKinds = [...]kind{
	avxKinds[0],
	{52, 1, 48, true, nil, &laneKernels[0]},
	{75, 2, 32, false, nil, &laneKernels[1]},
	{98, 2, 32, false, nil, &laneKernels[2]},
	{MaxLaneBits, 3, 16, false, nil, &laneKernels[3]},
}

var avxKinds = [LaneKinds]kind{
	{49, 1, 48, false, floatForm{}, &avxKernels[0]},
	{52, 1, 48, false, floatForm{halves: true}, &avxKernels[1]},
	{60, 1, 16, false, shortIntForm{}, &avxKernels[2]},
	{63, 1, 16, false, intForm{}, &avxKernels[3]},
	{64, 1, 16, false, intForm{wide: true}, &avxKernels[4]},
	{87, 2, 16, false, pairForm{k: 46}, &avxKernels[5]},
	{96, 2, 16, false, pairForm{k: 50, carry: true}, &avxKernels[6]},
}

const (
	// MaxLaneBits is the size of the largest modulus of Lanes at any level.
	MaxLaneBits = 128
	// LaneKinds is the number of kinds of machines that a level may have.
	LaneKinds = 7
)

// LaneBits returns the size of the largest modulus for which the level in force has
// assembly of Lanes, 0 if it has none.
func LaneBits() int {
	if kernels.HasIFMA() || kernels.Active() >= kernels.AVX2 {
		kinds := laneKinds()
		return kinds[len(kinds)-1].bits
	}
	return 0
}

// laneKinds returns the kinds of the level in force, ascending by size. At the plain
// level they are those of ifmaKinds, which then run in Go.
func laneKinds() []kind {
	if !kernels.HasIFMA() && kernels.Active() >= kernels.AVX2 {
		return avxKinds[:]
	}
	return ifmaKinds[:]
}

// LaneKind returns the kind, below LaneKinds, of the machine for moduli of up to size
// bits at the level in force, and the size of the largest modulus that it takes.
// Requires size <= LaneBits, or size <= MaxLaneBits at the plain level.
func LaneKind(size int) (kind, most int) {
	kinds := laneKinds()
	for kinds[kind].bits < size {
		kind++
	}
	return kind, kinds[kind].bits
}

// NewLanes returns a machine of the kind for moduli of up to size bits, with memory for
// slots slots, at most MaxSlots.
func NewLanes(size, slots int) *Lanes {
	i, _ := LaneKind(size)
	return newLanes(&laneKinds()[i], slots, LaneBits() > 0)
}

// newLanes returns a machine of a kind, which runs assembly if fast.
func newLanes(k *kind, slots int, fast bool) *Lanes {
	if slots > MaxSlots {
		panic("mont: internal error: too many slots")
	}
	l := &Lanes{kind: *k, slots: slots}
	words := (2*k.limbs + 1) * k.width
	if k.form != nil {
		words = k.form.constantCount()*k.width + laneScratch
	}
	l.ctx = aligned(words)
	l.mem = aligned(slots * k.limbs * k.width)
	if fast {
		l.run = *k.kernel
	}
	for lane := range k.width {
		l.SetModulus(lane, [2]uint64{3, 0}) // so that idle lanes compute something
	}
	return l
}
