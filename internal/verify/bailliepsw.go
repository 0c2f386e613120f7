package verify

import "math/bits"

// isBailliePSW reports whether n passes the Baillie-PSW test with the parameter P = p of
// lucasP. n passes both parts:
//
//	strong test to base 2: n-1 = d*2^s, d odd; 2^d = 1, or 2^(d*2^i) = -1 mod n for
//	an i < s
//
//	extra strong Lucas test: n+1 = k*2^r, k odd; V(k) = 2 or -2 and U(k) = 0, or
//	V(k*2^i) = 0 mod n for an i < r-1, with the Lucas sequences U, V of P and Q = 1
//
// Sources: the strong test is by J. Selfridge (Pomerance, Selfridge, Wagstaff, see provedPrime), the extra strong
// Lucas test by Z. Mo and J. Jones, with the analysis of J. Grantham, Frobenius pseudoprimes, Math. Comp. 70
// (2001), 873-891. Q = 1 saves the powers of Q that other Lucas tests carry.
//
// A prime passes. If n is prime, 2^(n-1) = 1, and only 1 and -1 have the square 1. If moreover (D/n) = -1, the
// roots a and 1/a of x^2 - P*x + 1 have a^(n+1) = 1, and V(m) = a^m + a^-m. So a^k is 1,
// where V = 2, or -1, where V = -2, or an a^(k*2^i), i < r-1, is a square root of -1, where V = 0.
//
// Both powers are computed in one loop: their three multiplications a bit do not
// depend on each other, so that the processor overlaps them.
func (f montgomery) isBailliePSW(p uint64) bool {
	strong, lucas := f.strongAndLucas(p)
	return strong && lucas
}

// strongAndLucas returns the results of the two parts of isBailliePSW.
func (f montgomery) strongAndLucas(p uint64) (strong, lucas bool) {
	n := f.n
	s, r := bits.TrailingZeros64(n-1), bits.TrailingZeros64(n+1)
	// d and k have at most length = bits(n)-1 bits: only n+1 = 2^j has more bits than n, and
	// then k = 1. They are shifted so that the next bit is the sign bit.
	length := bits.Len64(n) - 1
	d, k := (n-1)>>s<<(64-length), (n+1)>>r<<(64-length)
	two, pf := add(f.one, f.one, n), f.form(p)
	var x, v, w uint64
	if n < lazyBound {
		x, v, w = f.lazyPowers(d, k, length, two, pf)
	} else {
		x, v, w = f.powers(d, k, length, two, pf)
	}
	return f.strongEnd(x, s), f.lucasEnd(v, w, pf, two, r)
}

// powers returns 2^d, V(k) and V(k+1) for the length leading bits of d and k.
//
//	V(2j) = V(j)^2 - 2        V(2j+1) = V(j)*V(j+1) - P        V(0) = 2, V(1) = P
//
// Before and after each iteration x = 2^e, v = V(j) and w = V(j+1), where e and j are the
// bits of d and k so far. Leading zeros change nothing: 1^2 = 1, V(2*0) = V(0),
// V(2*0+1) = V(1). The loop has no branch, because the bits of a prime cannot be
// predicted.
func (f montgomery) powers(d, k uint64, length int, two, p uint64) (x, v, w uint64) {
	n, inv := f.n, f.inv
	x, v, w = f.one, two, p
	for range length {
		x = mul(x, x, n, inv)
		twice := add(x, x, n)
		if int64(d) < 0 {
			x = twice
		}
		odd := mulSub(v, w, p, n, inv)
		if int64(k) < 0 {
			v = w
		}
		even := mulSub(v, v, two, n, inv)
		v, w = even, odd
		if int64(k) < 0 {
			v, w = odd, even
		}
		d, k = d<<1, k<<1
	}
	return x, v, w
}

// lazyPowers is powers for n < lazyBound, in less than half of the time. A product
// lazyMul(x, y, c) is below 2n for c = n, and below 3n for c = 2n - z, which stands for
// x*y - z, z < n. The bounds of the loop, with lazyBound for the products:
//
//	x < 4n, as lazyMul < 2n is at most doubled      x*x < 16n^2 < R*n
//	v, w < 3n, as lazyMul(v, w, 2n-P) < 3n          v*w < 9n^2 < R*n
//
// The final products with one, which is < n, reduce all three below n: 4n*n < R*n.
func (f montgomery) lazyPowers(d, k uint64, length int, two, p uint64) (x, v, w uint64) {
	n, inv := f.n, f.inv
	x, v, w = f.one, two, p
	minusTwo, minusP := 2*n-two, 2*n-p
	// Before and after each iteration as in powers, but x < 4n, v, w < 3n.
	for range length {
		x = lazyMul(x, x, n, n, inv)
		twice := x + x
		if int64(d) < 0 {
			x = twice
		}
		odd := lazyMul(v, w, minusP, n, inv)
		if int64(k) < 0 {
			v = w
		}
		even := lazyMul(v, v, minusTwo, n, inv)
		v, w = even, odd
		if int64(k) < 0 {
			v, w = odd, even
		}
		d, k = d<<1, k<<1
	}
	return mul(x, f.one, n, inv), mul(v, f.one, n, inv), mul(w, f.one, n, inv)
}

// strongEnd reports whether x = 1 or x^(2^i) = -1 for an i < s. Requires x < n in Montgomery form: equal
// numbers are then equal words.
func (f *montgomery) strongEnd(x uint64, s int) bool {
	minusOne := f.n - f.one
	if x == f.one || x == minusOne {
		return true
	}
	for range s - 1 {
		x = mul(x, x, f.n, f.inv)
		if x == minusOne {
			return true
		}
	}
	return false
}

// lucasEnd reports whether the condition of the Lucas test on V(k), U(k) and V(k*2^i),
// i < r-1, holds for v = V(k), w = V(k+1). With D = P^2-4, which is prime to n,
// D*U(k) = 2*V(k+1) - P*V(k). So U(k) = 0 exactly if 2*V(k+1) = P*V(k). Further terms need V alone, by
// V(2j) = V(j)^2 - 2. Requires v, w < n.
func (f *montgomery) lucasEnd(v, w, p, two uint64, r int) bool {
	n, inv := f.n, f.inv
	if v == two || v == n-two {
		return add(w, w, n) == mul(p, v, n, inv)
	}
	for range r - 1 {
		if v == 0 {
			return true
		}
		v = mulSub(v, v, two, n, inv)
	}
	return false
}
