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
//	kernels                          the inner loops in AVX-512 and in AVX2, each beside its Go
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
	"fmt"
	"math/big"
	"sync"
	"sync/atomic"
	"time"

	"factorfleet/internal/factor/resource"
)

// ErrFailed is returned when all relations that there are did not split the
// number, as it is with powers of primes.
var ErrFailed = errors.New("siqs: no relation splits the number")

// A MemoryError is returned when the pool has not as much memory as a number needs.
type MemoryError struct{ Need uint64 }

func (e *MemoryError) Error() string {
	return fmt.Sprintf("siqs: the number needs %d bytes of memory", e.Need)
}

// A Searcher factors numbers one after the other. It keeps its memory. It is not for
// concurrent use.
type Searcher struct {
	// Pool lends cores to sieve on, besides the caller's, and memory; nil is the caller's core and
	// no limit.
	Pool *resource.Pool
	// Borrow says whether it is time to borrow a core; nil is always.
	Borrow func() bool
	// Helper is what alive is to Factor for the goroutines on borrowed cores; nil is never an
	// error. What it returns ends only that goroutine.
	Helper func() error
	// Progress is called ten times a second at most, from Factor's goroutine. It may be nil.
	Progress func(SearchProgress)

	mu           sync.Mutex // guards set and next while helpers sieve
	set          Set
	next         uint64      // coefficient that comes next
	enoughCycles atomic.Bool // set.Have() >= set.need: all are to end

	crew     resource.Crew
	expected int       // relations
	reported time.Time // when Progress was last called

	sieve  Sieve // the caller's
	accept func(*Relation) bool
}

// SearchProgress says how far the work is.
type SearchProgress struct {
	Relations, Expected int  // the first grows in proportion to time, the second is an estimate
	Cycles, Need        int  // the end is where they are equal; with two large primes cycles come late
	Cores               int  // at work
	Solving             bool // the sieving is over, and the linear algebra has begun
}

// reportEvery is the time between two calls of Progress.
const reportEvery = 100 * time.Millisecond

// NewSearcher returns a searcher.
func NewSearcher() *Searcher {
	s := new(Searcher)
	s.accept = func(r *Relation) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.enoughCycles.Load() {
			return false
		}
		s.set.insert(r)
		if s.set.Have() < s.set.need {
			return true
		}
		s.enoughCycles.Store(true)
		return false
	}
	return s
}

// maxTries is how often the linear algebra is done for a number. After each time that it
// fails there are spare new dependencies, and of a number that is no power of a prime at
// most one half fails each.
const maxTries = 12

// Factor returns a divisor d of n, 1 < d < n. n must be odd and have MinBits to MaxBits
// bits, or the error is ErrParams. It returns the error of alive, which it calls
// every few milliseconds at least, from the caller's goroutine. None that it has started runs on when
// it returns. If the pool has not the memory for one sieve the error is a MemoryError; if it has
// no more than for some, so many sieve.
func (s *Searcher) Factor(alive func() error, n *big.Int) (*big.Int, error) {
	return s.factor(alive, n, tuningFor(n.BitLen()))
}

// TakeSpent returns the time that borrowed cores have sieved since the last call.
func (s *Searcher) TakeSpent() time.Duration { return s.crew.TakeSpent() }

func (s *Searcher) factor(alive func() error, n *big.Int, t tuning) (*big.Int, error) {
	first := &s.sieve
	if err := first.choose(alive, n, t); err != nil {
		var found *DivisorError
		if errors.As(err, &found) {
			return found.Divisor, nil
		}
		return nil, err
	}
	sieve, set, solve := first.params.Memory()
	need := sieve + set + solve
	if !s.Pool.Reserve(need) {
		return nil, &MemoryError{need}
	}
	defer s.Pool.Release(need)
	if err := first.prepare(alive); err != nil {
		return nil, err
	}
	s.expected = first.params.ExpectedRelations()
	s.set.reset(&first.base, s.expected)
	s.next = 0
	s.crew.Pool = s.Pool
	for range maxTries {
		err := s.collect(alive)
		if err != nil && err != ErrExhausted {
			return nil, err
		}
		d, solveErr := s.solve(alive, n)
		if d != nil || solveErr != nil {
			return d, solveErr
		}
		if err == ErrExhausted {
			break
		}
		s.set.need = s.set.Have() + extraCycles
	}
	return nil, ErrFailed
}
