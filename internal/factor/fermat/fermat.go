// Package fermat splits n = pq where p/q is close to a fraction a/b of small a and b.
//
// For k = ab, with x = bp + aq and y = bp - aq,
//
//	x^2 - y^2 = 4kn.
//
// If y is small, x is little above 2 sqrt(kn). So the search tries the x from there on,
// until x^2 - 4kn is a square. For k = 1 that is Fermat's method, for other k the idea
// of Lehman's.
//
// If a and b are odd, x and y are even. Then their halves are used, with x^2 - y^2 =
// kn. Else x and y are odd. In each case every second x suffices:
//
//	k even:         x odd
//	kn = 1 mod 4:   x odd, since x^2 - y^2 = 1 mod 4
//	kn = 3 mod 4:   x even
//
// Range. Let m be kn for odd k and 4kn for even k. Then
//
//	x - sqrt(m) = y^2/(x + sqrt(m)) <= y^2/(2 sqrt(m)).
//
// s steps, over every second integer from sqrt(m) on, include x if x - sqrt(m) <=
// 2(s-1), so that y^2 <= 4(s-1) sqrt(m) suffices. y is (bp-aq)/2 for odd k, and m is
// 4kn for even k. So s steps for k = ab find all p and q with
//
//	(bp - aq)^2 <= 8(s-1) sqrt(kn).
//
// Sieve. x^2 - m is a square only if it is one modulo 64 and modulo each of 15 small
// primes. The residues are periodic in x, and a block of 64 values x is a word of bits.
// The and of 16 words leaves about one x in 40,000, for which a square root decides.
//
// Sources: R. S. Lehman, Factoring large integers, Math. Comp. 28 (1974); the sieve for
// squares goes back to Fermat and Gauss, see R. Crandall, C. Pomerance, Prime Numbers,
// 2nd ed. (2005), section 5.1.
//
// Nothing here is tested for primality: a divisor that is found may be composite.
package fermat

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/prime"
)

// checkEvery is the number of blocks of 64 steps, about 20 ns each, between two calls
// of check.
const checkEvery = 1 << 12

// Find looks for a divisor d of n, 1 < d < n, and returns it with the k that found it:
// with first steps for k = 1, and with further steps for each k from 2 to most. Steps
// are rounded up to a multiple of 64. It returns nil and 0 if it finds none. Requires n
// odd, n > 1, most < 2^16.
//
// The error is one of check, which it calls for each k and about every 0.1 ms.
func Find(n *big.Int, first, most, further uint64, check func() error) (d *big.Int, k uint64, err error) {
	s := newSearch(n)
	for k, steps := uint64(1), first; k <= most; k, steps = k+1, further {
		s.begin(k)
		for block := range (steps + 63) / 64 {
			if block%checkEvery == 0 {
				if err := check(); err != nil {
					return nil, 0, err
				}
			}
			if d := s.block(block); d != nil {
				return d, k, nil
			}
		}
	}
	return nil, 0, nil
}

// A search is the work on one n. For the current k, the candidates are x = x0 + 2i, i =
// 0, 1, 2, and so on.
type search struct {
	n       *big.Int
	residue uint64  // n modulo product, the product of moduli
	m       big.Int // kn for odd k, 4kn for even k
	x0      big.Int // the least x >= sqrt(m) of the right parity
	// The sieve. Bit i of even: x^2 - m is a square modulo 64 for the candidate i of a
	// block; it is the same for each block. row[q] is the pattern modulo moduli[q], and
	// at[q] its place for the next block.
	even uint64
	row  [len(moduli)]*pattern
	at   [len(moduli)]uint8

	x, y, v, t big.Int // scratch
}

// newSearch returns a search that needs begin.
func newSearch(n *big.Int) *search {
	return &search{n: n, residue: prime.Mod(prime.Words(n), product)}
}

// begin prepares the search for k: m, x0 and the sieve.
func (s *search) begin(k uint64) {
	factor := k // m = factor*n
	if k%2 == 0 {
		factor *= 4
	}
	s.m.Mul(s.n, s.t.SetUint64(factor))
	s.x0.Sqrt(&s.m)
	if s.v.Mul(&s.x0, &s.x0); s.v.Cmp(&s.m) < 0 {
		s.x0.Add(&s.x0, one)
	}
	odd := uint(1)
	if k%2 == 1 && s.m.Bit(1) == 1 { // kn = 3 mod 4
		odd = 0
	}
	if s.x0.Bit(0) != odd {
		s.x0.Add(&s.x0, one)
	}
	s.patterns(factor)
}

// patterns sets up the sieve for m = factor*n and x0.
func (s *search) patterns(factor uint64) {
	t := tables()
	x := prime.Mod(prime.Words(&s.x0), product)
	for i, q := range moduli {
		q := uint64(q)
		s.row[i] = &t[i][s.residue%q*(factor%q)%q]
		s.at[i] = uint8(x % q * ((q + 1) / 2) % q) // x0/2
	}
	s.even = 0
	x, m := low(&s.x0), low(&s.m)
	for i := range uint64(32) {
		z := x + 2*i
		s.even |= squares64 >> ((z*z - m) % 64) & 1 << i
	}
	s.even |= s.even << 32
}

// low returns x modulo 2^64.
func low(x *big.Int) uint64 { return prime.Words(x)[0] }

// block tries the 64 candidates of the block number index. Blocks must come in order,
// since the sieve advances.
func (s *search) block(index uint64) *big.Int {
	set := s.even
	for i := range moduli {
		at := s.at[i]
		set &= s.row[i].from(at)
		at += 64 % moduli[i]
		if at >= moduli[i] {
			at -= moduli[i]
		}
		s.at[i] = at
	}
	for ; set != 0; set &= set - 1 {
		if d := s.try(64*index + uint64(bits.TrailingZeros64(set))); d != nil {
			return d
		}
	}
	return nil
}

// try returns a proper divisor of n if x^2 - m is a square for x = x0 + 2i and yields
// one, else nil.
func (s *search) try(i uint64) *big.Int {
	s.x.Add(&s.x0, s.x.SetUint64(2*i))
	s.v.Mul(&s.x, &s.x)
	s.v.Sub(&s.v, &s.m)
	s.y.Sqrt(&s.v)
	if s.t.Mul(&s.y, &s.y).Cmp(&s.v) != 0 {
		return nil
	}
	// n divides m = (x-y)(x+y). If n divides neither factor, it shares a proper divisor
	// with each.
	d := s.x.Sub(&s.x, &s.y)
	if d.GCD(nil, nil, d, s.n); d.Cmp(one) == 0 || d.Cmp(s.n) == 0 {
		return nil
	}
	return new(big.Int).Set(d)
}

var one = big.NewInt(1)
