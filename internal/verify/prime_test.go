package verify

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestProvedPrime checks the numbers around every bound, and pseudoprimes to several bases.
func TestProvedPrime(t *testing.T) {
	for _, middle := range []uint64{tableSize, 1 << 32, 1 << 40, 1 << 48, 1 << 62, 1 << 63, math.MaxUint64 - 1000} {
		for n := middle - 1000; n != middle+1000; n++ {
			if got, want := provedPrime(n), new(big.Int).SetUint64(n).ProbablyPrime(0); got != want {
				t.Errorf("provedPrime(%d) = %v", n, got)
			}
		}
	}
	for _, n := range []uint64{
		2047, 3277, 4033, 1373653, 25326001, 3215031751, 2152302898747, 3474749660383, 341550071728321, // 2; 2, 3; ...; 2 to 17
		3825123056546413051,                      // 2 to 23
		4759123141, 1122004669633, 3141703961467, // 2, 7, 61; 2, 13, 23, 1662803, twice
		1093 * 1093, 3511 * 3511, 4294967291 * 4294967291, 1048583 * 1048583, // squares, two of them strong to 2
		561, 41041, 825265, 321197185, 5394826801, 232250619601, 9746347772161, 1436697831295441, // Carmichael
		2152302898747 * 3, math.MaxUint64,
	} {
		if provedPrime(n) {
			t.Errorf("provedPrime(%d) = true", n)
		}
	}
}

// halves returns the result of each part of the Baillie-PSW test for n, computed from its definition
// with math/big.
func halves(n uint64) (strong, lucas bool) {
	m, one := new(big.Int).SetUint64(n), big.NewInt(1)
	minusOne := new(big.Int).Sub(m, one)
	s := minusOne.TrailingZeroBits()
	x := new(big.Int).Exp(big.NewInt(2), new(big.Int).Rsh(minusOne, s), m)
	strong = x.Cmp(one) == 0
	for range s {
		strong = strong || x.Cmp(minusOne) == 0
		x.Mul(x, x).Mod(x, m)
	}
	p, d := big.NewInt(3), big.NewInt(5)
	for ; big.Jacobi(d, m) != -1; d.Mul(p, p).Sub(d, big.NewInt(4)) {
		if big.Jacobi(d, m) == 0 || p.Int64() > 1000 { // a common factor, or a square
			return strong, false
		}
		p.Add(p, one)
	}
	k := new(big.Int).Add(m, one)
	r := k.TrailingZeroBits()
	k.Rsh(k, r)
	// u, v = U(0), V(0) to U(k), V(k): U(j+1) = (P*U(j) + V(j))/2,
	// V(j+1) = (D*U(j) + P*V(j))/2, U(2j) = U(j)*V(j), V(2j) = V(j)^2 - 2.
	u, v, two := new(big.Int), big.NewInt(2), big.NewInt(2)
	half := func(x *big.Int) *big.Int {
		if x.Mod(x, m).Bit(0) == 1 {
			x.Add(x, m)
		}
		return x.Rsh(x, 1)
	}
	for i := k.BitLen() - 1; i >= 0; i-- {
		u.Mul(u, v).Mod(u, m)
		v.Mul(v, v).Sub(v, two).Mod(v, m)
		if k.Bit(i) == 1 {
			next := new(big.Int).Mul(p, u)
			u, v = half(next.Add(next, v)), half(new(big.Int).Add(new(big.Int).Mul(d, u), new(big.Int).Mul(p, v)))
		}
	}
	lucas = u.Sign() == 0 && (v.Cmp(two) == 0 || new(big.Int).Add(v, two).Cmp(m) == 0)
	for i := uint(1); i < r; i++ {
		lucas = lucas || v.Sign() == 0
		v.Mul(v, v).Sub(v, two).Mod(v, m)
	}
	return strong, lucas
}

// TestHalves checks each part of Baillie-PSW alone: the composites that pass one part are known (OEIS
// A001262, A217719).
func TestHalves(t *testing.T) {
	one := func(n uint64) (strong, lucas bool) {
		p := lucasP(n)
		if p == 0 {
			return halves(n)
		}
		return newMontgomery(n).strongAndLucas(p)
	}
	var strong, lucas []uint64
	for n := uint64(841); n < 60000; n += 2 {
		s, l := one(n)
		if ws, wl := halves(n); s != ws || l != wl {
			t.Errorf("%d: strong %v, want %v; Lucas %v, want %v", n, s, ws, l, wl)
		}
		if prime := big.NewInt(int64(n)).ProbablyPrime(0); prime != (s && l) {
			t.Errorf("%d: prime %v, strong %v, Lucas %v", n, prime, s, l)
		} else if !prime && s {
			strong = append(strong, n)
		} else if !prime && l {
			lucas = append(lucas, n)
		}
	}
	if want := []uint64{2047, 3277, 4033, 4681, 8321, 15841, 29341, 42799, 49141, 52633}; !slices.Equal(strong, want) {
		t.Errorf("strong pseudoprimes to base 2: %d, want %d", strong, want)
	}
	if want := []uint64{989, 3239, 5777, 10877, 27971, 29681, 30739, 31631, 39059}; !slices.Equal(lucas, want) {
		t.Errorf("extra strong Lucas pseudoprimes: %d, want %d", lucas, want)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		n := random.Uint64()>>random.IntN(50) | 1<<14 | 1
		s, l := one(n)
		if ws, wl := halves(n); (s != ws || l != wl) && n != math.MaxUint64 {
			t.Errorf("%d: strong %v, want %v; Lucas %v, want %v", n, s, ws, l, wl)
		}
	}
}

// TestTwo checks numbers with V(k) = 2 but not V(k+1) = P, and the reverse. They were found by a
// search, with a P that is not the smallest.
func TestTwo(t *testing.T) {
	for _, c := range [][2]uint64{{2197, 34}, {2299, 14}, {3509, 14}, {3509, 21}, {5831, 48}, {6137, 7}, {6859, 42}, {6929, 8},
		{1271, 30}, {1691, 9}, {1739, 10}, {3905, 14}, {5863, 21}} {
		if _, lucas := newMontgomery(c[0]).strongAndLucas(c[1]); lucas {
			t.Errorf("%d passes the Lucas test with P = %d", c[0], c[1])
		}
	}
}
