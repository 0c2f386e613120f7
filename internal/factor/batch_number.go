package factor

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/nat"
)

// number returns n < 2^128 as words.
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

func trailingZeros(n ecm.Number) int {
	if n[0] == 0 {
		return 64 + bits.TrailingZeros64(n[1])
	}
	return bits.TrailingZeros64(n[0])
}

// shiftRight returns n/2^s, s < 128.
func shiftRight(n ecm.Number, s int) ecm.Number {
	if s >= 64 {
		return ecm.Number{n[1] >> (s - 64)}
	}
	return ecm.Number{n[0]>>s | n[1]<<(64-s), n[1] >> s}
}

// root returns r and k with n = r^k for the largest k. Requires n without the primes of
// trial division.
func root(n ecm.Number) (r ecm.Number, k int) {
	if n[1] == 0 {
		if s := prime.Sqrt(n[0]); s*s == n[0] {
			return ecm.Number{s}, 2
		}
		return n, 1 // curves find the prime of p^3 or p^4: those of words split most of them
	}
	if !mayBePowerWide(n) {
		return n, 1
	}
	base, k := anyPower(bigNumber(n)) // trial division here ends below that of perfectPower
	if k == 1 {
		return n, 1
	}
	words := prime.Words(base)
	return ecm.Number{words[0]}, k // below 2^64
}

// mayBePowerWide reports whether n may be the power of a number above 2^12, which trial
// division has left: its exponent is below 128/12, so that it has one of the prime divisors
// below.
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

// divide returns n/d for a d that divides n.
//
// One of d and n/d is below 2^64. If it is n/d, its product with d is n also modulo
// 2^64, and d is odd.
func divide(n, d ecm.Number) ecm.Number {
	if d[1] > 0 {
		return ecm.Number{n[0] * mont.Inverse(d[0])}
	}
	hi, r := n[1]/d[0], n[1]%d[0]
	lo, _ := bits.Div64(r, n[0], d[0])
	return ecm.Number{lo, hi}
}
