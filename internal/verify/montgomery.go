package verify

import "math/bits"

// A montgomery computes modulo an odd n > 1 with numbers in Montgomery form: a is
// represented by a*R mod n, R = 2^64 (P. Montgomery, Modular multiplication without trial
// division, Math. Comp. 44 (1985), 519-521).
type montgomery struct {
	n   uint64
	inv uint64 // n*inv = 1 mod R
	one uint64 // R mod n
}

// newMontgomery returns the constants of n. Requires n odd and > 1.
func newMontgomery(n uint64) montgomery {
	// n*inv = 1 mod 2^k: k = 5 for inv = 3n xor 2, and each Newton step doubles k, as
	// 1 - n*inv*(2 - n*inv) = (1 - n*inv)^2. So four steps reach k = 80 > 64.
	inv := 3*n ^ 2
	for range 4 {
		inv *= 2 - n*inv
	}
	// -n is R-n, which is R modulo n.
	return montgomery{n, inv, -n % n}
}

// mul returns x*y/R mod n. The product of two numbers in Montgomery form is so in Montgomery form,
// (a*R)*(b*R)/R = a*b*R, and mul(x, 1) leaves the form. Requires x*y < n*R. The result is < n.
func mul(x, y, n, inv uint64) uint64 { return mulSub(x, y, 0, n, inv) }

// mulSub returns x*y/R - z mod n. Requires x*y < n*R and z < n. The result is < n.
//
// Let q = x*y/n mod R. The low words of x*y and q*n are equal, and their high words h and k
// are < n, so x*y/R = (x*y - q*n)/R = h - k mod n. Each of the two differences below is
// between numbers < n; if it is negative, adding n makes it >= 0. h - z comes first
// because it does not depend on q, whose computation takes longer.
func mulSub(x, y, z, n, inv uint64) uint64 {
	h, l := bits.Mul64(x, y)
	k, _ := bits.Mul64(l*inv, n)
	h, borrow := bits.Sub64(h, z, 0)
	h += n & -borrow
	h, borrow = bits.Sub64(h, k, 0)
	return h + n&-borrow
}

// add returns x+y mod n. Requires x, y < n. It computes x - (n-y), which is negative
// exactly if x+y < n, and does not overflow for n near 2^64 as x+y would.
func add(x, y, n uint64) uint64 {
	d, borrow := bits.Sub64(x, n-y, 0)
	return d + n&-borrow
}

// form returns the Montgomery form of a, a*R mod n. Requires a < n, else the quotient of Div64 overflows.
func (f *montgomery) form(a uint64) uint64 {
	_, r := bits.Div64(a, 0, f.n)
	return r
}

// lazyBound bounds n in lazyMul: for n < 2^60, numbers below 4n can be multiplied without
// reducing them below n, as (4n)^2 < R*n.
const lazyBound = 1 << 60

// lazyMul returns a number that is x*y/R + c modulo n, not reduced: h + c - k with the h
// and k of mulSub. As 0 <= h, k < n, it is between c-n and c+n. Requires x*y < R*n and
// n <= c <= 2n < R/2.
func lazyMul(x, y, c, n, inv uint64) uint64 {
	h, l := bits.Mul64(x, y)
	k, _ := bits.Mul64(l*inv, n)
	return h + c - k
}
