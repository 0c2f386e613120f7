package siqs

import "math/bits"

const (
	// maxFactors is the most primes that a coefficient A is made of.
	maxFactors = 16
	// maxPool is the most primes of pool A.
	maxPool = 64
)

// pools number the leading coefficients A, so that a range of numbers is a task.
//
// A is the product of s-1 primes of pool a and one of pool b. The pools are
// disjoint, and the numbers of coefficients are mapped one to one to the (s-1)-subsets
// of pool a: no two numbers give the same A, whoever works on them. The prime of pool b
// is the one that brings A closest to the target; if none brings it within the
// tolerance the number is void.
type pools struct {
	a, b      []int // indices into the factor base, ascending
	s         int
	target    float64
	tolerance float64 // > 1
	count     uint64  // of subsets
	stride    uint64  // coprime to count; the subset of number i is i*stride mod count
	binomial  [maxPool + 1][maxFactors]uint64
	slot      []int32 // slot[i]: position of factor base index i in a and then b, or -1
}

// set makes the pools from ranges of indices: of [low, high) the even ones for a,
// around them the odd ones of [lowB, highB) for b.
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

// fillBinomials fills Pascal's triangle: 64 over 15 is less than 2^48.
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

// size returns how many primes there are in both pools.
func (c *pools) size() int { return len(c.a) + len(c.b) }

// index returns the factor base index in the slot.
func (c *pools) index(slot int) int {
	if slot < len(c.a) {
		return c.a[slot]
	}
	return c.b[slot-len(c.a)]
}

// factors appends to dst the factor base indices of the primes of coefficient
// number i, and reports whether that is not void. Requires i < count.
func (c *pools) factors(dst []int, i uint64, f *factorBase) ([]int, bool) {
	hi, lo := bits.Mul64(i, c.stride)
	rank := bits.Rem64(hi, lo, c.count)
	product := 1.0
	// Combinatorial number system: rank = sum of (n_k over k) with n_k descending.
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

// closest returns the member of pool b closest to p, in ratio, and whether it is
// within the tolerance. Float64 products and quotients alone, so that all machines agree.
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
