package ecm

import "math"

// A chainOps computes k*P from P with differential additions, p+q given p-q, and
// doublings, or counts their cost.
//
// PRAC keeps three points A = a*P, B = b*P and C = A-B, and two numbers with the
// invariant d*A + e*B = k*P. A rule makes d and e smaller and changes A and B. At d = e
// = 1 the result is A+B. Only X:Z of a point is kept, so that C may as well be B-A. The
// chain starts with
//
//	A = 2P, B = C = P, d = k-r, e = 2r-k:  2(k-r) + (2r-k) = k
//
// for an r close to k/phi, phi = 1.618... The cost depends on r, which is searched for.
//
// Source: P. L. Montgomery, Evaluating recurrences of form X_{m+n} = f(X_m, X_n,
// X_{m-n}) via Lucas chains (1992). The rules are those of his table 4.
type chainOps interface {
	start()     // A = 2P, B = C = P
	swap()      // exchanges A and B
	rule(i int) // applies rule i of shrink
	finish()    // A+B
}

// runChain calls ops for the chain of k and r. It returns false if r gives no chain,
// because gcd(d, e) > 1. Requires k odd, k >= 3, k/2 < r < k.
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

// The rules, in the order in which shrink tries them. Each one keeps d*A + e*B:
//
//	rule   if                     d, e become             A, B become
//	1      4d <= 5e, 3 | d+e      (2d-e)/3, (2e-d)/3      2A+B, A+2B
//	2      4d <= 5e, 6 | d-e      (d-e)/2, e              2A, A+B
//	3      d <= 4e                d-e, e                  A, A+B
//	2      2 | d-e                (d-e)/2, e              2A, A+B
//	5      2 | d                  d/2, e                  2A, B
//	6      3 | d                  d/3-e, e                3A, 3A+B
//	7      3 | d+e                (d-2e)/3, e             3A, 2A+B
//	8      3 | d-e                (d-e)/3, e              3A, A+B
//	9      2 | e                  d, e/2                  A, 2B
//
// For example rule 7: (d-2e)/3 * 3A + e * (2A+B) = d*A + e*B.

// shrink applies the first rule that fits d > e > 0, and returns the new d and e and
// the number of the rule. Every coprime pair has a rule. It returns rule 0 for e = 0,
// which only a pair with a common factor reaches.
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
		return (d - e) / 2, e, 2 // Montgomery's rule 4 makes the points of rule 2
	case d%2 == 0:
		return d / 2, e, 5
	case d%3 == 0:
		return d/3 - e, e, 6
	case (d+e)%3 == 0:
		return (d - 2*e) / 3, e, 7
	case (d-e)%3 == 0:
		return (d - e) / 3, e, 8
	default:
		return d, e / 2, 9 // e is even, since d and d-e are odd
	}
}

// Costs of a differential addition and of a doubling, in products modulo n. For the
// points P = X:Z and Q = X':Z' with the difference P-Q = XD:ZD (P. L. Montgomery, 1987,
// section 10):
//
//	u = (X-Z)(X'+Z'),  v = (X+Z)(X'-Z')
//	P+Q = ZD*(u+v)^2 : XD*(u-v)^2
//
//	s = (X+Z)^2,  d = (X-Z)^2,  t = s-d = 4XZ
//	2P = s*d : t*(d + t*(A+2)/4)
//
// A doubling takes 5 products, and one more if (A+2)/4 is a fraction. Chains count 6
// for both.
const (
	addCost    = 6
	doubleCost = 6
)

// A chainCost is a chainOps that counts products.
type chainCost int

// ruleCosts are the products of each rule.
var ruleCosts = [...]chainCost{
	1: 3 * addCost, 2: addCost + doubleCost, 3: addCost, 5: addCost + doubleCost, 6: 3*addCost + doubleCost,
	7: 3*addCost + doubleCost, 8: 3*addCost + doubleCost, 9: addCost + doubleCost,
}

func (c *chainCost) start()     { *c += doubleCost }
func (c *chainCost) swap()      {}
func (c *chainCost) rule(i int) { *c += ruleCosts[i] }
func (c *chainCost) finish()    { *c += addCost }

// bestChain returns the r of the cheapest chain for k that it finds. It tries all r for
// k < 400. Above it tries those close to k/phi, and close to k over ratios whose
// continued fractions end in ones but begin otherwise. Requires k odd, k >= 3.
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
