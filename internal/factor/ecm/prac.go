package ecm

import "math"

// A chainOps computes k*P from P with differential additions, p+q given p-q, and doublings.
//
// PRAC keeps three points A = a*P, B = b*P, C = A-B and two numbers with d*a + e*b = k.
// A rule makes d and e smaller; at d = e = 1 the sum A+B is k*P. Since only X:Z is
// kept, C may as well be B-A. At the start A = 2P, B = C = P, and d = k-r, e = 2r-k for
// some r close to k/phi: 2(k-r) + (2r-k) = k. The cost depends on r, which is sought.
//
// Source: P. L. Montgomery, Evaluating recurrences of form X_{m+n} = f(X_m, X_n,
// X_{m-n}) via Lucas chains (1992). The rules are those of his table 4; each is checked
// by d*A + e*B staying the same.
type chainOps interface {
	start()
	swap()
	rule(i int)
	finish()
}

// runChain goes through the chain of k for r, and reports whether there is one.
// Requires k odd, k >= 3.
func runChain(k, r uint64, ops chainOps) bool {
	d, e := k-r, 2*r-k
	ops.start()
	for d != e {
		if d < e {
			d, e = e, d
			ops.swap()
		}
		var rule int
		if d, e, rule = shrink(d, e); rule == 0 {
			return false
		}
		ops.rule(rule)
	}
	ops.finish()
	return d == 1
}

// shrink applies the first rule that fits d > e, both above 0. There is none if
// e becomes 0 or so, which no coprime d and e do; then it returns the rule 0.
func shrink(d, e uint64) (d1, e1 uint64, rule int) {
	switch {
	case e == 0:
		return 0, 0, 0
	case 4*d <= 5*e && (d+e)%3 == 0:
		return (2*d - e) / 3, (2*e - d) / 3, 1
	case 4*d <= 5*e && (d-e)%6 == 0:
		return (d - e) / 2, e, 2
	case d <= 4*e:
		return d - e, e, 3
	case (d-e)%2 == 0:
		return (d - e) / 2, e, 2 // Montgomery's rule 4 has the same points
	case d%2 == 0:
		return d / 2, e, 5
	case d%3 == 0:
		return d/3 - e, e, 6
	case (d+e)%3 == 0:
		return (d - 2*e) / 3, e, 7
	case (d-e)%3 == 0:
		return (d - e) / 3, e, 8
	default:
		return d, e / 2, 9 // e is even: d is odd, and d-e is
	}
}

// Costs in products of residues.
const (
	addCost    = 6
	doubleCost = 6
)

// A chainCost counts products.
type chainCost int

var ruleCosts = [...]chainCost{
	1: 3 * addCost, 2: addCost + doubleCost, 3: addCost, 5: addCost + doubleCost, 6: 3*addCost + doubleCost,
	7: 3*addCost + doubleCost, 8: 3*addCost + doubleCost, 9: addCost + doubleCost,
}

func (c *chainCost) start()     { *c += doubleCost }
func (c *chainCost) swap()      {}
func (c *chainCost) rule(i int) { *c += ruleCosts[i] }
func (c *chainCost) finish()    { *c += addCost }

// bestChain returns the r of the cheapest chain for k among those tried: all close to
// k/phi, and k over ratios whose continued fractions end in ones but begin otherwise.
// Requires k odd, k >= 3.
func bestChain(k uint64) uint64 {
	best, bestCost := uint64(0), chainCost(math.MaxInt)
	cost := new(chainCost) // one allocation, not one for each r
	try := func(r uint64) {
		if 2*r <= k || r >= k {
			return
		}
		if *cost = 0; runChain(k, r, cost) && *cost < bestCost {
			best, bestCost = r, *cost
		}
	}
	if k < 400 {
		for r := k/2 + 1; r < k; r++ {
			try(r)
		}
		return best
	}
	const phi = 1.6180339887498949
	for i := range uint64(80) {
		try(uint64(float64(k)/phi) - 40 + i)
	}
	for _, head := range [...][2]float64{{1, 2}, {1, 3}, {2, 1}, {1, 4}, {2, 2}, {3, 1}} {
		ratio := 1 + 1/(head[0]+1/(head[1]+1/phi))
		for i := range uint64(10) {
			try(uint64(float64(k)/ratio) - 5 + i)
		}
	}
	return best
}
