package siqs

import "math/bits"

const (
	// maxFactors bounds s, the primes of a coefficient A. A then has at most 2^15
	// polynomials.
	maxFactors = 16
	// maxPool bounds the primes of pool a.
	maxPool = 64
)

// pools map numbers 0 .. count-1 to coefficients A, so that a task is a range of
// numbers.
//
// A is the product of s-1 primes of pool a and one prime of pool b. The map is
//
//	number i  ->  rank = i*stride mod count  ->  the (s-1)-subset of pool a with that rank
//	          ->  the prime of pool b that brings A closest to the target.
//
// Each step is one to one up to the subset, as stride has no factor in common with
// count. The pools are disjoint: a has entries of even index, b of odd index. So A
// determines its subset, and different numbers give different A on all machines without
// an agreement between them. If no prime of pool b brings A within the tolerance, the
// number is void: it has no relations.
//
// stride is about 0.618*count, the golden ratio. So neighbouring numbers have subsets
// far from each other, and a short range of numbers is a fair sample.
type pools struct {
	a, b      []int // indices into the factor base, ascending
	s         int   // primes of A
	target    float64
	tolerance float64 // > 1
	count     uint64  // of subsets: len(a) over s-1
	stride    uint64  // coprime to count, below 2^48
	binomial  [maxPool + 1][maxFactors]uint64
	slot      []int32 // slot[i]: position of factor base index i in a and then b, or -1
}

// set makes the pools from the ranges of p: a of the even indices in PoolA, at most
// maxPool of them, and b of the odd indices in PoolB.
func (c *pools) set(p *Params, target float64) {
	c.a, c.b = c.a[:0], c.b[:0]
	c.s, c.target, c.tolerance = int(p.Factors), target, p.Tolerance
	for i := p.PoolA[0]; i < p.PoolA[1] && len(c.a) < maxPool; i++ {
		if i%2 == 0 {
			c.a = append(c.a, int(i))
		}
	}
	for i := p.PoolB[0]; i < p.PoolB[1]; i++ {
		if i%2 == 1 {
			c.b = append(c.b, int(i))
		}
	}
	c.fillSlots(int(max(p.PoolA[1], p.PoolB[1])))
	c.fillBinomials()
	c.count = c.binomial[len(c.a)][c.s-1]
	c.stride = max(uint64(0.618*float64(c.count)), 1)
	for gcd(c.stride, c.count) != 1 {
		c.stride++
	}
}

// Coefficients returns the number of coefficient numbers, as Sieve.Coefficients does:
// len(a) over s-1. Requires the ranges that DecodeParams checks. Products stay below
// 1.6*10^14 * 64.
func (p *Params) Coefficients() uint64 {
	even := (p.PoolA[1]+1)/2 - (p.PoolA[0]+1)/2
	members, count := uint64(min(even, maxPool)), uint64(1)
	for i := range uint64(p.Factors) - 1 {
		count = count * (members - i) / (i + 1)
	}
	return count
}

// OwnStart returns the coefficient number at which a Searcher begins that is not told
// another one. Ranges that are given to other machines are counted from 0, so that they
// do not repeat the work of that Searcher.
func (p *Params) OwnStart() uint64 { return p.Coefficients() / 2 }

// fillSlots fills slot, the inverse of index, for factor base indices below count.
func (c *pools) fillSlots(count int) {
	c.slot = c.slot[:0]
	for range count {
		c.slot = append(c.slot, -1)
	}
	for i, at := range c.a {
		c.slot[at] = int32(i)
	}
	for i, at := range c.b {
		c.slot[at] = int32(len(c.a) + i)
	}
}

// fillBinomials fills binomial[n][k] with n over k, by Pascal's triangle. The largest,
// 64 over 15, is 1.6*10^14, less than 2^48. It is the same for all numbers and is
// filled once.
func (c *pools) fillBinomials() {
	if c.binomial[0][0] == 1 {
		return
	}
	for n := range c.binomial {
		c.binomial[n][0] = 1
		for k := 1; k < maxFactors && n > 0; k++ {
			c.binomial[n][k] = c.binomial[n-1][k-1] + c.binomial[n-1][k]
		}
	}
}

// size returns the number of primes in both pools.
func (c *pools) size() int { return len(c.a) + len(c.b) }

// slots returns all slots: 0 to size()-1.
func (c *pools) slots() []int {
	all := make([]int, c.size())
	for slot := range all {
		all[slot] = slot
	}
	return all
}

// index returns the factor base index in the slot.
func (c *pools) index(slot int) int {
	if slot < len(c.a) {
		return c.a[slot]
	}
	return c.b[slot-len(c.a)]
}

// factors appends to dst the factor base indices of the s primes of coefficient number
// i, that of pool b last, and reports whether the number is not void. Requires i <
// count.
//
// The combinatorial number system numbers the (s-1)-subsets n(s-1) > ... > n(1) >= 0 of
// pool a:
//
//	rank = sum of binomial(n(k), k), k = s-1 .. 1.
//
// The largest n(s-1) with binomial(n(s-1), s-1) <= rank is the first member, and so on
// with the rest.
func (c *pools) factors(dst []int, i uint64, f *factorBase) ([]int, bool) {
	hi, lo := bits.Mul64(i, c.stride)
	rank := bits.Rem64(hi, lo, c.count)
	product := 1.0
	n := len(c.a)
	for k := c.s - 1; k > 0; k-- {
		for n--; c.binomial[n][k] > rank; n-- {
		}
		rank -= c.binomial[n][k]
		dst = append(dst, c.a[n])
		product *= float64(f.prime[c.a[n]])
	}
	last, ok := c.closest(c.target/product, f)
	return append(dst, last), ok
}

// closest returns the member of pool b closest to p, in ratio, and whether the ratio is
// within the tolerance. It uses only single products and quotients of float64, which
// IEEE 754 rounds in one way, so that all machines agree.
func (c *pools) closest(p float64, f *factorBase) (index int, ok bool) {
	best := c.tolerance
	for _, i := range c.b {
		q := float64(f.prime[i])
		ratio := q / p
		if ratio < 1 {
			ratio = p / q
		}
		if ratio < best {
			index, best, ok = i, ratio, true
		}
	}
	return index, ok
}

// gcd returns the greatest common divisor of a and b.
func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
