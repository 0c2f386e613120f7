package verify

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"factorfleet/internal/task"
)

// The theorems by which a step proves an odd n prime. Sources:
//
//	H. C. Pocklington, The determination of the prime or composite nature of large
//	numbers by Fermat's theorem, Proc. Cambridge Philos. Soc. 18 (1914), 29-30
//	M. A. Morrison, A note on primality testing using Lucas sequences, Math. Comp. 29
//	(1975), 181-182
//	BLS: J. Brillhart, D. H. Lehmer, J. L. Selfridge, New primality criteria and
//	factorizations of 2^m +- 1, Math. Comp. 29 (1975), 620-647
//	R. Crandall, C. Pomerance, Prime Numbers, 2nd ed. (2005), theorem 4.1.5, for the form
//	of concludeMinus
//
// Throughout, p is any prime factor of n. q is a prime of n-1 or n+1 that the step lists,
// and q^v the largest power of q that divides n-1 or n+1. F1 is the product of all q^v of
// n-1, and F2 that of n+1; an empty product is 1.
//
// Minus (Pocklington; BLS, condition I). If a^(n-1) = 1 mod n and
// gcd(a^((n-1)/q) - 1, n) = 1, then p = 1 mod q^v.
//
//	Proof. The order of a modulo p divides n-1 but not (n-1)/q, so q^v divides the
//	order, which divides p-1.
//
// Hence p = 1 mod F1.
//
// Plus (Morrison; BLS, condition II, where U(m) is the y of a^m). Let D have the Jacobi
// symbol (D/n) = -1, and let a = x + sqrt(D) be a unit of the ring of all x + y*sqrt(D)
// modulo n. If the y of a^(n+1) is 0, and the y of a^((n+1)/q) is prime to n, then
// p = (D/p) mod q^v.
//
//	Proof. p divides neither 2 nor D. Modulo p, the units of the ring divided by the units
//	with y = 0 are a group of p - (D/p) elements: (p^2-1)/(p-1) if the ring is a field,
//	else (p-1)^2/(p-1). The order of a in this group divides n+1 but not (n+1)/q, so q^v
//	divides the order, which divides p - (D/p).
//
// D is the same for all q of a step. Hence p = 1 mod F2 or p = -1 mod F2.

var (
	errMinus    = errors.New("does not divide N-1")
	errPlus     = errors.New("does not divide N+1")
	errPower    = errors.New("its power N-1 is not 1")
	errRational = errors.New("its power N+1 is not rational")
	errNoOrder  = errors.New("it does not show that the prime divides the order")
	errUnit     = errors.New("it is not a unit")
	errNoD      = errors.New("no D below 1000 has the Jacobi symbol -1")
)

// minusPart checks the hypotheses of Minus for each witness of list and returns F1.
func minusPart(ctx context.Context, n *big.Int, list []task.Witness) (*big.Int, error) {
	m := new(big.Int).Sub(n, one)
	f := one
	for i := range list {
		q := list[i].Q.Big()
		var ok bool
		if f, ok = divide(f, m, q); !ok { // q must divide n-1; v is computed, not claimed
			return nil, fmt.Errorf("%s %w", short(list[i].Q), errMinus)
		}
		if err := minusWitness(ctx, n, m, q, uint64(list[i].A)); err != nil {
			return nil, fmt.Errorf("witness of %s: %w", short(list[i].Q), err)
		}
	}
	return f, nil
}

// minusWitness checks the hypotheses of Minus for q, which divides m = n-1.
func minusWitness(ctx context.Context, n, m, q *big.Int, a uint64) error {
	b := new(big.Int).Quo(m, q)
	b, err := power(ctx, new(big.Int).SetUint64(a), b, n) // a^((n-1)/q)
	if err != nil {
		return err
	}
	c, err := power(ctx, b, q, n)
	if err != nil {
		return err
	}
	if c.Cmp(one) != 0 {
		return errPower // a^(n-1) = 1
	}
	b.Sub(b, one)
	if b.GCD(nil, nil, b, n).Cmp(one) != 0 {
		return errNoOrder // gcd(a^((n-1)/q) - 1, n) = 1
	}
	return nil
}

// plusPart checks the hypotheses of Plus for each witness of list and returns F2.
func plusPart(ctx context.Context, n *big.Int, list []task.Witness) (*big.Int, error) {
	d, err := nonResidue(n) // (D/n) = -1, the same D for all
	if err != nil {
		return nil, err
	}
	m := new(big.Int).Add(n, one)
	f := one
	for i := range list {
		q := list[i].Q.Big()
		var ok bool
		if f, ok = divide(f, m, q); !ok { // q must divide n+1
			return nil, fmt.Errorf("%s %w", short(list[i].Q), errPlus)
		}
		if err := plusWitness(ctx, &ring{n, d}, m, q, uint64(list[i].A)); err != nil {
			return nil, fmt.Errorf("witness of %s: %w", short(list[i].Q), err)
		}
	}
	return f, nil
}

// plusWitness checks the hypotheses of Plus for q, which divides m = n+1.
func plusWitness(ctx context.Context, r *ring, m, q *big.Int, a uint64) error {
	x := element{new(big.Int).SetUint64(a), big.NewInt(1)}
	x.x.Mod(x.x, r.n)
	if !r.unit(x) {
		return errUnit // a is a unit
	}
	b, err := r.exp(ctx, x, new(big.Int).Quo(m, q)) // a^((n+1)/q)
	if err != nil {
		return err
	}
	c, err := r.exp(ctx, b, q)
	if err != nil {
		return err
	}
	if c.y.Sign() != 0 {
		return errRational // the y of a^(n+1) is 0
	}
	if new(big.Int).GCD(nil, nil, b.y, r.n).Cmp(one) != 0 {
		return errNoOrder // the y of a^((n+1)/q) is prime to n
	}
	return nil
}

// nonResidue returns the least D >= 2 with (D/n) = -1, which is prime to n. A square has no
// such D. If n is not a square, one of the 25 primes below 100 is such a D, except in about
// one of 2^25 cases.
func nonResidue(n *big.Int) (*big.Int, error) {
	const most = 1000
	// D need not be prime, but the least one is: the symbol is multiplicative.
	d := big.NewInt(2)
	for ; d.Int64() < most; d.Add(d, one) {
		if big.Jacobi(d, n) == -1 {
			return d, nil
		}
	}
	return nil, errNoD
}

// conclude checks that n is prime, given that each prime factor p of n is 1 mod F1, and that
// it is 1 or -1 mod F2. F1 divides n-1, F2 divides n+1. The first row that applies decides:
//
//	F1 > n^(1/3)             concludeMinus
//	F2 > n^(1/3) + 1         concludePlus
//	lcm(F1, F2) > n^(1/2)    concludeBoth
//
// If none applies, the listed primes prove nothing about n, and the certificate is refused.
func conclude(n, f1, f2 *big.Int) error {
	switch {
	case cube(f1).Cmp(n) > 0:
		return concludeMinus(n, f1)
	case cube(new(big.Int).Sub(f2, one)).Cmp(n) > 0:
		return concludePlus(n, f2)
	}
	return concludeBoth(n, f1, f2)
}

var (
	errShort   = errors.New("the listed primes are too few")
	errSplits  = errors.New("the number is composite: the discriminant is a square")
	errResidue = errors.New("the number is composite: the residue divides it")
)

// concludeMinus: F = F1 > n^(1/3). Let n = c2*F^2 + c1*F + 1, 0 <= c1 < F. Then n is prime
// unless c2 >= 1 and c1^2 - 4*c2 is a square (BLS, theorem 5 with m = 1; for F > n^(1/2) c2
// is 0, and this is Pocklington's theorem).
//
//	Proof. A composite n has exactly two prime factors, since the product of three, each
//	at least F+1, exceeds n < F^3: n = (aF+1)(bF+1) = abF^2 + (a+b)F + 1, 1 <= a <= b. From abF^2 < F^3
//	follows ab <= F-1, so a+b <= F; a+b = F needs a = 1, b = F-1, where n = F^3+1.
//	So a+b < F, c1 = a+b, c2 = ab >= 1, and c1^2 - 4*c2 = (b-a)^2.
func concludeMinus(n, f *big.Int) error {
	c2, c1 := new(big.Int).QuoRem(new(big.Int).Quo(n, f), f, new(big.Int))
	if c2.Sign() == 0 {
		return nil
	}
	x := new(big.Int).Mul(c1, c1)
	if x.Sub(x, c2.Lsh(c2, 2)); isPerfectSquare(x) {
		return errSplits
	}
	return nil
}

// concludePlus: F = F2, (F-1)^3 > n. Let r = (n+1)/F mod F. Then n is prime unless for e = r
// or e = r-F, c = ((n+1)/F - e)/F is at least 1 and e^2 + 4c is a square (compare BLS,
// theorem 17).
//
//	Proof. A composite n has exactly two prime factors, since the product of three, each
//	at least F-1, exceeds n. As n = -1 mod F, n = (aF+1)(bF-1) = abF^2 + (b-a)F - 1, a, b >= 1. From
//	aF < aF+1, b(F-1) <= bF-1 follows abF(F-1) < (F-1)^3, ab < F-1, so |b-a| < F. With
//	(n+1)/F = abF + (b-a), b-a is e, ab is c, and e^2 + 4c = (a+b)^2.
func concludePlus(n, f *big.Int) error {
	m := new(big.Int).Add(n, one)
	m.Quo(m, f)
	e := new(big.Int).Mod(m, f)
	for range 2 {
		c := new(big.Int).Sub(m, e)
		c.Quo(c, f) // exact
		if c.Sign() > 0 {
			x := new(big.Int).Mul(e, e)
			if x.Add(x, c.Lsh(c, 2)); isPerfectSquare(x) {
				return errSplits
			}
		}
		e.Sub(e, f)
	}
	return nil
}

// concludeBoth: L = lcm(F1, F2) > n^(1/2). Let r = n mod L. Then n is prime unless
// r > 1 and r divides n (compare BLS, theorem 20).
//
//	Proof. If p = 1 mod F2, then p = 1 mod L. If p = -1 = n mod F2, then p = n mod L, since
//	p = 1 = n mod F1. As n^2 = 1 mod L, each divisor of n is 1 or n mod L. A composite n
//	has one, d, 1 < d <= n^(1/2) < L: it is the residue r itself, since it is not 1. And
//	r < n, as L is: neither F1 nor F2 is much above n^(1/3) here.
func concludeBoth(n, f1, f2 *big.Int) error {
	l := new(big.Int).Mul(f1, f2)
	l.Quo(l, new(big.Int).GCD(nil, nil, f1, f2))
	if new(big.Int).Mul(l, l).Cmp(n) <= 0 {
		return errShort
	}
	r := new(big.Int).Mod(n, l)
	if r.Cmp(one) > 0 && new(big.Int).Mod(n, r).Sign() == 0 {
		return errResidue
	}
	return nil
}

// cube returns f^3.
func cube(f *big.Int) *big.Int {
	x := new(big.Int).Mul(f, f)
	return x.Mul(x, f)
}

// isPerfectSquare reports whether x is the square of an integer.
func isPerfectSquare(x *big.Int) bool {
	if x.Sign() < 0 {
		return false
	}
	r := new(big.Int).Sqrt(x)
	return r.Mul(r, r).Cmp(x) == 0
}
