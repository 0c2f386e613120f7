package factor

import (
	"math/big"

	"factorfleet/internal/factor/algebraic"
)

// A formDivisors is what the form of a number says of its divisors.
type formDivisors struct {
	method   string
	divisors []*big.Int // each has a factor in common with the number, if that has a form
}

// formMinBits is the size from which on a piece is looked at for being a divisor of a form: that takes some
// 20 us at 110 bits, a hundredth of the time of the sieve.
const formMinBits = 110

// findByForm returns a divisor that p has because of the form of the whole number or of its own.
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

// newFormDivisors returns the shape of a form, an empty one if there is none.
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

// formOf returns the form of n >= 2^64 with the largest exponent, if that is not 1. If both n-1 and n+1
// were powers, n-1 would count; above 25 and 27 no such pair is known.
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
