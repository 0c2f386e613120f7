package siqs

import "time"

// A Searcher with KeepYields keeps the relations of its own sieves as yields, so that
// they can be sent to a machine that collects the relations of several.
//
//	caller, helper   claim a block of coefficients -> sieve it -> keep a yield
//	caller in alive  Yield, Sent; SkipTo
//
// Each goroutine sieves a block of coefficients that nobody else has, and makes a yield
// of them at the end of the block, or every keepEvery.

const (
	// keepBlock is the number of coefficients of a block: 0.2 s of work at 70 digits.
	keepBlock = 32
	// keepEvery is the time after which a yield ends, at the next coefficient.
	keepEvery = 250 * time.Millisecond
	// maxRegions bounds the number of regions of coefficients that a search has begun.
	maxRegions = 16
	// yieldBytes is a bound for the bytes of the yields for each of the relations that are
	// expected: 26 a relation, for 4/3 of the number expected.
	yieldBytes = 26 * 4 / 3
)

// A region is a run of coefficient numbers from first on, of which those below next have
// been claimed.
type region struct{ first, next uint64 }

// kept is what a Searcher keeps. mu of the Searcher guards it.
type kept struct {
	yields  []yield
	regions []region // the last one is the current one; disjoint unless one reaches the next
}

// A yield is the code of all relations of the coefficients [first, end).
type yield struct {
	first, end uint64
	relations  []byte
}

// Params returns the parameters of the number that Factor works on, nil before they are
// chosen. Only alive may call it. The caller must not change them.
func (s *Searcher) Params() *Params {
	if !s.chosen {
		return nil
	}
	return &s.sieve.params
}

// NextYield returns the relations of the complete coefficients [first, end), as
// Set.AddYield takes them, until Sent is called. ok is false if there is none now. Only
// alive may call it. Requires KeepYields. The caller must not change the bytes.
func (s *Searcher) NextYield() (first, end uint64, relations []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept.yields) == 0 {
		return 0, 0, nil, false
	}
	y := s.kept.yields[0]
	return y.first, y.end, y.relations, true
}

// Sent drops the yield that NextYield returns. Only alive may call it.
func (s *Searcher) Sent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.yields[0] = yield{}
	s.kept.yields = s.kept.yields[1:]
}

// SkipTo makes all goroutines sieve the coefficients from number on, without those that
// have been claimed before. They change at their next coefficient. It does nothing if
// number is in the current region, if so few coefficients are left from it on that they
// may not suffice, or after maxRegions regions. Only alive may call it. Requires
// KeepYields and Params to be chosen.
func (s *Searcher) SkipTo(number uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := &s.kept
	if s.in(number) == len(k.regions)-1 || number > s.sieve.params.Coefficients()/8*7 {
		return
	}
	if at := s.in(number); at >= 0 {
		k.regions = append(append(k.regions[:at:at], k.regions[at+1:]...), k.regions[at])
	} else if len(k.regions) < maxRegions {
		k.regions = append(k.regions, region{number, number})
	} else {
		return
	}
	s.skips.Add(1)
}

// in returns the index of the region that has the number, -1 if none has it. A region
// also has the number that it claims next. Requires mu.
func (s *Searcher) in(number uint64) int {
	for i, r := range s.kept.regions {
		if r.first <= number && number <= r.next {
			return i
		}
	}
	return -1
}

// claimBlock returns a block of coefficient numbers that no goroutine has claimed. It
// ends where another region begins.
func (s *Searcher) claimBlock() (first, end uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	current := &s.kept.regions[len(s.kept.regions)-1]
	for moved := true; moved; {
		moved = false
		for i := range s.kept.regions[:len(s.kept.regions)-1] {
			if r := s.kept.regions[i]; r.first <= current.next && current.next < r.next {
				current.next, moved = r.next, true
			}
		}
	}
	first, end = current.next, current.next+keepBlock
	for _, r := range s.kept.regions {
		if first < r.first {
			end = min(end, r.first)
		}
	}
	current.next = end
	return first, end
}

// workKeeping is work for a Searcher with KeepYields.
func (s *Searcher) workKeeping(check func() error, sieve *Sieve) error {
	for !s.enoughCycles.Load() {
		first, end := s.claimBlock()
		skips, began := s.skips.Load(), time.Now()
		due := func() (flush, stop bool) {
			now := time.Now()
			if flush = now.Sub(began) >= keepEvery; flush {
				began = now
			}
			return flush, s.skips.Load() != skips
		}
		if err := sieve.yield(check, first, end, s.accept, due, s.keep); err != nil {
			return err
		}
	}
	return nil
}

// keep adds a yield.
func (s *Searcher) keep(first, end uint64, relations []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.yields = append(s.kept.yields, yield{first, end, relations})
}
