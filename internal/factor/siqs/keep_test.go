package siqs

import (
	"math/rand/v2"
	"testing"
)

// TestClaim: no coefficient is claimed twice, whatever regions a search is told.
func TestClaim(t *testing.T) {
	s := NewSearcher()
	s.sieve.params = mustParams(t, semiprime(rand.New(rand.NewPCG(14, 1)), 200))
	all, start := s.sieve.params.Coefficients(), s.sieve.params.OwnStart()
	claimed := map[uint64]bool{}
	claim := func(from uint64, keep bool) {
		t.Helper()
		first, end, kept := s.claim()
		if first != from || end <= first || end > first+keepBlock || kept != keep || !kept && end != first+1 {
			t.Errorf("claimed [%d, %d), %v; want some from %d on, %v", first, end, kept, from, keep)
		}
		for i := first; i < end; i++ {
			if claimed[i] {
				t.Errorf("coefficient %d is claimed twice", i)
			}
			claimed[i] = true
		}
	}
	s.kept.start(false, &s.sieve.params)
	claim(0, false)
	claim(1, false)
	s.SkipTo(all) // there is none: yields are kept, of the own region
	claim(start, true)
	s.SkipTo(start + 100)
	claim(start+100, true)
	s.SkipTo(start + 100) // again
	claim(start+100+keepBlock, true)
	s.SkipTo(start)
	claim(start+keepBlock, true)
	claim(start+2*keepBlock, true)
	claim(start+3*keepBlock, true) // up to the other region
	claim(start+100+2*keepBlock, true)
	s.SkipTo(0)
	claim(2, true)
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
		first, _, _ := s.claim()
		if claimed[first] {
			t.Fatalf("coefficient %d is claimed twice", first)
		}
		claimed[first] = true
	}
}

// TestClaimAll: a search that begins near the end claims all coefficients.
func TestClaimAll(t *testing.T) {
	for _, keep := range []bool{false, true} {
		s := NewSearcher()
		s.sieve.params = mustParams(t, semiprime(rand.New(rand.NewPCG(14, 2)), 60))
		all := s.sieve.params.Coefficients()
		s.kept.start(keep, &s.sieve.params)
		s.claim()
		s.SkipTo(all - 1)
		claimed := map[uint64]int{}
		for {
			first, end, _ := s.claim()
			if first >= all {
				break
			}
			for i := first; i < min(end, all); i++ {
				if claimed[i]++; claimed[i] > 1 {
					t.Fatalf("coefficient %d is claimed twice", i)
				}
			}
		}
		if missing := int(all) - len(claimed); missing < 1 || missing > keepBlock { // the first claim
			t.Errorf("%d of %d coefficients are claimed", len(claimed), all)
		}
	}
}
