package siqs

import (
	"slices"
	"time"
)

// A Searcher can keep the relations of its own sieves as yields, so that they can be
// sent to a machine that collects the relations of several: from the start, if
// KeepYields is set, or from SkipTo on.
//
//	caller, helper   claim a block of coefficients -> sieve it -> keep a yield
//	caller in alive  SkipTo; NextYield, Sent
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

// kept says which coefficients a Searcher has claimed, and has the yields that it keeps.
// mu of the Searcher guards it.
type kept struct {
	on      bool   // yields are kept
	count   uint64 // Params.Coefficients
	yields  []yield
	regions []region // the last one is the current one; disjoint unless one reaches the next
}

// start begins the number of p without yields: at OwnStart if yields are kept, else at
// coefficient number 0.
func (k *kept) start(on bool, p *Params) {
	k.on, k.count, k.yields = on, p.Coefficients(), nil
	first := uint64(0)
	if on {
		first = p.OwnStart()
	}
	k.regions = append(k.regions[:0], region{first, first})
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
// alive may call it. The caller must not change the bytes.
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

// SkipTo makes all goroutines keep yields, and sieve the coefficients from number on,
// without those that have been claimed before. They change at their next coefficient. It
// is without effect on the coefficients if number is in the current region, if there is
// no such coefficient, or after maxRegions regions. Only alive may call it. Requires
// Params to be chosen.
func (s *Searcher) SkipTo(number uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := &s.kept
	if !k.on {
		k.on = true
		k.enter(s.sieve.params.OwnStart())
	}
	at := k.in(number)
	if at == len(k.regions)-1 || number >= k.count || at < 0 && len(k.regions) >= maxRegions {
		return
	}
	k.enter(number)
	s.skips.Add(1)
}

// in returns the index of the region that has the number, -1 if none has it. A region
// also has the number that it claims next.
func (k *kept) in(number uint64) int {
	for i, r := range k.regions {
		if r.first <= number && number <= r.next {
			return i
		}
	}
	return -1
}

// enter makes the region of number the current one, or a new one if none has it.
func (k *kept) enter(number uint64) {
	entered := region{number, number}
	if at := k.in(number); at >= 0 {
		entered = k.regions[at]
		k.regions = slices.Delete(k.regions, at, at+1)
	}
	k.regions = append(k.regions, entered)
}

// claim returns coefficient numbers that no goroutine has claimed, and whether to keep
// their yield: a block then, which ends where another region begins, or else one number.
// After the last number it continues from 0 on. When all have been claimed, first is not
// below Coefficients.
func (s *Searcher) claim() (first, end uint64, keep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := &s.kept
	if first = k.free(); first >= k.count {
		k.enter(0)
		first = k.free()
	}
	end = first + 1
	if k.on {
		end = first + keepBlock
		for _, r := range k.regions {
			if first < r.first {
				end = min(end, r.first)
			}
		}
	}
	k.regions[len(k.regions)-1].next = end
	return first, end, k.on
}

// free returns the first number of the current region or behind it that has not been
// claimed.
func (k *kept) free() uint64 {
	last := len(k.regions) - 1
	next := k.regions[last].next
	for at := 0; at < last; at++ {
		if r := k.regions[at]; r.first <= next && next < r.next {
			next, at = r.next, -1
		}
	}
	return next
}

// workKeeping sieves the coefficients [first, end) and keeps their yields.
func (s *Searcher) workKeeping(check func() error, sieve *Sieve, first, end uint64) error {
	skips, began := s.skips.Load(), time.Now()
	due := func() (flush, stop bool) {
		now := time.Now()
		if flush = now.Sub(began) >= keepEvery; flush {
			began = now
		}
		return flush, s.skips.Load() != skips
	}
	return sieve.yield(check, first, end, s.accept, due, s.keep)
}

// keep adds a yield.
func (s *Searcher) keep(first, end uint64, relations []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.yields = append(s.kept.yields, yield{first, end, relations})
}
