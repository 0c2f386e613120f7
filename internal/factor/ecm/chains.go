package ecm

import (
	"math"
	"sync/atomic"
)

// chainRatios are the ratios k/r that goodChain tries. The continued fraction of each
// one ends in ones, like that of phi. So nearly all quotients in the chain are 1, where
// the cheapest rule fits.
var chainRatios = func() []float64 {
	const phi = 1.6180339887498949
	// 1 + 1/(a + 1/(b + 1/phi)): quotients 1, a, b, then ones.
	ratios := []float64{phi}
	for a := 1.0; a <= 3; a++ {
		for b := 1.0; b <= 4; b++ {
			if a != 1 || b != 1 {
				ratios = append(ratios, 1+1/(a+1/(b+1/phi)))
			}
		}
	}
	// So many ones, a 2, then ones.
	for ones := 2; ones <= 8; ones++ {
		x := 2 + 1/phi
		for range ones {
			x = 1 + 1/x
		}
		ratios = append(ratios, x)
	}
	return ratios
}()

// goodChain returns the r of a chain for k, like bestChain but in a sixth of the time:
// it tries the nearest integer to k/ratio for each of chainRatios. For primes up to
// 50000 the chains take 0.3 % more products. Requires k odd, k >= 3.
func goodChain(k uint64) uint64 {
	if k < 400 {
		return bestChain(k)
	}
	best, bestCost := uint64(0), chainCost(math.MaxInt)
	cost := new(chainCost) // one allocation, not one for each r
	for _, ratio := range chainRatios {
		r := uint64(math.Round(float64(k) / ratio))
		if *cost = 0; 2*r > k && r < k && runChain(k, r, cost) && *cost < bestCost {
			best, bestCost = r, *cost
		}
	}
	if best == 0 {
		return bestChain(k)
	}
	return best
}

// chainTable has the r of goodChain for the odd primes in order, up to the largest that
// a plan has needed. A table is never changed; a longer one replaces it.
var chainTable atomic.Pointer[[]uint32]

// chainCheck is the number of primes, some microseconds each, between two calls of
// check.
const chainCheck = 32

// chains returns the r of the chains of the odd primes of the plan, in order. The error
// is one of check.
func (p *Plan) chains(check func() error) ([]uint32, error) {
	var have []uint32
	if t := chainTable.Load(); t != nil {
		have = *t
	}
	odd := p.primes[1:]
	if len(have) >= len(odd) {
		return have[:len(odd)], nil
	}
	// Two goroutines may compute the same table: neither waits for the other.
	table := append(make([]uint32, 0, len(odd)), have...)
	for i, k := range odd[len(have):] {
		if i%chainCheck == 0 {
			if err := check(); err != nil {
				return nil, err
			}
		}
		table = append(table, uint32(goodChain(uint64(k))))
	}
	chainTable.Store(&table)
	return table, nil
}
