package factor

import (
	"testing"

	"factorfleet/internal/factor/prime"
)

// TestNextDivisor compares it with one division after the other, for tables of all lengths modulo the
// four that it takes at once, and numbers around the squares of their primes.
func TestNextDivisor(t *testing.T) {
	for _, count := range []int{1, 2, 3, 4, 5, 30, trialCount} {
		divs := prime.Divisors()[:count]
		check := func(n uint64) {
			if n%2 == 0 || n == 0 {
				return
			}
			i := 0
			for n > 1 {
				i = nextDivisor(divs, i, n)
				want := 0
				for want < count && divs[want].P*divs[want].P <= n && n%divs[want].P != 0 {
					want++
				}
				if want < count && divs[want].P*divs[want].P > n {
					want = count
				}
				if i != want {
					t.Fatalf("%d primes, n=%d: divisor %d, want %d", count, n, i, want)
				}
				if i == count {
					return
				}
				for n%divs[i].P == 0 {
					n /= divs[i].P
				}
				i++
			}
		}
		for n := range uint64(20000) {
			check(n)
		}
		for i := range divs {
			p, next := divs[i].P, prime.Divisors()[i+1].P
			for _, n := range []uint64{p * p, p * next, p * p * p, p * p * next, p * 1000003, p * p * 18446744073} {
				check(n)
				check(n - 2)
				check(n + 2)
			}
		}
		check(1<<64 - 1)
		check(1<<64 - 59)
	}
}
