package factor

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/nat"
)

// number returns n < 2^128 as two words, the lower one first.
func number(n nat.Nat) ecm.Number {
	if w, ok := n.Word(); ok {
		return ecm.Number{w}
	}
	words := prime.Words(n.Big())
	return ecm.Number{words[0], words[1]}
}

// bigNumber is the inverse of number.
func bigNumber(n ecm.Number) *big.Int {
	hi := new(big.Int).SetUint64(n[1])
	return hi.Or(hi.Lsh(hi, 64), new(big.Int).SetUint64(n[0]))
}

// trailingZeros returns the largest t such that 2^t divides n > 0.
func trailingZeros(n ecm.Number) int {
	if n[0] == 0 {
		return 64 + bits.TrailingZeros64(n[1])
	}
	return bits.TrailingZeros64(n[0])
}

// shiftRight returns floor(n / 2^s), 0 <= s < 128.
func shiftRight(n ecm.Number, s int) ecm.Number {
	if s >= 64 {
		return ecm.Number{n[1] >> (s - 64)}
	}
	return ecm.Number{n[0]>>s | n[1]<<(64-s), n[1] >> s}
}

// root returns r and an exponent k with n = r^k; k = 1 if it finds none. Requires n
// without the primes of trial division. For one word it looks for squares only: a curve
// splits p^3 and p^4. For two words k is the largest one.
func root(n ecm.Number) (r ecm.Number, k int) {
	if n[1] == 0 {
		if s := prime.Sqrt(n[0]); s*s == n[0] {
			return ecm.Number{s}, 2
		}
		return n, 1 // see above
	}
	if !mayBePowerWide(n) {
		return n, 1
	}
	base, k := anyPower(bigNumber(n)) // not perfectPower: a base may be below prime.Bound
	if k == 1 {
		return n, 1
	}
	words := prime.Words(base)
	return ecm.Number{words[0]}, k // below 2^64
}

// mayBePowerWide reports whether n >= 2^64 may be a power. Trial division has left a
// base above 2^12, so the exponent is below 128/12 < 11 and has one of the prime
// divisors 2, 3, 5 and 7.
func mayBePowerWide(n ecm.Number) bool {
	words := [2]uint64(n)
	for _, k := range [...]uint32{2, 3, 5, 7} {
		if mayBePower(words[:], k) {
			return true
		}
	}
	return false
}

// quotient returns n/p and true if the prime p of d divides n.
func quotient(n ecm.Number, d *prime.Divisor) (ecm.Number, bool) {
	if n[1] == 0 {
		q, ok := d.Quotient(n[0])
		return ecm.Number{q}, ok
	}
	hi, r := n[1]/d.P, n[1]%d.P
	lo, r := bits.Div64(r, n[0], d.P)
	return ecm.Number{lo, hi}, r == 0
}

// divide returns n/d for a divisor d of n.
//
// One of d and n/d is below 2^64. If it is n/d, then n/d = n * d^-1 mod 2^64, and d is
// odd.
func divide(n, d ecm.Number) ecm.Number {
	if d[1] > 0 {
		return ecm.Number{n[0] * mont.Inverse(d[0])}
	}
	hi, r := n[1]/d[0], n[1]%d[0]
	lo, _ := bits.Div64(r, n[0], d[0])
	return ecm.Number{lo, hi}
}
