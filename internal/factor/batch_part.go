package factor

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/factor/rho"
)

// classify tells the primes among the untested parts from the composites.
func (b *batch) classify() {
	b.words, b.wides = b.words[:0], b.wides[:0]
	for _, p := range b.untested {
		switch {
		case b.answers[p.at].alone:
		case p.n[1] > 0:
			b.wides = append(b.wides, p.n)
		case p.n[0] >= b.below:
			b.words = append(b.words, p.n[0])
		}
	}
	b.yes = grow(b.yes, len(b.words)+len(b.wides))
	words, wides := b.yes[:len(b.words)], b.yes[len(b.words):]
	b.primes.IsPrimeRough(b.words, words)
	b.primes.IsProbablePrime(b.wides, wides)
	for _, p := range b.untested {
		isPrime := true // if below b.below
		switch {
		case b.answers[p.at].alone:
			continue
		case p.n[1] > 0:
			isPrime, wides = wides[0], wides[1:]
		case p.n[0] >= b.below:
			isPrime, words = words[0], words[1:]
		}
		if isPrime {
			a := &b.answers[p.at]
			a.found = append(a.found, power{p.n, 1})
		} else {
			b.composite = append(b.composite, p)
		}
	}
	b.untested = b.untested[:0]
}

// grow returns a slice of length n, which may be s.
func grow(s []bool, n int) []bool {
	if cap(s) < n {
		s = make([]bool, n)
	}
	return s[:n]
}

// splitAll splits the composite parts in two, the two being untested then. A number that
// withstands is set aside.
func (e *Engine) splitAll(b *batch) error {
	rest := b.composite[:0]
	for _, p := range b.composite {
		if r, k := root(p.n); k > 1 {
			b.method(p.at, "power")
			for range k {
				b.untested = append(b.untested, part{r, p.at})
			}
			continue
		}
		if p.n[1] == 0 && bits.Len64(p.n[0]) <= rhoBits {
			d, err := rho.Split(p.n[0], e.o.Seed, e.alive)
			if err != nil {
				return err
			}
			b.split(p, ecm.Number{d}, "rho")
			continue
		}
		rest = append(rest, p)
	}
	b.wides = b.wides[:0]
	for _, p := range rest {
		b.wides = append(b.wides, p.n)
	}
	err := e.curves.Split(b.wides, e.o.Seed, e.alive, func(i int, d ecm.Number, method string) {
		b.split(rest[i], d, method)
		rest[i].n = ecm.Number{} // done
	})
	if err != nil {
		return err
	}
	for _, p := range rest {
		if p.n == (ecm.Number{}) {
			continue
		}
		if err := e.splitAlone(b, p); err != nil {
			return err
		}
	}
	b.composite = b.composite[:0]
	return nil
}

// splitAlone has a number that the curves have given up sieved, if it is no word. One of several primes
// that are hardly larger than those of trial division is for Append, which divides by more of them: a
// curve finds all of these at once, and so none.
func (e *Engine) splitAlone(b *batch, p part) error {
	var d *big.Int
	if p.n[1] > 0 && !hasSmallPrime(p.n) {
		var err error
		if d, err = e.sieve(bigNumber(p.n), e.alive); err != nil {
			return err
		}
	}
	if d == nil {
		b.answers[p.at].alone = true
		return nil
	}
	words := prime.Words(d)
	var w ecm.Number
	copy(w[:], words)
	b.split(p, w, "siqs")
	return nil
}

// hasSmallPrime reports whether an odd prime below prime.Bound divides n.
func hasSmallPrime(n ecm.Number) (has bool) {
	prime.Divide(bigNumber(n), func(uint64, uint32) { has = true })
	return has
}

// split notes the divisor d of p.
func (b *batch) split(p part, d ecm.Number, method string) {
	b.method(p.at, method)
	b.untested = append(b.untested, part{d, p.at}, part{divide(p.n, d), p.at})
}

// method notes the first method that split a number.
func (b *batch) method(at int32, name string) {
	if a := &b.answers[at]; a.method == "" {
		a.method = name
	}
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
