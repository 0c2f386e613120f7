package siqs

import (
	"errors"
	"math/big"
	"math/bits"
	"slices"
)

// ErrInvalid is returned for a relation that does not hold.
var ErrInvalid = errors.New("siqs: relation does not hold")

// A Set accumulates the relations of one number until they are enough to factor
// it. It keeps its memory for the next number. It is not for concurrent use.
type Set struct {
	base     *factorBase
	verifier *Verifier // of relations from elsewhere
	entries  []entry
	primes   []byte   // of all entries, by appendPrimes, one after the other
	seen     []uint32 // hash table of entries+1 by value; len is a power of two > 2*len(entries)
	graph    graph
	need     int
	solver   solver
}

// An entry is a relation of the set: primes[start:end] of the set are its Primes.
type entry struct {
	value      wide
	start, end uint32
	large      [2]uint32
}

// firstNeed returns how many cycles to ask for at first. Each above the number of primes that
// occur in them is a dependency, of which half at least split a number.
//
// Of a small base some primes occur in no cycle: with a 64th fewer cycles from 70 to 128 bits
// one number in 60 needs a second try, with a 32th fewer one in three. In a large base the
// last cycles take no time.
func firstNeed(primes int) int {
	if primes > 2000 {
		return primes + extraCycles
	}
	return primes - primes/64 + 4
}

// primesOfRelation is about how many bytes the primes of a relation take.
const primesOfRelation = 30

// extraCycles is how many more cycles are asked for after each failure.
const extraCycles = 8

// reset makes the set empty, for the base and about as many relations as expected. So it has the room
// from the beginning: to grow by a hundred megabytes would take a good part of a second.
func (s *Set) reset(base *factorBase, expected int) {
	expected += expected / 8
	s.base = base
	s.entries = slices.Grow(s.entries[:0], expected)
	s.primes = slices.Grow(s.primes[:0], primesOfRelation*expected)
	s.seen = emptyTable(s.seen, expected)
	s.graph.reset(expected) // each relation brings at most about one large prime
	s.need = firstNeed(len(base.prime))
}

// Reset makes the set empty, for the number that p describes. It returns ErrParams
// as Sieve.Reset does.
func (s *Set) Reset(alive func() error, p Params) error {
	if s.verifier == nil {
		s.verifier = new(Verifier)
	}
	if err := s.verifier.Reset(alive, p); err != nil {
		return err
	}
	s.reset(&s.verifier.base, p.ExpectedRelations())
	return nil
}

// Add adds a copy of the relation if it is new, and says so. It returns ErrInvalid if
// r does not hold, and then the set is as before. Requires Reset.
func (s *Set) Add(r *Relation) (fresh bool, err error) {
	if !s.verifier.Verify(r) {
		return false, ErrInvalid
	}
	return s.insert(r), nil
}

// Solve returns a divisor d of the number, 1 < d < n, or nil if the relations
// do not split it: then Need is larger than before. It returns the error of alive.
func (s *Set) Solve(alive func() error) (*big.Int, error) {
	d, err := s.solve(alive, s.verifier.params.N)
	if d == nil && err == nil {
		s.need = s.Have() + extraCycles
	}
	return d, err
}

// Have returns the number of independent cycles, each of which gives a row of the matrix, and
// Need how many are wanted.
func (s *Set) Have() int { return s.graph.cycles }

// Need returns how many cycles are wanted. It grows if Solve has failed.
func (s *Set) Need() int { return s.need }

// Len returns the number of relations.
func (s *Set) Len() int { return len(s.entries) }

// insert adds the relation, whose value is right, and reports whether it is new.
func (s *Set) insert(r *Relation) bool {
	slot := s.slot(&r.value)
	if s.seen[slot] != 0 {
		return false
	}
	start := uint32(len(s.primes))
	s.primes = appendPrimes(s.primes, r.Primes)
	s.entries = append(s.entries, entry{r.value, start, uint32(len(s.primes)), r.Large})
	s.seen[slot] = uint32(len(s.entries))
	if 2*len(s.entries) >= len(s.seen) {
		s.rehash()
	}
	s.graph.join(r.Large)
	return true
}

// emptyTable returns a hash table for so many entries, in place of t unless that is too small, or so
// large that to clear it would take longer than the work on the number.
func emptyTable(t []uint32, entries int) []uint32 {
	size := 1 << bits.Len(uint(2*entries))
	if len(t) < size || len(t) > 4*size {
		return make([]uint32, size)
	}
	clear(t)
	return t
}

// slot returns the place of the value in seen, or the empty one where it belongs.
func (s *Set) slot(v *wide) int {
	mask := len(s.seen) - 1
	h := (v[0] ^ v[1]*0x9e3779b97f4a7c15) * 0x9e3779b97f4a7c15
	for at := int(h>>32) & mask; ; at = (at + 1) & mask {
		if i := s.seen[at]; i == 0 || s.entries[i-1].value == *v {
			return at
		}
	}
}

func (s *Set) rehash() {
	s.seen = make([]uint32, 4*len(s.seen))
	for i := range s.entries {
		s.seen[s.slot(&s.entries[i].value)] = uint32(i) + 1
	}
}
