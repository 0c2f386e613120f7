package verify

import (
	"context"
	"fmt"
	"math/big"
	"sync"

	"factorfleet/internal/nat"
)

// smallBound is the end of the primes that no unfinished factor has. Every worker divides a number of
// 2^64 or more by all primes below it before anything else, whatever its budget.
const smallBound = 1 << 16

// checkComposite checks what the status Composite claims of p. All of it holds for each answer of a
// worker that follows the rules:
//
//	p >= 2^64              below, every number is factored completely
//	gcd(p, P) = 1          P is the product of all primes below smallBound
//	p is no power r^k      k >= 2
//	p is composite         it fails the Baillie-PSW test
//
// The checks are in the order of their cost. The last one exceeds the others by far. The
// error is the cause of the end of ctx, or says what p is.
func checkComposite(ctx context.Context, p nat.Nat) error {
	if _, word := p.Word(); word {
		return fmt.Errorf("%s is below 2^64 and unfinished", short(p))
	}
	n := p.Big()
	if hasSmallPrime(n) {
		return fmt.Errorf("%s is unfinished and has a prime factor below 2^16", short(p))
	}
	if k := exponent(n); k > 1 {
		return fmt.Errorf("%s is unfinished and is a power with the exponent %d", short(p), k)
	}
	prime, err := probablePrime(ctx, n)
	if err == nil && prime {
		err = fmt.Errorf("%s is called composite and is a probable prime", short(p))
	}
	return err
}

// hasSmallPrime reports whether a prime below smallBound divides n > 0. The division of the product,
// which has 93,000 bits, by n takes most of the time if n is short.
func hasSmallPrime(n *big.Int) bool {
	if n.Bit(0) == 0 {
		return true
	}
	r := new(big.Int).Mod(primorial(), n)
	return r.Sign() == 0 || r.GCD(nil, nil, r, n).Cmp(one) != 0
}

// primorial returns the product of the odd primes below smallBound.
var primorial = sync.OnceValue(func() *big.Int {
	var factors []*big.Int
	for p := uint64(3); p < smallBound; p += 2 {
		if provedPrime(p) {
			factors = append(factors, new(big.Int).SetUint64(p))
		}
	}
	for len(factors) > 1 { // a tree: the factors of each product have equal lengths
		half := (len(factors) + 1) / 2
		for i, f := range factors[half:] {
			factors[i] = new(big.Int).Mul(factors[i], f)
		}
		factors = factors[:half]
	}
	return factors[0]
})

// exponent returns the least k >= 2 with n = r^k, or 1 if n is no power. Requires n > 1 without prime
// factors below smallBound: then r > 2^16, and k < bits(n)/16, at most 1024. The least k is prime.
func exponent(n *big.Int) int {
	for k := 2; 16*k < n.BitLen(); k++ {
		if provedPrime(uint64(k)) && mayBePower(n, uint64(k)) && isPower(n, k) {
			return k
		}
	}
	return 1
}

// mayBePower reports whether n may be a k-th power, k prime. Let q be a prime with q = 1 mod k that
// does not divide n. The units modulo q are a cyclic group of q-1 elements, so that r^((q-1)/k) = 1
// mod q if r is a k-th power. One unit in k passes. Six q are tried for k = 2, three for others.
func mayBePower(n *big.Int, k uint64) bool {
	tests := 3
	if k == 2 {
		tests = 6
	}
	var m, r big.Int
	for q := 2*k + 1; tests > 0; q += 2 * k {
		if !provedPrime(q) {
			continue
		}
		tests--
		r.Mod(n, m.SetUint64(q))
		if r.Exp(&r, new(big.Int).SetUint64((q-1)/k), &m).Cmp(one) != 0 {
			return false
		}
	}
	return true
}

// isPower reports whether n > 1 is r^k, k >= 2. The bits of r are found by bisection: r has
// bits(n)/k bits, so that a large k takes few steps.
func isPower(n *big.Int, k int) bool {
	if k == 2 {
		return isPerfectSquare(n)
	}
	var power big.Int
	exp := big.NewInt(int64(k))
	r := new(big.Int)
	for i := (n.BitLen()-1)/k + 1; i >= 0; i-- {
		r.SetBit(r, i, 1)
		switch power.Exp(r, exp, nil).Cmp(n) {
		case 0:
			return true
		case 1:
			r.SetBit(r, i, 0)
		}
	}
	return false
}
