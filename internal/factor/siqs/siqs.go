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

// ErrFailed is returned when no dependency of any relations splits the number. This
// happens for powers of primes, and for a number without enough coefficients.
var ErrFailed = errors.New("siqs: no dependency splits the number, it may be a power of a prime")

// A MemoryError is returned when the pool cannot reserve the memory that a number needs
// on one core.
type MemoryError struct{ Need uint64 } // bytes

func (e *MemoryError) Error() string {
	return fmt.Sprintf("siqs: not enough memory: the number needs %d bytes", e.Need)
}

// A Searcher factors numbers one after the other, on one core or several. It keeps its
// memory for the next number. It is not for concurrent use.
//
// Ownership of the fields while Factor runs:
//
//	caller's goroutine only       sieve, chosen, expected, reported, crew
//	any goroutine that holds mu   set, kept; while no helper runs the caller needs no lock
//	atomic                        enoughCycles, skips
//	read-only while helpers run   Pool, Meter, Helper, KeepYields, accept; of sieve: params, base, inverses, lifted
//
// A helper owns its Sieve (see help). It starts after prepare and ends before collect
// returns. So the linear algebra, the next number and the fields above never meet a
// helper.
type Searcher struct {
	// Pool lends cores besides the caller's, and memory. nil: only the caller's core,
	// and no limit of memory.
	Pool *resource.Pool
	// Meter measures the goroutines on borrowed cores. nil: they are not measured.
	Meter *resource.Meter
	// Borrow reports whether cores may be borrowed now. nil: always. The caller's
	// goroutine calls it.
	Borrow func() bool
	// Helper is called every few milliseconds by each goroutine on a borrowed core. Its
	// error ends that goroutine only; its relations so far are kept. nil: no error.
	Helper func() error
	// KeepYields makes Factor keep its relations for NextYield from the start, and reserve
	// memory for them. Then it begins with coefficient number Params.OwnStart, else with 0.
	// Only the caller of Factor sets it, between two numbers.
	KeepYields bool
	// Progress is called from the goroutine of Factor, at most ten times a second, and
	// once before the linear algebra. It may be nil.
	Progress func(SearchProgress)

	mu           sync.Mutex
	set          Set
	enoughCycles atomic.Bool // set.Have() >= set.need, or collect is ending: all goroutines stop sieving

	kept  kept
	skips atomic.Uint64 // calls of SkipTo that have had an effect

	chosen   bool // sieve.params are those of the number
	crew     resource.Crew
	expected int       // relations, an estimate
	reported time.Time // of the last call of Progress

	sieve  Sieve                // the caller's
	accept func(*Relation) bool // adds a relation to set; false if no more are needed
}

// SearchProgress says how far the work on a number is.
type SearchProgress struct {
	Relations, Expected int  // found, and estimated in all; the first grows in proportion to time
	Cycles, Need        int  // the sieve ends when they are equal; with two large primes cycles come late
	Cores               int  // that sieve or multiply, at least 1
	Solving             bool // the linear algebra has begun
}

// reportEvery is the least time between two calls of Progress.
const reportEvery = 100 * time.Millisecond

// NewSearcher returns a searcher without a pool. Its accept is made once, so that it
// costs no memory for each number.
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

// maxTries bounds the attempts of the linear algebra for a number. Each further attempt
// has extraCycles more dependencies, and each of them fails with a probability of at
// most 1/2, unless the number is a power of a prime.
const maxTries = 12

// Factor returns a divisor d of n, 1 < d < n. The error is
//
//   - ErrParams unless n is odd and has MinBits to MaxBits bits,
//   - a MemoryError if the pool has too little memory for one core; with more memory,
//     as many cores sieve as it has memory for,
//   - ErrFailed if n cannot be split, most likely a power of a prime,
//   - the error of alive, which it calls every few milliseconds from the caller's
//     goroutine.
//
// All goroutines that it has started have ended when it returns.
func (s *Searcher) Factor(alive func() error, n *big.Int) (*big.Int, error) {
	return s.factor(alive, n, tuningFor(n.BitLen()))
}

// factor is Factor with a tuning. The order of the steps: parameters, memory, tables,
// then rounds of relations and linear algebra until one succeeds.
func (s *Searcher) factor(alive func() error, n *big.Int, t tuning) (*big.Int, error) {
	first := &s.sieve
	defer s.forget()
	if err := first.choose(alive, n, t); err != nil {
		var found *DivisorError
		if errors.As(err, &found) {
			return found.Divisor, nil
		}
		return nil, err
	}
	sieve, set, solve := first.params.Memory()
	need := sieve + set + solve
	if s.KeepYields {
		need += uint64(first.params.ExpectedRelations()) * yieldBytes
	}
	if !s.Pool.Reserve(need) {
		return nil, &MemoryError{need}
	}
	defer s.Pool.Release(need)
	if err := first.prepare(alive); err != nil {
		return nil, err
	}
	s.expected = first.params.ExpectedRelations()
	s.set.reset(&first.base, s.expected)
	s.kept.start(s.KeepYields, &first.params)
	s.chosen = true
	s.crew.Pool, s.crew.Meter = s.Pool, s.Meter
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

// forget ends the work on a number: Params are no longer valid, and the yields are
// dropped.
func (s *Searcher) forget() { s.chosen, s.kept.yields = false, nil }
