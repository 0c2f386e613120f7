package siqs

import (
	"errors"
	"math/big"
	"sync"
	"time"

	"factorfleet/internal/factor/resource"
)

// How the goroutines of a Searcher work together.
//
// The caller's goroutine and each helper repeat: claim the next coefficient number,
// sieve its polynomials, and accept the relations under mu. The goroutine whose
// relation completes the cycles sets enoughCycles; all others see it at their next
// relation or their next call of alive. With several cores the order of the relations
// depends on timing, and so may the dependencies. For an N of two primes the divisor is
// one of two; package factor completes the factorization, so that its answer is the
// same.
//
//	caller    factor: prepare -> collect ---------------------> solve -> divisor
//	                               | Borrow              ^ crew.Wait
//	helper                         +-> share, sieve, unshare
//
// A core that another computation needs is given back: the helper's check returns
// errEnough.

// errEnough ends a helper that is no longer needed.
var errEnough = errors.New("siqs: helper is no longer needed")

// idleSieves has the sieves of helpers that have ended, for helpers of any searcher.
// They are unshared: without the factor base and tables of a searcher.
var idleSieves = sync.Pool{New: func() any { return new(Sieve) }}

// collect sieves until there are enough cycles, on the caller's core and on those that
// can be borrowed meanwhile. No helper runs when it returns. It returns the error of
// alive, or ErrExhausted.
func (s *Searcher) collect(alive func() error) (err error) {
	s.enoughCycles.Store(s.set.Have() >= s.set.need)
	defer func() {
		s.enoughCycles.Store(true)
		s.crew.Wait(func() { // helpers end when they next read enoughCycles
			if e := alive(); err == nil {
				err = e
			}
		})
	}()
	check := func() error {
		s.borrowAndReport()
		return alive()
	}
	return s.work(check, &s.sieve)
}

// work sieves one coefficient after the other until there are enough cycles. It returns
// the error of check, or ErrExhausted.
func (s *Searcher) work(check func() error, sieve *Sieve) error {
	for !s.enoughCycles.Load() {
		first, end, keep := s.claim()
		var err error
		if keep {
			err = s.workKeeping(check, sieve, first, end)
		} else {
			err = sieve.Collect(check, first, end, s.accept)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// borrowAndReport borrows a core if one is idle, and calls Progress if it is due. The
// caller's goroutine calls it every few milliseconds while it sieves.
func (s *Searcher) borrowAndReport() {
	cores := 1 + s.crew.Size()
	if s.Pool.Idle() > 0 && (s.Borrow == nil || s.Borrow()) {
		s.borrow()
	}
	if s.Progress == nil {
		return
	}
	if now := time.Now(); now.Sub(s.reported) >= reportEvery {
		s.reported = now
		s.mu.Lock()
		p := SearchProgress{Relations: s.set.Len(), Expected: s.expected, Cycles: s.set.Have(), Need: s.set.need, Cores: cores}
		s.mu.Unlock()
		s.Progress(p)
	}
}

// borrow starts one more helper if the pool has a core and memory for it. The memory
// that is reserved for the linear algebra serves the first helpers, since it is not
// used before they have ended.
func (s *Searcher) borrow() {
	memory, _, solve := s.sieve.params.Memory()
	if uint64(s.crew.Size()+1)*memory <= solve {
		memory = 0
	}
	if !s.Pool.Reserve(memory) {
		return
	}
	if !s.crew.Borrow(func(recalled resource.Call) {
		defer s.Pool.Release(memory)
		s.help(recalled)
	}) {
		s.Pool.Release(memory)
	}
}

// help sieves one coefficient after the other until there are enough cycles or the core
// is needed elsewhere. The rest of a coefficient is then skipped, as there are far more
// coefficients than needed. It runs in the goroutine of a helper, and reads of s.sieve
// only what share copies.
func (s *Searcher) help(recalled resource.Call) {
	check := func() error {
		switch {
		case s.enoughCycles.Load() || recalled():
			return errEnough
		case s.Helper != nil:
			return s.Helper()
		}
		return nil
	}
	sieve := idleSieves.Get().(*Sieve)
	if sieve.share(check, &s.sieve) == nil {
		_ = s.work(check, sieve) // its error ends this goroutine only
	}
	sieve.unshare()
	idleSieves.Put(sieve) // a sieve that has panicked is not reused
}

// solve is Set.solve, with as many cores as are idle when it begins. The number of
// goroutines of the linear algebra cannot change on the way. The helpers only hold the
// borrowed cores: a core that is needed elsewhere is given back within reportEvery/4,
// although the goroutine of gf2 continues on it for some seconds at most.
func (s *Searcher) solve(alive func() error, n *big.Int) (*big.Int, error) {
	solved := make(chan struct{})
	defer s.crew.Wait(func() {}) // within reportEvery/4
	defer close(solved)
	for s.Pool.Idle() > 0 && (s.Borrow == nil || s.Borrow()) && s.crew.Borrow(func(recalled resource.Call) {
		for !recalled() {
			select {
			case <-solved:
				return
			case <-time.After(reportEvery / 4):
			}
		}
	}) {
	}
	cores := 1 + s.crew.Size()
	s.set.solver.matrix.Workers, s.set.solver.matrix.Worker = cores, s.crew.Measure
	if s.Progress != nil {
		s.Progress(SearchProgress{Relations: s.set.Len(), Expected: s.expected, Cycles: s.set.Have(), Need: s.set.need, Cores: cores, Solving: true})
	}
	return s.set.solve(alive, n)
}
