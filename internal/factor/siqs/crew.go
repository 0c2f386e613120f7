package siqs

import (
	"errors"
	"math/big"
	"sync"
	"time"

	"factorfleet/internal/factor/resource"
)

// errEnough ends a helper that is not needed any more.
var errEnough = errors.New("siqs: enough relations")

// idleSieves are those of helpers that have ended, for the next ones of any searcher. They have no
// factor base: those of helpers are their searchers'.
var idleSieves = sync.Pool{New: func() any { return new(Sieve) }}

// collect sieves until there are enough cycles, on the caller's core and on those that can be
// borrowed meanwhile.
func (s *Searcher) collect(alive func() error) (err error) {
	s.enoughCycles.Store(s.set.Have() >= s.set.need)
	defer func() {
		s.enoughCycles.Store(true)
		s.crew.Wait(func() { // helpers end at their next look at enough
			if e := alive(); err == nil {
				err = e
			}
		})
	}()
	check := func() error {
		s.borrowAndReport()
		return alive()
	}
	for !s.enoughCycles.Load() {
		number := s.claim()
		if err := s.sieve.Collect(check, number, number+1, s.accept); err != nil {
			return err
		}
	}
	return nil
}

// claim returns the number of the next coefficient.
func (s *Searcher) claim() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	return s.next - 1
}

// borrowAndReport does, every few milliseconds, what else there is to do for the caller's goroutine while it
// sieves: it borrows cores and reports.
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

// borrow has one goroutine more sieve if there is a core and memory for it: that of the linear
// algebra first, which comes when they are gone.
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

// help sieves one coefficient after the other until there are enough relations or the core is
// wanted elsewhere. What is left of a coefficient then nobody sieves: there are plenty of them.
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
	err := sieve.share(check, &s.sieve)
	for err == nil && !s.enoughCycles.Load() {
		number := s.claim()
		err = sieve.Collect(check, number, number+1, s.accept)
	}
	sieve.unshare()
	idleSieves.Put(sieve) // not after a panic
}

// solve is Set.solve, with as many cores as are idle when it begins. One that is wanted elsewhere is
// given back, but what has been begun with it is finished: seconds at most, since the number of
// goroutines cannot change on the way.
func (s *Searcher) solve(alive func() error, n *big.Int) (*big.Int, error) {
	solved := make(chan struct{})
	defer s.crew.Wait(func() {}) // they are gone in a moment
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
	s.set.solver.matrix.Workers = cores
	if s.Progress != nil {
		s.Progress(SearchProgress{Relations: s.set.Len(), Expected: s.expected, Cycles: s.set.Have(), Need: s.set.need, Cores: cores, Solving: true})
	}
	return s.set.solve(alive, n)
}
