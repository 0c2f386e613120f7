package task

import "factorfleet/internal/nat"

// HashNumbers returns a hash of a list of numbers that is never 0. With it a worker states which numbers it was
// given. It is no protection: whoever wants can find another list with the same hash.
//
// It is FNV-1a on words of 64 bits: for each number the count of its bytes, and then its words.
func HashNumbers(numbers []nat.Nat) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	add := func(w uint64) { h = (h ^ w) * prime }
	for _, n := range numbers {
		if w, ok := n.Word(); ok {
			add(uint64(wordLen(w)))
			add(w)
			continue
		}
		add(uint64(n.ByteLen()))
		for _, b := range n.AppendBytes(nil) {
			add(uint64(b))
		}
	}
	return max(h, 1)
}
