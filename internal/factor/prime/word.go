package prime

import (
	"math/bits"

	"factorfleet/internal/factor/mont"
)

const (
	// wordPrimes is the number of odd primes, 3 to 37, that IsPrime divides by.
	wordPrimes = 11
	// sureBelow is the square of the first odd prime by which IsPrime does not divide.
	// Smaller numbers that are left are primes.
	sureBelow = 41 * 41
)

// IsPrime reports whether n is prime. The answer is proved for every n.
func IsPrime(n uint64) bool {
	if n < 3 || n&1 == 0 {
		return n == 2
	}
	for i := range table[:wordPrimes] {
		if _, ok := table[i].Quotient(n); ok {
			return n == table[i].P
		}
	}
	if n < sureBelow {
		return true
	}
	return baillie(n)
}

// IsPrimeRough is IsPrime for an n that has no prime factor below 41, without the
// divisions. Requires n >= 41.
func IsPrimeRough(n uint64) bool { return n < sureBelow || baillie(n) }

// baillie reports whether n passes the Baillie-PSW test. Requires n odd, n > 37, and no
// prime factor up to 37.
func baillie(n uint64) bool {
	if n < lazyBound {
		return lazyStrongBase2(n) && lazyExtraStrongLucas(n)
	}
	m := mont.New(n)
	return strongBase2(&m) && extraStrongLucas(&m)
}

// strongBase2 reports whether n is a strong probable prime to base 2: with n-1 = d*2^s,
// d odd, that 2^d = 1 or 2^(d*2^i) = -1 mod n for an i < s.
func strongBase2(m *mont.Modulus) bool {
	n, one := m.N(), m.One()
	minus := n - one
	s := bits.TrailingZeros64(n - 1)
	d := (n - 1) >> s
	x := one
	for i := bits.Len64(d) - 1; i >= 0; i-- {
		x = m.Mul(x, x)
		if d>>i&1 == 1 {
			x = m.Add(x, x)
		}
	}
	if x == one || x == minus {
		return true
	}
	for range s - 1 {
		if x = m.Mul(x, x); x == minus {
			return true
		}
	}
	return false
}

// extraStrongLucas reports whether n is an extra strong Lucas probable prime.
//
// With the smallest P >= 3 for which D = P^2-4 has the Jacobi symbol -1, Q = 1 and n+1
// = s*2^r, s odd, a prime n has U(s) = 0 and V(s) = 2 or -2, or V(s*2^t) = 0 mod n for
// a t < r-1.
func extraStrongLucas(m *mont.Modulus) bool {
	n := m.N()
	p := lucasP(n)
	if p == 0 {
		return false
	}
	var r int
	var s uint64
	if n == ^uint64(0) {
		return false // 2^64-1 is divisible by 3; n+1 is no word
	}
	r = bits.TrailingZeros64(n + 1)
	s = (n + 1) >> r
	one := m.One()
	two := m.Add(one, one)
	minusTwo := n - two
	pm := m.Form(p)
	// Before and after each step v = V(k), w = V(k+1), k the bits of s so far: V(2k) =
	// V(k)^2 - 2, V(2k+1) = V(k)*V(k+1) - P.
	v, w := two, pm
	for i := bits.Len64(s) - 1; i >= 0; i-- {
		vw := m.Sub(m.Mul(v, w), pm)
		if s>>i&1 == 1 {
			v, w = vw, m.Sub(m.Mul(w, w), two)
		} else {
			v, w = m.Sub(m.Mul(v, v), two), vw
		}
	}
	if v == two || v == minusTwo {
		// D*U(k) = 2*V(k+1) - P*V(k): Crandall and Pomerance, Prime Numbers (3.13).
		return m.Add(w, w) == m.Mul(pm, v)
	}
	for range r - 1 {
		if v == 0 {
			return true
		}
		v = m.Sub(m.Mul(v, v), two)
	}
	return false
}

// lucasP returns the smallest P >= 3 for which P^2-4 has the Jacobi symbol -1 over n,
// or 0 if it finds that n is composite. Requires n as baillie does.
//
// Every n that is not a square has such a P, and half of all P are. A square has none,
// but a P for which P^2-4 has a factor in common with n, which ends the loop. That is
// quick enough: the only squares below 2^64 that pass the strong test to base 2, and so
// come here, are those of 1093 and 3511.
func lucasP(n uint64) uint64 {
	start := uint64(3)
	if n >= residues {
		p := uint64(firstP[n%residues])
		if p != undecided {
			return p
		}
		start = undecidedP
	}
	for p := start; ; p++ {
		switch jacobi(p*p-4, n%8, func(q uint64) uint64 { return n % q }) {
		case -1:
			return p
		case 0:
			// A common factor, (P-2)(P+2) having no prime beyond P+2: n itself only if
			// n = P+2.
			if n != p+2 {
				return 0
			}
		}
	}
}

// jacobi returns the Jacobi symbol (d/n) for d > 0 and an odd n of any size. It needs
// of n only n mod 8 and, by the function mod, n mod q for an odd q:
//
//	(2/n) = -1 exactly for n = 3, 5 mod 8
//	(d/n) = (n/d) for odd d, or -(n/d) if d = n = 3 mod 4
func jacobi(d, mod8 uint64, mod func(q uint64) uint64) int {
	j := 1
	twos := bits.TrailingZeros64(d)
	d >>= twos
	if twos&1 == 1 && (mod8 == 3 || mod8 == 5) {
		j = -1 // (2/n) = -1 exactly for n = 3, 5 mod 8
	}
	if d == 1 {
		return j
	}
	if d&3 == 3 && mod8&3 == 3 {
		j = -j // reciprocity
	}
	return j * jacobiWord(mod(d), d)
}

// jacobiWord returns the Jacobi symbol (a/n) by the same two laws, in the manner of
// Euclid's algorithm. Requires n odd.
func jacobiWord(a, n uint64) int {
	j := 1
	for a %= n; a != 0; a %= n {
		twos := bits.TrailingZeros64(a)
		a >>= twos
		if twos&1 == 1 && (n&7 == 3 || n&7 == 5) {
			j = -j
		}
		if a&3 == 3 && n&3 == 3 {
			j = -j
		}
		a, n = n, a
	}
	if n != 1 {
		return 0
	}
	return j
}
