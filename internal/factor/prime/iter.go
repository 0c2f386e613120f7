package prime

import "math"

// segment is the number of odd numbers that an Iterator sieves at a time. The flags
// take 32 KiB and fit in the first level cache.
const segment = 1 << 15

// An Iterator yields the primes of a range in ascending order, by a segmented sieve of
// Eratosthenes. It needs segment bytes, and 12 bytes for each prime below the square
// root of the bound. It is not for concurrent use.
type Iterator struct {
	base      []uint32 // odd primes below the square root of the bound
	next      []uint64 // next[i]: the smallest odd multiple of base[i], at least base[i]^2, not yet struck out
	composite []bool   // composite[i] belongs to low + 2i
	low       uint64   // odd
	at        int      // the first index not yet yielded
	bound     uint64
	two       bool // 2 is still to be yielded
}

// Primes returns an iterator over the primes p with low <= p <= bound. Requires bound <
// 2^40: it makes a table of the primes below the square root of bound first.
func Primes(low, bound uint64) *Iterator {
	if bound >= 1<<40 {
		panic("prime: internal error: bound of the iterator is too large")
	}
	root := int(math.Sqrt(float64(bound))) + 2
	base := small[1:]
	if root > Bound {
		base = sieve(root)[1:]
	}
	it := &Iterator{bound: bound, two: low <= 2, low: max(low, 3) | 1}
	for _, p := range base {
		p := uint64(p)
		if p*p > bound {
			break
		}
		it.base = append(it.base, uint32(p))
		it.next = append(it.next, max(p, (it.low+p-1)/p|1)*p)
	}
	it.composite = make([]bool, it.count())
	it.fill()
	return it
}

// Next returns the next prime, or 0 after the last.
func (it *Iterator) Next() uint64 {
	if it.two {
		it.two = false
		if it.bound >= 2 {
			return 2
		}
	}
	for {
		for it.at < len(it.composite) {
			i := it.at
			it.at++
			if !it.composite[i] {
				return it.low + 2*uint64(i)
			}
		}
		if it.low > it.bound {
			return 0
		}
		it.low += 2 * segment
		it.composite = it.composite[:it.count()]
		it.fill()
	}
}

// count returns the number of odd numbers from low to bound, at most segment.
func (it *Iterator) count() uint64 {
	if it.low > it.bound {
		return 0
	}
	return min(segment, (it.bound-it.low)/2+1)
}

// fill sieves the segment that begins at low, up to the bound, and sets at to its
// start.
func (it *Iterator) fill() {
	clear(it.composite)
	it.at = 0
	if len(it.composite) == 0 {
		return
	}
	end := it.low + 2*uint64(len(it.composite))
	for i, p := range it.base {
		m, step := it.next[i], 2*uint64(p)
		for ; m < end; m += step {
			it.composite[(m-it.low)/2] = true
		}
		it.next[i] = m
	}
}
