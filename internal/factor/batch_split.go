package factor

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/factor/rho"
)

// classify tests all untested parts for primality, together by size. Primes become
// found, the others composite. Parts of numbers that Append is to factor are dropped.
func (b *batch) classify() {
	b.words, b.wides = b.words[:0], b.wides[:0]
	for _, p := range b.untested {
		// Parts below b.below are prime and need no test.
		switch {
		case b.answers[p.at].byAppend:
		case p.n[1] > 0:
			b.wides = append(b.wides, p.n)
		case p.n[0] >= b.below:
			b.words = append(b.words, p.n[0])
		}
	}
	// One test for all words and one for all wider numbers. The results stand in the
	// order of the parts.
	b.yes = grow(b.yes, len(b.words)+len(b.wides))
	words, wides := b.yes[:len(b.words)], b.yes[len(b.words):]
	b.primes.IsPrimeRough(b.words, words)
	b.primes.IsProbablePrime(b.wides, wides)
	for _, p := range b.untested {
		isPrime := true // for a part below b.below
		switch {
		case b.answers[p.at].byAppend:
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

// grow returns a slice of length n, in the memory of s if that suffices. Its content is
// arbitrary.
func grow(s []bool, n int) []bool {
	if cap(s) < n {
		s = make([]bool, n)
	}
	return s[:n]
}

// splitAll splits every composite part in two untested ones: roots first, then rho for
// words of up to rhoBits, then curves for all others together, then the sieve. A number
// with a part that withstands all of them is left to Append.
//
// The root test comes first because curves and the sieve cannot split powers of primes.
func (e *Engine) splitAll(b *batch) error {
	rest, err := e.splitEasy(b)
	if err != nil {
		return err
	}
	b.wides = b.wides[:0]
	for _, p := range rest {
		b.wides = append(b.wides, p.n)
	}
	err = e.batchCurves.Split(b.wides, e.o.Seed, e.checkContext, func(i int, d ecm.Number, method string) {
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
		if err := e.splitBySieve(b, p); err != nil {
			return err
		}
	}
	b.composite = b.composite[:0]
	return nil
}

// splitEasy splits the composite parts that are powers, and by rho the small words. It
// returns the others, in the memory of b.composite.
func (e *Engine) splitEasy(b *batch) (rest []part, err error) {
	rest = b.composite[:0]
	for _, p := range b.composite {
		if r, k := root(p.n); k > 1 {
			b.method(p.at, "power")
			for range k {
				b.untested = append(b.untested, part{r, p.at})
			}
			continue
		}
		if p.n[1] == 0 && bits.Len64(p.n[0]) <= rhoBits {
			d, err := rho.Split(p.n[0], e.o.Seed, e.checkContext)
			if err != nil {
				return nil, err
			}
			b.split(p, ecm.Number{d}, "rho")
			continue
		}
		rest = append(rest, p)
	}
	return rest, nil
}

// splitBySieve sieves the part p, which the curves have not split, unless it is a word.
// If p has several primes little above those of trial division, its number is left to
// Append, which divides by more primes: each curve finds all of these primes at once,
// and so no divisor.
func (e *Engine) splitBySieve(b *batch, p part) error {
	var d *big.Int
	if p.n[1] > 0 && !hasSmallPrime(p.n) {
		var err error
		if d, err = e.sieve(bigNumber(p.n), e.checkContext); err != nil {
			return err
		}
	}
	if d == nil {
		b.answers[p.at].byAppend = true
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

// split replaces the part p by its divisor d and the cofactor, both untested.
func (b *batch) split(p part, d ecm.Number, method string) {
	b.method(p.at, method)
	b.untested = append(b.untested, part{d, p.at}, part{divide(p.n, d), p.at})
}

// method notes the first method that split the number at a place. Later ones split
// smaller parts.
func (b *batch) method(at int32, name string) {
	if a := &b.answers[at]; a.method == "" {
		a.method = name
	}
}
