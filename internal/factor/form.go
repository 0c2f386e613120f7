package factor

import (
	"math/big"

	"factorfleet/internal/factor/algebraic"
)

// formDivisors are the divisors that follow from the algebraic form of a number. They
// are empty if it has no form.
type formDivisors struct {
	method   string
	divisors []*big.Int // each one shares a factor with the number
}

// formMinBits is the least size of a piece that is tested for dividing a number a^e-1
// or a^e+1. The test takes 20 us at 110 bits, a hundredth of the time of the sieve.
const formMinBits = 110

// findByForm returns a proper divisor of p that follows from the form of the whole
// number, for example 10^120+1, or else from a form that p divides. A piece can divide
// a form when the user submits a cofactor, such as (10^120+1)/17. The divisors of a
// form are computed once for a number, and each piece is tried once with them.
func (s *search) findByForm(p *piece) (d *big.Int, method string, err error) {
	if p.done.formTried {
		return nil, "", nil
	}
	if s.form == nil {
		form, ok := formOf(s.whole)
		if s.form, err = s.newFormDivisors(form, ok); err != nil {
			return nil, "", err
		}
	}
	// Without a form of the whole number: does p divide one?
	if len(s.form.divisors) == 0 && p.n.BitLen() >= formMinBits {
		form, ok, err := algebraic.OfDivisor(p.n, s.e.checkBudget)
		if err != nil {
			return nil, "", err
		}
		if s.form, err = s.newFormDivisors(form, ok); err != nil {
			return nil, "", err
		}
	}
	for _, v := range s.form.divisors {
		if err := s.e.checkBudget(); err != nil {
			return nil, "", err
		}
		if d := new(big.Int).GCD(nil, nil, v, p.n); d.Cmp(one) != 0 && d.Cmp(p.n) != 0 {
			return d, s.form.method, nil
		}
	}
	p.done.formTried = true
	return nil, "", nil
}

// newFormDivisors returns the divisors of form, or empty ones if ok is false.
func (s *search) newFormDivisors(form algebraic.Form, ok bool) (*formDivisors, error) {
	if !ok {
		return new(formDivisors), nil
	}
	divisors, err := form.Divisors(s.e.checkBudget)
	if err != nil {
		return nil, err
	}
	return &formDivisors{"algebraic(" + form.String() + ")", divisors}, nil
}

// formOf returns n = a^e-1 or n = a^e+1 with the largest e, for n >= 2^64. It returns
// false if e = 1. If both n-1 and n+1 were powers, n-1 would count; no such n above 26
// is known (25 = 5^2, 27 = 3^3).
func formOf(n *big.Int) (algebraic.Form, bool) {
	for _, plus := range [...]bool{true, false} {
		m := new(big.Int).Add(n, one)
		if plus {
			m.Sub(n, one)
		}
		if base, exp := anyPower(m); exp > 1 {
			return algebraic.Form{Base: base, Exp: exp, Plus: plus}, true
		}
	}
	return algebraic.Form{}, false
}
