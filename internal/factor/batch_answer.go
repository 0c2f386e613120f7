package factor

import (
	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/nat"
)

// An answer is what is known of the number at its place in the list.
type answer struct {
	found    []power // not sorted; a prime may be there several times
	method   string  // the first one that split it, which was the hardest; "" for none
	byAppend bool    // the batch gave it up: Append is to factor it
}

// A power is p^exp, p prime or probably prime, exp >= 1.
type power struct {
	p   ecm.Number
	exp uint32
}

// name returns the method, as Append returns it.
func (a *answer) name() string {
	switch {
	case a.method != "":
		return a.method
	case len(a.found) == 0:
		return ""
	case len(a.found) == 1 && a.found[0].exp == 1:
		return "prime"
	}
	return "trial"
}

// appendFactors sorts the primes found, appends them with equal ones added, and returns
// dst. Primes of 2^64 or more are probable primes.
func (a *answer) appendFactors(dst []Factor) []Factor {
	sortPowers(a.found)
	for i, f := range a.found {
		if i > 0 && f.p == a.found[i-1].p {
			dst[len(dst)-1].Exp += f.exp
			continue
		}
		// Below 2^64 the test is a proof.
		if f.p[1] == 0 {
			dst = append(dst, Factor{nat.New(f.p[0]), f.exp, Prime})
		} else {
			dst = append(dst, Factor{nat.FromBig(bigNumber(f.p)), f.exp, PRP})
		}
	}
	return dst
}

// sortPowers sorts a few powers by their primes, by insertion.
func sortPowers(list []power) {
	for i := 1; i < len(list); i++ {
		f := list[i]
		j := i
		for ; j > 0 && lessNumber(f.p, list[j-1].p); j-- {
			list[j] = list[j-1]
		}
		list[j] = f
	}
}

// lessNumber reports whether x < y.
func lessNumber(x, y ecm.Number) bool { return x[1] < y[1] || x[1] == y[1] && x[0] < y[0] }
