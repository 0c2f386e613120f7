// Package siqs factors by the self-initialising quadratic sieve: numbers from
// about 64 bits to 100 digits, in a time that does not depend on the size of their factors.
//
// For a small k, values X^2-kN with X near sqrt(kN) are sought that are products of
// primes of a factor base, but for at most two larger ones (relations). Relations that share
// large primes form cycles. A set of cycles in whose product all exponents are even
// gives X^2 = Y^2 mod N, and half of those sets or more split N.
//
// The files, in the order of the work:
//
//	params, multiplier, factorbase   what to sieve with, by the size of N
//	coefficient, poly                polynomials (Ax+B)^2-kN, by number
//	roots, sieve, schedule, bucket   where their values are likely to be smooth
//	trialdivide, cofactor            which of those are: relations
//	collect                          from a range of coefficients to relations: a task
//	relation, verify                 relations from elsewhere
//	set, cycle                       how many relations are still needed
//	forest, sqrt                     from relations to a factor, by way of package gf2
//	siqs                             all of it in one process
//	kernels                          the inner loops in AVX-512, each beside its Go
//
// Sources: C. Pomerance, The quadratic sieve factoring algorithm (1985); R. Silverman, The multiple
// polynomial quadratic sieve (1987); W. Alford, C. Pomerance, Implementing the
// self-initializing quadratic sieve on a distributed network (1995); S. Contini,
// Factoring integers with the self-initializing quadratic sieve (1997); A. Lenstra, M.
// Manasse, Factoring with two large primes (1994).
//
// It splits a number in two and does not look whether they are prime. It cannot
// split powers of primes, nor waste time on small factors: divide by small primes
// and take roots before.
package siqs

import (
	"errors"
	"math/big"
	"sync"
	"sync/atomic"
)

// ErrFailed is returned when all relations that there are did not split the
// number, as it is with powers of primes.
var ErrFailed = errors.New("siqs: no relation splits the number")

// A Searcher factors numbers one after the other. It keeps its memory. It is not for
// concurrent use.
type Searcher struct {
	// Workers is how many goroutines sieve; 0 is 1, which is the caller's.
	Workers int
	// Progress is called now and then, from any goroutine but not concurrently.
	// It may be nil.
	Progress func(Progress)

	mu     sync.Mutex // of set while several goroutines sieve
	set    Set
	enough atomic.Bool // set.Have() >= set.need
	next   uint64      // coefficient that comes next; by mu

	expected int // relations

	sieves []*Sieve // the first is the caller's
	take   func(*Relation) bool
}

// Progress says how far the sieving is.
type Progress struct {
	Relations, Expected int // the first grows in proportion to time, the second is an estimate
	Cycles, Need        int // the end is where they are equal; with two large primes cycles come late
}

// NewSearcher returns a searcher.
func NewSearcher() *Searcher {
	s := &Searcher{sieves: []*Sieve{new(Sieve)}}
	s.take = func(r *Relation) bool {
		s.set.insert(r)
		if s.Progress != nil && s.set.Len()%progressEvery == 0 {
			s.Progress(Progress{s.set.Len(), s.expected, s.set.Have(), s.set.need})
		}
		return s.set.Have() < s.set.need
	}
	return s
}

// progressEvery is how many relations pass between two calls of Progress.
const progressEvery = 256

// maxTries is how often the linear algebra is done for a number. After each time that it
// fails there are spare new dependencies, and of a number that is no power of a prime at
// most one half fails each.
const maxTries = 12

// Factor returns a divisor d of n, 1 < d < n. n must be odd and have MinBits to MaxBits
// bits, or the error is ErrParams. It returns the error of alive, which it calls
// every few milliseconds at least, from the goroutines that it runs. Linear algebra is
// done by one.
func (s *Searcher) Factor(alive func() error, n *big.Int) (*big.Int, error) {
	return s.factor(alive, n, tuningFor(n.BitLen()))
}

func (s *Searcher) factor(alive func() error, n *big.Int, t tuning) (*big.Int, error) {
	first := s.sieves[0]
	if err := first.start(alive, n, t); err != nil {
		var found *DivisorError
		if errors.As(err, &found) {
			return found.Divisor, nil
		}
		return nil, err
	}
	s.set.reset(&first.base)
	s.expected = first.params.ExpectedRelations()
	s.next = 0
	for range maxTries {
		err := s.collect(alive)
		if err != nil && err != ErrExhausted {
			return nil, err
		}
		d, solveErr := s.set.solve(alive, n)
		if d != nil || solveErr != nil {
			return d, solveErr
		}
		if err == ErrExhausted {
			break
		}
		s.set.need = s.set.Have() + spare
	}
	return nil, ErrFailed
}

// collect sieves until there are enough cycles.
func (s *Searcher) collect(alive func() error) error {
	if s.Workers > 1 {
		return s.collectAll(alive)
	}
	for s.set.Have() < s.set.need {
		s.next++
		if err := s.sieves[0].Collect(alive, s.next-1, s.next, s.take); err != nil {
			return err
		}
	}
	return nil
}

// errEnough ends the other goroutines.
var errEnough = errors.New("siqs: enough relations")

// collectAll is collect by several goroutines.
func (s *Searcher) collectAll(alive func() error) error {
	s.enough.Store(false)
	for len(s.sieves) < s.Workers {
		s.sieves = append(s.sieves, new(Sieve))
	}
	errs := make([]error, s.Workers)
	var wg sync.WaitGroup
	for i, sieve := range s.sieves[:s.Workers] {
		wg.Go(func() {
			if i > 0 {
				errs[i] = sieve.Reset(alive, s.sieves[0].params)
			}
			if errs[i] == nil {
				errs[i] = s.work(alive, sieve)
			}
			s.enough.Store(true) // one error ends all
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil && err != errEnough {
			return err
		}
	}
	return nil
}

// work sieves one coefficient after the other until there are enough relations.
func (s *Searcher) work(alive func() error, sieve *Sieve) error {
	check := func() error {
		if s.enough.Load() {
			return errEnough
		}
		return alive()
	}
	take := func(r *Relation) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.enough.Load() && !s.take(r) {
			s.enough.Store(true)
		}
		return !s.enough.Load()
	}
	for !s.enough.Load() {
		s.mu.Lock()
		number := s.next
		s.next++
		s.mu.Unlock()
		if err := sieve.Collect(check, number, number+1, take); err != nil {
			return err
		}
	}
	return nil
}
