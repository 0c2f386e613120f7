package ecm

import (
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/mont"
)

// A Batch splits many numbers at a time by curves, each lane of a machine with a number
// of its own. The machine is mont.Lanes, or mont.WordLanes where the level of kernels
// has none.
//
// It keeps its memory, up to three megabytes. The zero value is ready. It is not for
// concurrent use.
type Batch struct {
	level       kernels.Level            // that groups and machines are for
	words       bool                     // the level has no mont.Lanes
	groups      []group                  // ascending by size; nil before the first use
	groupAt     [MaxBits + 1]int8        // groupAt[bits]: the index in groups, len(groups) if there is none
	machines    [mont.LaneKinds]*machine // by kind; nil before its first use
	order       []int32                  // places of the numbers in the list, sorted by group
	first       [maxGroups + 1]int       // group i has order[first[i]:first[i+1]]
	assignments []assignment
	pipeline    *wordPipeline     // the machines at a level without mont.Lanes; nil before its first use
	word        *mont.WordMachine // of SplitWord; nil before its first use
	forceWords  bool              // use no mont.Lanes; for tests
}

// BatchBits returns the size of the largest numbers of Batch at the level of kernels in
// force, 64 to MaxBits.
func BatchBits() int {
	if size := mont.LaneBits(); size > 0 {
		return size
	}
	return wordBits
}

// A Number is n[0] + n[1]*2^64 < 2^128.
type Number = [2]uint64

// MaxBits is the size of the largest numbers of Batch at any level of kernels.
const MaxBits = mont.MaxLaneBits

// Split looks for a divisor of each of ns. It calls found(i, d, method) with a divisor
// d of ns[i], 1 < d < ns[i], for each one that it finds, in any order and at most once
// for each i. The error is one of check, which it calls about every 0.1 ms.
//
// d and method depend only on ns[i] and the seed, not on the other numbers. Split gives
// these numbers up:
//
//	even numbers, numbers below 5, numbers above BatchBits
//	numbers that withstand all curves of their class: few products of two primes up to 104 bits,
//	above that most numbers without a factor below 2^40, for which a sieve is quicker
//
// A curve cannot split a power of a prime. ns should have no prime factors below about
// 50: a curve finds all small prime factors at once, and so no divisor.
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
