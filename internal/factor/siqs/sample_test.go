package siqs

import (
	"math/rand/v2"
	"slices"
	"testing"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/prime"
)

// Shapes of a sample: how the roots are chosen.
const (
	anyRoots = iota
	zeroRoots
	lastRoots
	edgeRoots // just before and behind the ends of blocks
	sameRoots // all hit the same position
	shapes
)

// leasts are where samples begin.
var leasts = []uint64{3, 200, 2000, 8100, 16000, 32000, 32768, 65000, 1 << 17, 1 << 20, 1<<22 - 1000, 1<<24 - 150000}

const guard = 0x5a5a5a5a

// A sample is made up data for the kernels: primes with roots and steps.
type sample struct {
	factorBase
	root1, root2, step []uint32
	rnd                *rand.Rand
	shape              uint8
}

// newSample returns a sample of count primes >= least.
func newSample(rnd *rand.Rand, shape uint8, count int, least uint64) *sample {
	s := &sample{rnd: rnd, shape: shape % shapes}
	position := uint64(rnd.IntN(maxInterval))
	for it := prime.Primes(least, least+1000+100*uint64(count)); len(s.prime) < count; {
		p := it.Next()
		if len(s.prime) < count/2 && rnd.IntN(2) == 0 { // some neighbours, some gaps
			continue
		}
		s.add(uint32(p), 0)
		s.root1 = append(s.root1, uint32(s.root(p, position)))
		s.root2 = append(s.root2, uint32(s.root(p, position)))
		s.step = append(s.step, uint32(rnd.Uint64N(p)))
	}
	return s
}

func (s *sample) root(p, position uint64) uint64 {
	switch s.shape {
	case zeroRoots:
		return 0
	case lastRoots:
		return p - 1
	case edgeRoots:
		return (uint64(blockSize*s.rnd.IntN(32)) + p*p + uint64(s.rnd.IntN(3)) - 1) % p
	case sameRoots:
		return position % p
	}
	return s.rnd.Uint64N(p)
}

// eachSample calls f with samples of all kinds on each level.
func eachSample(t *testing.T, f func(t *testing.T, s *sample)) {
	eachLevel(t, func(t *testing.T) { sampleAll(t, f) })
}

func sampleAll(t *testing.T, f func(t *testing.T, s *sample)) {
	for seed, least := range leasts {
		for _, count := range []int{1, 2, 15, 16, 17, 31, 33, 48, 255, 256, 1000} {
			for shape := range uint8(shapes) {
				f(t, newSample(rand.New(rand.NewPCG(uint64(seed), uint64(count))), shape, count, least))
			}
		}
	}
}

// fuzzSamples has f called with whatever samples the fuzzer thinks of, on each level of the machine.
func fuzzSamples(f *testing.F, check func(t *testing.T, s *sample)) {
	if kernels.Best() == kernels.Plain {
		f.Skip("NOT TESTED: this machine or build has no kernels")
	}
	for i, least := range leasts {
		f.Add(uint64(i), uint8(i), uint16(10*i+1), uint32(least))
	}
	f.Fuzz(func(t *testing.T, seed uint64, shape uint8, count uint16, least uint32) {
		for _, l := range kernels.Levels[1:] {
			if l <= kernels.Best() {
				onLevel(l, func() {
					check(t, newSample(rand.New(rand.NewPCG(seed, 1)), shape, int(count)%3000+1, uint64(least)%(1<<24)+3))
				})
			}
		}
	})
}

// guarded returns a copy of x, behind which there are guards.
func guarded(x []uint32) []uint32 {
	y := slices.Clone(x)
	y = append(y, slices.Repeat([]uint32{guard}, 16)...)
	return y[:len(x)]
}

// checkGuard expects the guards behind the slices to be as they were.
func checkGuard(t *testing.T, xs ...[]uint32) {
	t.Helper()
	for _, x := range xs {
		for i, g := range x[len(x) : len(x)+16] {
			if g != guard {
				t.Fatalf("word %d behind %d is overwritten", i, len(x))
			}
		}
	}
}
