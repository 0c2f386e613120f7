package verify

import (
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// quick reports whether all answers for numbers are true; if not, or if it does not know, the
// slow way finds out which is not, and why. It tests the primes of several numbers
// together.
func quick(numbers []nat.Nat, answers []task.Factorization) bool {
	q := queue{table: table()}
	for i, n := range numbers {
		a := &answers[i]
		if a.Certificates == nil && wordFactors(n, a.Factors) {
			for j := range a.Factors {
				p, _ := a.Factors[j].P.Word()
				q.add(p)
			}
		} else if Answer(task.KindFactor, n, a) != nil {
			return false
		}
	}
	return q.finish()
}

// A queue holds numbers that are to be prime until there are enough to test them together.
type queue struct {
	table     *[tableSize / 128]uint64
	composite bool      // one of those tested
	small     [4]uint64 // the first smalls: below strongBound
	large     [2]uint64 // the first larges: below lazyBound
	smalls    int
	larges    int
}

// add puts n into the queue.
func (q *queue) add(n uint64) {
	switch {
	case n < tableSize:
		if n != 2 && (n&1 == 0 || q.table[n>>7]>>(n>>1&63)&1 == 0) {
			q.composite = true
		}
	case n&1 == 0:
		q.composite = true
	case n < strongBound:
		q.small[q.smalls] = n
		if q.smalls++; q.smalls == len(q.small) {
			q.smalls = 0
			q.composite = !allPrime32(&q.small) || q.composite
		}
	case n < lazyBound:
		q.large[q.larges] = n
		if q.larges++; q.larges == len(q.large) {
			q.larges = 0
			q.composite = !bothPrime(&q.large) || q.composite
		}
	default:
		q.composite = !provedPrime(n) || q.composite
	}
}

// finish tests what is left and reports whether all numbers of the queue were prime.
func (q *queue) finish() bool {
	for _, n := range q.small[:q.smalls] {
		q.composite = !provedPrime(n) || q.composite
	}
	for _, n := range q.large[:q.larges] {
		q.composite = !provedPrime(n) || q.composite
	}
	return !q.composite
}
