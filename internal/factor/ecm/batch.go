package ecm

import (
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/mont"
)

// A Batch splits many numbers at a time, by curves in the lanes of mont.Lanes or, where there are
// none, of mont.WordLanes. It keeps its memory, up to three megabytes, and is not for concurrent use. The zero value is ready.
type Batch struct {
	level       kernels.Level     // of groups and machines
	words       bool              // that level has no mont.Lanes
	groups      []group           // nil before the first use
	groupAt     [MaxBits + 1]int8 // of numbers of so many bits; len(groups) if there is none
	machines    [mont.LaneKinds]*machine
	order       []int32 // of the numbers of one group, their places in the list
	first       [maxGroups + 1]int
	assignments []assignment
	pipeline    *wordPipeline // for words without mont.Lanes; nil until it is needed
	word        *mont.WordMachine
	forceWords  bool // do as without mont.Lanes; for tests
}

// BatchBits returns the size of the largest numbers of Batch at the level in force.
func BatchBits() int {
	if size := mont.LaneBits(); size > 0 {
		return size
	}
	return wordBits
}

// A Number is n[0] + n[1]*2^64.
type Number = [2]uint64

// MaxBits is the size of the largest numbers of Batch at any level: see BatchBits.
const MaxBits = mont.MaxLaneBits

// Split looks for a divisor of each of ns, and calls found(i, d, method) with a d of ns[i],
// 1 < d < ns[i], for those that have been found, in any order. The others have been
// given up: those that are even, below 5 or above BatchBits, those that withstood all curves
// of their class, which few products of two primes do up to 104 bits, and above that most of
// those without a factor below 2^40, for which a sieve is quicker.
//
// A curve cannot split a prime or a power of one; the others should have no factor below 50
// or so, as all prime factors of a number are found at once if they are small, and nothing
// is learned from that.
//
// d and method depend on ns[i] and the seed alone. It calls check about every tenth of
// a millisecond and returns its error if there is one.
func (b *Batch) Split(ns []Number, seed uint64, check func() error, found func(i int, d Number, method string)) error {
	b.use(kernels.Active())
	b.sort(ns)
	for i, g := range b.groups {
		list := b.order[b.first[i]:b.first[i+1]]
		if len(list) == 0 {
			continue
		}
		s := classRun{ns: ns, list: list, seed: seed, machine: b.machine(g), pipeline: b.pipeline, assignments: b.assignments[:0]}
		if !b.words {
			s.pipeline = nil
		}
		err := s.runClass(&classes[g.class], check, found)
		b.assignments = s.assignments
		if err != nil {
			return err
		}
	}
	return nil
}
