package verify

import (
	"math"
	"sync"
)

// provedPrime reports whether n is prime. The answer is a proof. Below tableSize it is
// looked up in a sieve. Above, n is prime exactly if it passes the Baillie-PSW test: a
// strong probable prime test to base 2 and an extra strong Lucas test (R. Baillie, S.
// Wagstaff, Lucas pseudoprimes, Math. Comp. 35 (1980), 1391-1417; C. Pomerance, J.
// Selfridge, S. Wagstaff, The pseudoprimes to 25*10^9, ibid., 1003-1026).
//
// No composite below 2^64 passes both. J. Feitsma listed all pseudoprimes to base 2
// below 2^64 (2009, verified by W. Galway), and the Lucas test rejects each of them (R.
// Baillie, A. Fiori, S. Wagstaff, Strengthening the Baillie-PSW primality test, Math.
// Comp. 90 (2021), 1931-1955).
func provedPrime(n uint64) bool {
	switch {
	case n < tableSize:
		return n == 2 || n&1 == 1 && table()[n>>7]>>(n>>1&63)&1 == 1
	case n&1 == 0 || n == math.MaxUint64: // 2^64-1 is divisible by 3
		return false
	}
	p := lucasP(n)
	return p != 0 && newMontgomery(n).isBailliePSW(p)
}

// tableSize is the bound of the table, which has 64 KiB. One number in four has a prime
// factor of 16 to 20 bits, for which the table saves a test.
const tableSize = 1 << 20

// table returns the sieve of Eratosthenes for odd numbers below tableSize: bit i, which is
// bit i%64 of word i/64, is set if 2i+1 is prime.
var table = sync.OnceValue(func() *[tableSize / 128]uint64 {
	t := new([tableSize / 128]uint64)
	for i := range t {
		t[i] = ^uint64(0)
	}
	t[0] &^= 1 // 1 is not prime
	for p := uint64(3); p*p < tableSize; p += 2 {
		if t[p>>7]>>(p>>1&63)&1 == 1 {
			for m := p * p; m < tableSize; m += 2 * p {
				t[m>>7] &^= 1 << (m >> 1 & 63)
			}
		}
	}
	return t
})
