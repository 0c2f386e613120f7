package fleet

import (
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// maxKnownInputs bounds for how many numbers of a job a process remembers divisors: more than the cache of blocks has numbers
// of 2^64 or more, so that whoever has the numbers of a cached block has their divisors, too.
const maxKnownInputs = 1 << 17

// maxKnownBytes bounds the memory of these divisors: whoever submits a job chooses how many there are and how long.
const maxKnownBytes = 64 << 20

// A knownInputs has divisors of numbers of one job by position: those that its feeder adds, and those of blocks that were
// read. They are hints, so that the oldest ones may be forgotten. The holder of Inputs.mu uses it.
type knownInputs struct {
	factors map[uint64][]nat.Nat
	order   []uint64 // the positions in factors, the oldest first
	bytes   int      // of factors, about
}

// put adds the divisors of the number at a position, if there are any.
func (k *knownInputs) put(position uint64, factors []nat.Nat) {
	if _, there := k.factors[position]; there || len(factors) == 0 {
		return
	}
	if k.factors == nil {
		k.factors = make(map[uint64][]nat.Nat)
	}
	size := sizeOfKnown(factors)
	for len(k.order) > 0 && (len(k.order) >= maxKnownInputs || k.bytes+size > maxKnownBytes) {
		k.forget((len(k.order) + 1) / 2)
	}
	k.bytes += size
	k.factors[position] = factors
	k.order = append(k.order, position)
}

// forget forgets the n oldest numbers.
func (k *knownInputs) forget(n int) {
	for _, p := range k.order[:n] {
		k.bytes -= sizeOfKnown(k.factors[p])
		delete(k.factors, p)
	}
	k.order = append(k.order[:0], k.order[n:]...)
}

// sizeOfKnown returns about how many bytes the divisors of a number take, with their places in the tables.
func sizeOfKnown(factors []nat.Nat) int {
	size := 100
	for _, f := range factors {
		size += 32 + f.BitLen()/8
	}
	return size
}

// within returns the divisors of the numbers of r, by index in r.
func (k *knownInputs) within(r task.Range) (list []task.Known) {
	if len(k.factors) == 0 {
		return nil
	}
	for i := range r.Count {
		if factors := k.factors[r.First+i]; factors != nil {
			list = append(list, task.Known{At: int(i), Factors: factors})
		}
	}
	return list
}

// AddKnown has the divisors of the number at a position stored with it, and sent with its tasks. The caller is the job's
// feeder, before it appends the number.
func (in *Inputs) AddKnown(position uint64, factors []nat.Nat) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.known.put(position, factors)
}

// knownIn returns the divisors of the numbers of r that this process knows.
func (in *Inputs) knownIn(r task.Range) []task.Known {
	if in == nil {
		return nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.known.within(r)
}

// learnKnownLocked takes the divisors of a block that was read. The caller holds mu.
func (in *Inputs) learnKnownLocked(b task.Range, data []byte) {
	for _, k := range task.KnownOf(data, int(b.Count)) {
		in.known.put(b.First+uint64(k.At), k.Factors)
	}
}
