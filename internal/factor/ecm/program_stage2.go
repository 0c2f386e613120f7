package ecm

import (
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// newAdd works like add, and newDouble like double, with a new slot for the point.
func (c *compiler) newAdd(p, q, diff int) int {
	dst := c.point()
	c.emit(mont.PointAdd(dst, p, q, diff))
	return dst
}

func (c *compiler) newDouble(p int) int {
	dst := c.point()
	c.emit(mont.PointDouble(dst, p))
	return dst
}

// stage2 emits slotResult: the product of x(m*D*q) - x(j*q) over all pairs (m, j) of
// the plan, times a power of the common denominator.
func (c *compiler) stage2(q int, p *Plan) {
	chain, step := c.babies(q, p.d)
	babies := make([]int, len(p.babies))
	for i, j := range p.babies {
		babies[i] = chain[chainIndex(j)]
	}
	giants := c.giants(step, p.first, len(p.end))
	c.commonDenominator(append(append([]int(nil), babies...), giants...))
	for i := range 3 {
		c.emit(mont.Product(mont.SlotProduct+i, mont.SlotOne, mont.SlotOne))
	}
	// One group of pairs for each giant.
	at := uint32(0)
	for i, end := range p.end {
		c.pairs(giants[i], babies, p.pairs[at:end])
		at = end
	}
	c.emit(mont.Product(slotResult, mont.SlotProduct, mont.SlotProduct+1),
		mont.Product(slotResult, slotResult, mont.SlotProduct+2))
}

// pairs emits the products with the differences of a giant and some babies, three at a
// time. If their number is no multiple of three, the last difference is repeated, which
// changes no divisor.
func (c *compiler) pairs(giant int, babies []int, list []uint16) {
	for ; len(list) > 0; list = list[min(3, len(list)):] {
		last := len(list) - 1
		c.emit(mont.Pairs(giant, babies[list[0]], babies[list[min(1, last)]], babies[list[min(2, last)]]))
	}
}

// babies emits the points j*q for j = 1, 5, 7, 11, ... prime to 6, up to a little more
// than d/2, and step = d*q. chain has j*q at chainIndex(j).
//
// From the fifth on, j*q = (j-6)*q + 6*q with the difference (j-12)*q. d/2 is divisible
// by 3, so that the neighbours d/2 - 1 and d/2 + 1 (for even d/2), or d/2 - 2 and d/2 +
// 2 (for odd d/2), are prime to 6. Their sum is d.
func (c *compiler) babies(q int, d uint64) (chain []int, step int) {
	two := c.newDouble(q)
	three := c.newAdd(two, q, q)
	six := c.newDouble(three)
	chain = append(chain, q, c.newAdd(three, two, q))
	chain = append(chain, c.newAdd(six, q, chain[1]), c.newAdd(six, chain[1], q))
	apart := uint64(2)
	diff := two
	if d/2%2 == 1 {
		apart = 4
		diff = c.newDouble(two)
	}
	last := chainIndex(uint16(d/2 + apart/2))
	for i := 4; i <= last; i++ {
		chain = append(chain, c.newAdd(chain[i-2], six, chain[i-4]))
	}
	return chain, c.newAdd(chain[last], chain[chainIndex(uint16(d/2-apart/2))], diff)
}

// giants emits the points m*step for count values of m, from first >= 1.
func (c *compiler) giants(step int, first uint64, count int) []int {
	r, next := c.ladder(step, first)
	giants := []int{r, next}
	for i := 2; i < count; i++ {
		giants = append(giants, c.newAdd(giants[i-1], step, giants[i-2]))
	}
	return giants[:count]
}

// ladder emits k*p and (k+1)*p, k >= 1, by Montgomery's ladder.
func (c *compiler) ladder(p int, k uint64) (r, next int) {
	r, next = p, c.newDouble(p)
	for i := bits.Len64(k) - 2; i >= 0; i-- {
		sum := c.newAdd(next, r, p)
		if k>>i&1 == 1 {
			r, next = sum, c.newDouble(next)
		} else {
			r, next = c.newDouble(r), sum
		}
	}
	return r, next
}

// commonDenominator replaces the X of each point by X times the Z of all other points.
//
// It works like a common inversion, without inverting: upwards before[i] = Z0*...*Zi,
// downwards after = Z(i+1)*...*Zlast, and X(i) becomes X(i) * before[i-1] * after. The
// points form four chains, every fourth point one, so that four products in sequence do
// not depend on each other. At its end, after of a chain begins with the Z of the
// others.
func (c *compiler) commonDenominator(points []int) {
	chains := min(4, len(points))
	// Upwards: before[i] is the product of the Z of its chain up to point i.
	before := make([]int, len(points))
	for i, p := range points {
		if before[i] = p + 1; i >= chains {
			before[i] = c.product(before[i-chains], p+1)
		}
	}
	// after of each chain begins with the product of all Z of the other chains.
	totals := before[len(points)-chains:]
	after := make([]int, chains)
	for i := range after {
		var others []int
		for j, t := range totals {
			if j != i {
				others = append(others, t)
			}
		}
		others = append(others, mont.SlotOne)
		after[(len(points)-chains+i)%chains] = c.product(others...)
	}
	temp := make([]int, chains)
	for i := range temp {
		temp[i] = c.slot()
	}
	// Downwards: X(i) times before[i-1] of its chain and after.
	for i := len(points) - 1; i >= 0; i-- {
		p, t, a := points[i], temp[i%chains], after[i%chains]
		if i < chains {
			c.emit(mont.Product(p, p, a))
			continue
		}
		c.emit(mont.Product(t, a, before[i-chains]), mont.Product(p, p, t), mont.Product(a, a, p+1))
	}
}
