package siqs

import (
	"math/rand/v2"
	"testing"
)

// TestRegions: no coefficient is claimed twice, whatever regions a search is told.
func TestRegions(t *testing.T) {
	s := NewSearcher()
	s.sieve.params = mustParams(t, semiprime(rand.New(rand.NewPCG(14, 1)), 200))
	all := s.sieve.params.Coefficients()
	start := s.sieve.params.OwnStart()
	s.kept.regions = []region{{start, start}}
	claimed := map[uint64]bool{}
	claim := func(from uint64) {
		t.Helper()
		first, end := s.claimBlock()
		if first != from || end <= first || end > first+keepBlock {
			t.Errorf("claimed [%d, %d), want a block from %d on", first, end, from)
		}
		for i := first; i < end; i++ {
			if claimed[i] {
				t.Errorf("coefficient %d is claimed twice", i)
			}
			claimed[i] = true
		}
	}
	claim(start)
	s.SkipTo(start + 100)
	claim(start + 100)
	s.SkipTo(start + 100) // again
	claim(start + 100 + keepBlock)
	s.SkipTo(start)
	claim(start + keepBlock)
	claim(start + 2*keepBlock)
	claim(start + 3*keepBlock) // up to the other region
	claim(start + 100 + 2*keepBlock)
	s.SkipTo(all - 1)
	claim(start + 100 + 3*keepBlock)
	s.SkipTo(0)
	claim(0)
	skips := s.skips.Load()
	for i := range uint64(2 * maxRegions) {
		s.SkipTo(1000 * (i + 1))
	}
	if len(s.kept.regions) > maxRegions || s.skips.Load()-skips > maxRegions {
		t.Errorf("%d regions after %d skips", len(s.kept.regions), s.skips.Load()-skips)
	}
	rnd := rand.New(rand.NewPCG(14, rand.Uint64()))
	for range 1000 {
		s.SkipTo(start + rnd.Uint64N(1000))
		first, _ := s.claimBlock()
		if claimed[first] {
			t.Fatalf("coefficient %d is claimed twice", first)
		}
		claimed[first] = true
	}
}
