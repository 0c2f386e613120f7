package factor

import (
	"math/big"
	"slices"

	"factorfleet/internal/nat"
)

// A Proof shows that the N of its first step is prime. A step uses prime factors of N-1
// or N+1. Those below 2^64 are proved by Baillie-PSW; for each larger one there is a
// later step. Steps descend in N.
type Proof struct {
	Steps []ProofStep
}

// A ProofStep proves that N is prime, by theorems of J. Brillhart, D. H. Lehmer, J. L.
// Selfridge, New primality criteria and factorizations of 2^m +- 1, Math. Comp. 29
// (1975). They extend the theorem of H. C. Pocklington (1914).
//
// Minus are prime factors of N-1 and Plus of N+1, both ascending. F1 and F2 are the
// products of their full powers in N-1 and N+1. One of these holds:
//
//	F1^3 > N
//	(F2-1)^3 > N
//	lcm(F1, F2)^2 > N
//
// For the first two, a discriminant must not be a square either. That is so for every
// prime N, and verify/theorem.go checks it.
type ProofStep struct {
	N           nat.Nat
	Minus, Plus []Witness
}

// A Witness belongs to a prime factor Q of N-1 or N+1.
//
//	of N-1: A^(N-1) = 1 mod N, and gcd(A^((N-1)/Q) - 1, N) = 1
//	of N+1: with a = A + sqrt(D), D >= 2 the least with (D/N) = -1, in the ring of all
//	x + y*sqrt(D) mod N: the y of a^(N+1) is 0, and the y of a^((N+1)/Q) is prime to N
type Witness struct {
	Q nat.Nat
	A uint32
}

// A knownPrime is a prime factor q of n-1, or of n+1 if plus.
type knownPrime struct {
	plus  bool
	q     nat.Nat
	power *big.Int // the full power of q in n-1 or n+1
	claim *claim   // that q is prime; nil for q < 2^64
}

// A goal is one of the conditions of ProofStep: the powers of the primes on the sides
// that it uses are large enough.
type goal struct {
	minus, plus bool // the sides whose primes it uses
	reached     func(n, f1, f2 *big.Int) bool
}

var goals = [...]goal{
	{true, false, func(n, f1, _ *big.Int) bool { return cube(f1).Cmp(n) > 0 }},
	{false, true, func(n, _, f2 *big.Int) bool { return cube(new(big.Int).Sub(f2, one)).Cmp(n) > 0 }},
	{true, true, func(n, f1, f2 *big.Int) bool {
		l := new(big.Int).Mul(f1, f2)
		l.Quo(l, new(big.Int).GCD(nil, nil, f1, f2))
		return l.Mul(l, l).Cmp(n) > 0
	}},
}

func cube(f *big.Int) *big.Int {
	x := new(big.Int).Mul(f, f)
	return x.Mul(x, f)
}

// by reports whether the primes in parts reach g.
func (g *goal) by(n *big.Int, parts []knownPrime) bool {
	f1, f2 := big.NewInt(1), big.NewInt(1)
	for i := range parts {
		if parts[i].plus {
			f2.Mul(f2, parts[i].power)
		} else {
			f1.Mul(f1, parts[i].power)
		}
	}
	return g.reached(n, f1, f2)
}

// reachable reports whether all parts together reach a goal.
func reachable(n *big.Int, parts []knownPrime) bool {
	return slices.ContainsFunc(goals[:], func(g goal) bool { return g.by(n, parts) })
}

// choose returns few of the parts that reach a goal, or nil if all of them do not. If
// primes below 2^64 suffice, it takes no others: each prime above makes the proof
// longer by its own proof.
func choose(n *big.Int, parts []knownPrime) []knownPrime {
	for _, wordsOnly := range [...]bool{true, false} {
		for i := range goals {
			g := &goals[i]
			list := slices.DeleteFunc(slices.Clone(parts), func(p knownPrime) bool {
				return p.plus && !g.plus || !p.plus && !g.minus || p.claim != nil && wordsOnly
			})
			slices.SortStableFunc(list, func(a, b knownPrime) int { return b.power.Cmp(a.power) })
			if g.by(n, list) {
				return g.shorten(n, list)
			}
		}
	}
	return nil
}

// shorten removes from list, which reaches g, the primes that g does not need. It tries
// the primes above 2^64 first, the largest ones before the others, because their proofs
// are the longest; then the words, the smallest first.
func (g *goal) shorten(n *big.Int, list []knownPrime) []knownPrime {
	try := func(i int) bool {
		less := slices.Delete(slices.Clone(list), i, i+1)
		if g.by(n, less) {
			list = less
			return true
		}
		return false
	}
	for i := 0; i < len(list); {
		if list[i].claim == nil || !try(i) {
			i++
		}
	}
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].claim == nil {
			try(i)
		}
	}
	return list
}
