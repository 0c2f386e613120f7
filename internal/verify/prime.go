package verify

import (
	"math"
	"math/bits"
	"sync"
)

// provedPrime reports whether n is prime. The answer is a proof, not a guess: a
// table below tableSize, above it the Baillie-PSW test, a strong probable prime test
// to base 2 and an extra strong Lucas test. No composite below 2^64 passes both: J.
// Feitsma listed all base 2 pseudoprimes there (2009, verified by W. Galway), and
// the Lucas test rejects each of them (R. Baillie, A. Fiori, S. Wagstaff,
// Strengthening the Baillie-PSW primality test, Math. Comp. 90 (2021), 1931-1955).
func provedPrime(n uint64) bool {
	switch {
	case n < tableSize:
		return n == 2 || n&1 == 1 && table()[n>>7]>>(n>>1&63)&1 == 1
	case n&1 == 0 || n == math.MaxUint64: // 2^64-1 is divisible by 3
		return false
	}
	p := lucasP(n)
	return p != 0 && newField(n).baillie(p)
}

// tableSize is the bound of the table: 64 KiB, and it saves a test for the primes
// of 16 to 20 bits that every fourth number has.
const tableSize = 1 << 20

// table returns the sieve of Eratosthenes as bits: bit i stands for 2i+1.
var table = sync.OnceValue(func() *[tableSize / 128]uint64 {
	t := new([tableSize / 128]uint64)
	for i := range t {
		t[i] = ^uint64(0)
	}
	t[0] &^= 1 // 1 is no prime
	for p := uint64(3); p*p < tableSize; p += 2 {
		if t[p>>7]>>(p>>1&63)&1 == 1 {
			for m := p * p; m < tableSize; m += 2 * p {
				t[m>>7] &^= 1 << (m >> 1 & 63)
			}
		}
	}
	return t
})

// A field computes modulo an odd n > 1 with numbers in Montgomery form: x stands
// for x*R mod n, R = 2^64 (P. Montgomery, Modular multiplication without trial
// division, Math. Comp. 44 (1985), 519-521).
type field struct {
	n   uint64
	inv uint64 // n*inv = 1 mod R
	one uint64 // R mod n
}

// newField returns the field of n, which must be odd and > 1.
func newField(n uint64) field {
	// n*inv = 1 mod 2^k: k = 5 for 3n xor 2, and each step doubles k.
	inv := 3*n ^ 2
	for range 4 {
		inv *= 2 - n*inv
	}
	return field{n, inv, -n % n}
}

// mul returns x*y/R mod n. Requires x*y < n*R. The result is < n.
func mul(x, y, n, inv uint64) uint64 { return mulSub(x, y, 0, n, inv) }

// mulSub returns x*y/R - z mod n. Requires x*y < n*R, z < n. The result is < n: with
// q = x*y/n mod R, the high words h of x*y and k of q*n are < n and the low words
// are equal, so x*y/R = (x*y - q*n)/R = h - k mod n. First h - z and then the rest
// is a difference of numbers < n, which n brings back if it is negative; h - z does not
// wait for q.
func mulSub(x, y, z, n, inv uint64) uint64 {
	h, l := bits.Mul64(x, y)
	k, _ := bits.Mul64(l*inv, n)
	h, borrow := bits.Sub64(h, z, 0)
	h += n & -borrow
	h, borrow = bits.Sub64(h, k, 0)
	return h + n&-borrow
}

// add returns x+y mod n. Requires x, y < n: then x - (n-y), which is negative exactly
// if x+y < n, is a difference of numbers <= n.
func add(x, y, n uint64) uint64 {
	d, borrow := bits.Sub64(x, n-y, 0)
	return d + n&-borrow
}

// form returns a*R mod n. Requires a < n.
func (f *field) form(a uint64) uint64 {
	_, r := bits.Div64(a, 0, f.n)
	return r
}

// baillie reports whether n passes the Baillie-PSW test with the parameter P = p of
// lucasP.
//
//	n-1 = d*2^s, d odd: 2^d = 1, or 2^(d*2^i) = -1 mod n for an i < s;
//	n+1 = k*2^r, k odd: V(k) = 2 or -2 and U(k) = 0, or V(k*2^i) = 0 mod n for an
//	i < r-1, of the Lucas sequences of P and Q = 1.
//
// Both powers are computed in one loop, so that their three multiplications a bit do
// not wait for each other.
func (f field) baillie(p uint64) bool {
	strong, lucas := f.halves(p)
	return strong && lucas
}

// halves returns what the two halves of the test say.
func (f field) halves(p uint64) (strong, lucas bool) {
	n := f.n
	s, r := bits.TrailingZeros64(n-1), bits.TrailingZeros64(n+1)
	// One bit less than n has is enough for d and k: only (n+1)/2 = 2^j, of which k is 1,
	// has more. They are shifted so that the sign is the bit to look at.
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
// Before and after each iteration x = 2^e, v = V(j), w = V(j+1), e and j the bits
// of d and k so far: V(2j) = V(j)^2 - 2, V(2j+1) = V(j)*V(j+1) - P; zeros in front change
// nothing, as 1^2 = 1, V(2*0) = V(0), V(2*0+1) = V(1). There is no branch, as the bits of a
// prime cannot be predicted.
func (f field) powers(d, k uint64, length int, two, p uint64) (x, v, w uint64) {
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

// lazyBound is the end of the n for which numbers below 4n can be multiplied without
// reducing them below n: 16n^2 < R*n.
const lazyBound = 1 << 60

// lazyPowers is powers for n < lazyBound, in less than half of the time. With h and k
// as for mulSub, h < n since x*y < R*n, h - k + c is between c - n and c + n: it
// is below 2n for c = n, for x*y, and below 3n for c = 2n - z, for x*y - z, z < n.
func (f field) lazyPowers(d, k uint64, length int, two, p uint64) (x, v, w uint64) {
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

// lazyMul returns x*y/R + c modulo n, between c-n and c+n. Requires x*y < R*n,
// n <= c <= 2n < R/2.
func lazyMul(x, y, c, n, inv uint64) uint64 {
	h, l := bits.Mul64(x, y)
	k, _ := bits.Mul64(l*inv, n)
	return h + c - k
}

// strongEnd reports whether x = 1 or x^(2^i) = -1 for an i < s.
func (f *field) strongEnd(x uint64, s int) bool {
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

// lucasEnd is the condition on V(k), U(k) and V(k*2^i), i < r-1, for v = V(k),
// w = V(k+1). It takes U from D*U(k) = 2*V(k+1) - P*V(k), D = P^2-4.
func (f *field) lucasEnd(v, w, p, two uint64, r int) bool {
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
