// Package algebraic finds the divisors that a^e-1 and a^e+1 have because of their form.
//
// With the cyclotomic polynomials Phi_d
//
//	a^e - 1 = product of Phi_d(a) over all d that divide e
//	a^e + 1 = product of Phi_d(a) over all d that divide 2e but not e
//
// and some of the Phi_d(a) are products of two numbers again, see aurifeuille.go. For
// example
//
//	10^6 + 1 = Phi_4(10) * Phi_12(10) = 101 * 9901.
//
// Source: J. Brillhart, D. Lehmer, J. Selfridge, B. Tuckerman, S. Wagstaff,
// Factorizations of b^n±1, 3rd ed. (2002), chapter III C.
//
// Nothing here is tested for primality, and only exponents are factored.
package algebraic

import (
	"fmt"
	"math/big"
)

// A Form is Base^Exp + 1, or Base^Exp - 1 if not Plus. Base >= 2, Exp >= 1. A Base that
// is no power gives the most divisors.
type Form struct {
	Base *big.Int
	Exp  int
	Plus bool
}

// maxNamed is the largest size in bits of a base that String writes as a number.
const maxNamed = 128

// String returns the form as in "10^120+1", with the letter a for a base of more than
// 128 bits.
func (f Form) String() string {
	base, sign := "a", '-'
	if f.Base.BitLen() <= maxNamed {
		base = f.Base.String()
	}
	if f.Plus {
		sign = '+'
	}
	return fmt.Sprintf("%s^%d%c1", base, f.Exp, sign)
}

// Divisors returns numbers below f that share a factor with f: the Phi_d(Base) whose
// product it is, and of each one that has an Aurifeuillian factorization one of its two
// factors. It calls check for each d and returns its error.
func (f Form) Divisors(check func() error) ([]*big.Int, error) {
	order := f.order()
	var list []*big.Int
	values := make(map[int]*big.Int) // values[i] = Base^i - 1
	for _, d := range divisors(order) {
		if f.Plus && order/d%2 == 0 { // d divides Exp
			continue
		}
		if err := check(); err != nil {
			return nil, err
		}
		list = append(list, f.cyclotomic(d, values))
		if l := f.aurifeuillian(d); l != nil {
			list = append(list, l)
		}
	}
	return list, nil
}

// order returns the e for which f divides Base^e - 1: Exp, or twice that for Plus.
func (f Form) order() int {
	if f.Plus {
		return 2 * f.Exp
	}
	return f.Exp
}

// cyclotomic returns Phi_d(Base) = product of (Base^(d/q) - 1)^mu(q) over all divisors
// q of d. values caches Base^i - 1 by i.
func (f Form) cyclotomic(d int, values map[int]*big.Int) *big.Int {
	over, under := big.NewInt(1), big.NewInt(1)
	for _, q := range divisors(d) {
		switch moebius(q) {
		case 1:
			over.Mul(over, f.minusOne(d/q, values))
		case -1:
			under.Mul(under, f.minusOne(d/q, values))
		}
	}
	return over.Quo(over, under)
}

// minusOne returns Base^e - 1, from values if it is there.
func (f Form) minusOne(e int, values map[int]*big.Int) *big.Int {
	v := values[e]
	if v == nil {
		v = new(big.Int).Exp(f.Base, big.NewInt(int64(e)), nil)
		v.Sub(v, one)
		values[e] = v
	}
	return v
}

// divisors returns the divisors of n >= 1 in ascending order.
func divisors(n int) (list []int) {
	for d := 1; d <= n; d++ {
		if n%d == 0 {
			list = append(list, d)
		}
	}
	return list
}

// moebius returns mu(n), n >= 1: 0 if a square above 1 divides n, else 1 or -1 as the
// number of prime factors is even or odd.
func moebius(n int) int {
	mu := 1
	for p := 2; n > 1; p++ {
		if n%p != 0 {
			continue
		}
		if n /= p; n%p == 0 {
			return 0
		}
		mu = -mu
	}
	return mu
}

// totient returns Euler's phi(n), n >= 1: the number of residues prime to n.
func totient(n int) int {
	phi := n
	for p := 2; n > 1; p++ {
		if n%p != 0 {
			continue
		}
		phi -= phi / p
		for n%p == 0 {
			n /= p
		}
	}
	return phi
}

var one = big.NewInt(1)
