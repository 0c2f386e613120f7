package siqs

import (
	"errors"
	"math"
	"math/big"
	"math/bits"
	"slices"
	"sync/atomic"
)

// ErrInvalid is returned for a relation that does not hold.
var ErrInvalid = errors.New("siqs: relation does not hold")

// A Set accumulates the relations of one number until there are enough cycles to factor
// it. It keeps its memory for the next number. It is not for concurrent use.
//
// Relations are added in two ways: Add verifies those of other machines; insert trusts
// those of the sieves of this process. Solve needs no more than the entries.
type Set struct {
	base     *factorBase
	verifier *Verifier // of relations from other machines; nil until Reset
	entries  []entry
	primes   []byte   // Primes of all entries, as appendPrimes encodes them
	seen     []uint32 // hash table of entries+1 by value, linear probing; len is a power of two > 2*len(entries)
	graph    graph
	need     int // cycles to collect before the linear algebra
	solver   solver
	solved   atomic.Uint64 // bits of SolveProgress; written by solve, read by any goroutine

	// Scratch: of AddYield the relations that hold, while others are not yet verified.
	staged       []staged
	stagedPrimes []byte
	coded        []byte // of insert
}

// An entry is a relation of the set: primes[start:end] of the set are its Primes. It
// takes 48 bytes, and about 30 for the primes. Offsets of 32 bits suffice, as the
// primes of 10^8 relations take less than 4 GiB.
type entry struct {
	value      wide // |Dx+B|
	start, end uint32
	ends       [2]uint32 // ids of its large primes in the graph
}

// firstNeed returns the number of cycles to collect before the linear algebra is tried
// the first time.
//
// Each cycle is a row of the matrix. R rows in which c columns occur have at least R-c
// independent dependencies, and each dependency splits N with a probability of at least
// 1/2.
//
// In a small base, some primes occur in no cycle. With F/64 fewer cycles than F, one
// number in 60 from 70 to 128 bits needs a second try; with F/32 fewer, one in three.
// In a large base the last cycles take no time, as they come ever faster.
func firstNeed(primes int) int {
	if primes > 2000 {
		return primes + extraCycles
	}
	return primes - primes/64 + 4
}

// primesOfRelation is about the number of bytes of the encoded primes of a relation.
const primesOfRelation = 30

// extraCycles is the number of cycles beyond the columns of a large base, and of
// further cycles after each time that the linear algebra has failed. All dependencies
// of 8 more fail with a probability of at most 2^-8.
const extraCycles = 8

// reset makes the set empty, for the base and about as many relations as expected. It
// reserves an eighth more from the beginning, since to grow by a hundred megabytes
// later would take a good part of a second.
func (s *Set) reset(base *factorBase, expected int) {
	expected += expected / 8
	s.base = base
	s.entries = slices.Grow(s.entries[:0], expected)
	s.primes = slices.Grow(s.primes[:0], primesOfRelation*expected)
	s.seen = emptyTable(s.seen, expected)
	s.graph.reset(expected) // a relation has one new large prime on average, at most
	s.need = firstNeed(len(base.prime))
}

// Reset makes the set empty, for the number that p describes, with memory for as many
// relations as p expects. It returns ErrParams in the cases in which Sieve.Reset does,
// or the error of alive.
func (s *Set) Reset(alive func() error, p Params) error {
	return s.ResetFor(alive, p, p.ExpectedRelations())
}

// ResetFor is Reset with memory for so many relations at first. The set grows beyond.
func (s *Set) ResetFor(alive func() error, p Params, relations int) error {
	if s.verifier == nil {
		s.verifier = new(Verifier)
	}
	if err := s.verifier.Reset(alive, p); err != nil {
		return err
	}
	s.reset(&s.verifier.base, relations)
	return nil
}

// Add adds a copy of the relation unless the set has it, and reports whether it was
// new. If r does not hold it returns ErrInvalid, and the set does not change. Requires
// Reset.
func (s *Set) Add(r *Relation) (fresh bool, err error) {
	if !s.verifier.Verify(r) {
		return false, ErrInvalid
	}
	return s.insert(r), nil
}

// Solve returns a divisor d of the number, 1 < d < N, or nil if the relations do not
// split it. Then Need becomes Have + extraCycles. It returns the error of alive.
// Requires Have >= Need for a fair chance; it takes time and memory as Params.Memory
// tells.
func (s *Set) Solve(alive func() error) (*big.Int, error) {
	d, err := s.solve(alive, s.verifier.params.N)
	if d == nil && err == nil {
		s.need = s.Have() + extraCycles
	}
	return d, err
}

// SetCores sets the number of goroutines that multiply in Solve, 1 at first; more than 8
// count as 8. The result does not depend on it.
func (s *Set) SetCores(cores int) { s.solver.matrix.Workers = cores }

// SolveProgress estimates the part of Solve that is done: 0 to 1, and 0 before the first
// call. Any goroutine may call it while Solve runs.
func (s *Set) SolveProgress() float64 { return math.Float64frombits(s.solved.Load()) }

// Parts of the time of Solve that its steps have taken when they end.
const (
	solvedMatrix  = 0.2  // buildMatrix
	solvedFilter  = 0.45 // then block Lanczos begins
	solvedLanczos = 0.95
)

// solvedPart sets SolveProgress.
func (s *Set) solvedPart(part float64) { s.solved.Store(math.Float64bits(part)) }

// Have returns the number of independent cycles. Each of them is a row of the matrix.
func (s *Set) Have() int { return s.graph.cycles }

// Need returns the number of cycles at which Solve should be called. It grows when
// Solve fails.
func (s *Set) Need() int { return s.need }

// Len returns the number of relations.
func (s *Set) Len() int { return len(s.entries) }

// insert adds a copy of the relation and reports whether it is new. Requires r to hold
// and r.value to be set. Two relations are the same if they have the same |X|: the
// factorization of X^2-kN follows from it. Without this test the product of a relation
// and its copy would be a dependency that splits nothing.
func (s *Set) insert(r *Relation) bool {
	s.coded = appendPrimes(s.coded[:0], r.Primes)
	return s.insertCoded(&r.value, s.coded, r.Large)
}

// insertCoded is insert for primes that appendPrimes has encoded.
func (s *Set) insertCoded(value *wide, primes []byte, large [2]uint32) bool {
	slot := s.slot(value)
	if s.seen[slot] != 0 {
		return false
	}
	start := uint32(len(s.primes))
	s.primes = append(s.primes, primes...)
	s.entries = append(s.entries, entry{*value, start, uint32(len(s.primes)), s.graph.join(large)})
	s.seen[slot] = uint32(len(s.entries))
	if 2*len(s.entries) >= len(s.seen) {
		s.rehash()
	}
	return true
}

// emptyTable returns an empty hash table for so many entries. It reuses t, unless t is
// too small, or so large that to clear it would take longer than the work on the
// number. At most half of the slots are used.
func emptyTable(t []uint32, entries int) []uint32 {
	size := 1 << bits.Len(uint(2*entries))
	if len(t) < size || len(t) > 4*size {
		return make([]uint32, size)
	}
	clear(t)
	return t
}

// slot returns the slot of the value in seen, or the empty slot where it belongs.
func (s *Set) slot(v *wide) int {
	mask := len(s.seen) - 1
	h := (v[0] ^ v[1]*0x9e3779b97f4a7c15) * 0x9e3779b97f4a7c15
	for at := int(h>>32) & mask; ; at = (at + 1) & mask {
		if i := s.seen[at]; i == 0 || s.entries[i-1].value == *v {
			return at
		}
	}
}

// rehash makes seen four times as large.
func (s *Set) rehash() {
	s.seen = make([]uint32, 4*len(s.seen))
	for i := range s.entries {
		s.seen[s.slot(&s.entries[i].value)] = uint32(i) + 1
	}
}
