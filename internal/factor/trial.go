package factor

import "factorfleet/internal/factor/prime"

// nextDivisor returns the index of the first of divs from i on that divides n > 0, or len(divs) if there
// is none with a square up to n: then n is 1, a prime, or without a factor in divs. divs ascend
// from 3, and n has no factor among those before i.
//
// Four divisors are tried for one comparison with the square root: of those above it only n itself, a
// prime, divides n.
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

// removeAll returns n > 0 without its factors P of d, and how many those are, at least one.
func removeAll(n uint64, d *prime.Divisor) (rest uint64, exp uint32) {
	for q, ok := d.Quotient(n); ok; q, ok = d.Quotient(n) {
		n = q
		exp++
	}
	return n, exp
}
