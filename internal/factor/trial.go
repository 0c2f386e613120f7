package factor

import "factorfleet/internal/factor/prime"

// nextDivisor returns the index of the first of divs[i:] that divides n > 0, or
// len(divs) if there is none with a square up to n. In the second case n is 1, a prime,
// or without a factor in divs. Requires that divs ascend from 3 and that n has no
// factor in divs[:i].
//
// It compares with the square root of n once for four divisors. Above the square root
// only n itself can divide n, and then n is prime.
func nextDivisor(divs []prime.Divisor, i int, n uint64) int {
	for ; i+4 <= len(divs); i += 4 {
		d := divs[i:][:4]
		if d[0].P*d[0].P > n {
			return len(divs)
		}
		if d[0].Divides(n) || d[1].Divides(n) || d[2].Divides(n) || d[3].Divides(n) {
			break
		}
	}
	for ; i < len(divs); i++ {
		d := &divs[i]
		if d.P*d.P > n {
			return len(divs)
		}
		if d.Divides(n) {
			return i
		}
	}
	return len(divs)
}

// removeAll divides n > 0 by the prime of d as often as it divides n, at least once. It
// returns the quotient and the number of divisions.
func removeAll(n uint64, d *prime.Divisor) (rest uint64, exp uint32) {
	for q, ok := d.Quotient(n); ok; q, ok = d.Quotient(n) {
		n = q
		exp++
	}
	return n, exp
}
