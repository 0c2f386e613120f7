package siqs

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// BenchmarkSieve is the time of the parts of the work for one block, and of a step to the next
// polynomial, at 240 bits.
func BenchmarkSieve(b *testing.B) {
	p, err := NewParams(always, semiprime(rand.New(rand.NewPCG(5, 2)), 240))
	if err != nil {
		b.Fatal(err)
	}
	var s Sieve
	if err := s.Reset(always, p); err != nil {
		b.Fatal(err)
	}
	for i := uint64(0); !s.setFactors(i); i++ {
	}
	s.startCoefficient()
	s.startWork()
	low, high := int(p.Small), s.buckets.first
	unit := remainder{v: wide{1}, words: 1, primes: new([]uint32)}
	for _, part := range []struct {
		name string
		run  func()
	}{
		{"quads", func() { s.sieveMedium(low, s.schedule.middle) }},
		{"middle", func() { s.sieveMedium(s.schedule.middle, s.base.index(maxFactor)) }},
		{"large", func() { s.sieveMedium(s.base.index(maxFactor), high) }},
		{"block", func() { s.sieveBlockAt(0); s.startWork() }},
		{"match", func() { s.match(12345, low, high) }},
		{"find", func() { s.buckets.divide(&unit, &s.base, 0, 12345) }},
		{"top", func() { s.startBlock(s.block); s.top(s.block[:blockSize], 0) }},
		{"fill", s.fill},
	} {
		b.Run(part.name, func(b *testing.B) {
			for b.Loop() {
				part.run()
			}
		})
	}
}

// sieveMedium sieves with the primes of these indices.
func (s *Sieve) sieveMedium(from, to int) {
	part := s.schedule
	if from > part.low {
		part.quads = nil
	}
	part.runs = slices.DeleteFunc(slices.Clone(part.runs), func(r run) bool { return r.first < from || r.end > to })
	part.sieve(s.block[:blockSize], s.base.prime, s.work1, s.work2, s.logp)
}
