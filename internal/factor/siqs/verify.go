package siqs

import "factorfleet/internal/factor/mont"

// A Verifier checks relations of one number that come from other machines, in well
// below a microsecond each if the relations of a coefficient follow each other. It is
// not for concurrent use.
type Verifier struct {
	params Params
	base   factorBase
	pools  pools
	poly   polynomial
	number uint64 // coefficient number of poly; 2^64-1 if there is none
	half   int32  // M
}

// Reset makes the verifier ready for the number that p describes. It returns ErrParams
// as Sieve.Reset does.
func (v *Verifier) Reset(alive func() error, p Params) error {
	if err := v.base.rebuild(alive, &p); err != nil {
		return err
	}
	v.params = p
	v.pools.set(&p, v.base.target(&p))
	v.number = ^uint64(0)
	v.half = int32(p.Interval / 2)
	return nil
}

// Verify reports whether r is a relation that a sieve may emit, and sets its value.
// Requires Reset. It checks that
//
//   - coefficient and polynomial exist, and X is within the interval,
//   - the large primes are sound,
//   - the equation of Relation is true.
//
// A relation that holds cannot spoil the factorization, whoever has made it: the
// congruence of the square root step follows from the equations alone.
func (v *Verifier) Verify(r *Relation) bool {
	if r.X < -v.half || r.X >= v.half || !v.inBounds(r.Large) || !v.seek(r.Coefficient, r.Poly) {
		return false
	}
	r.value = v.poly.linear(r.X)
	return r.holds(&v.base) && arePrime(r.Large)
}

// inBounds reports whether the large primes are within the bounds of Relation, P being
// the largest prime of the base:
//
//	1, 1    1, p    p, q    with P < p <= q < L, p*q < Double
//
// Together with arePrime it makes the code of a relation unique, but for pseudoprimes.
// Else a product of two primes of the base could stand for a large prime that occurs
// only once. Such a relation is useless, and it takes the place of the one that another
// machine finds for the same X.
func (v *Verifier) inBounds(large [2]uint32) bool {
	p, q := large[0], large[1]
	least := v.base.largest()
	switch {
	case p > q || q >= v.params.Large:
		return false
	case p == 1:
		return q == 1 || q > least
	}
	return p > least && uint64(p)*uint64(q) < v.params.Double
}

// arePrime reports whether each of the numbers is 1, or odd and passes Fermat's test to
// base 2.
func arePrime(large [2]uint32) bool {
	for _, p := range large {
		if p == 1 {
			continue
		}
		if p%2 == 0 {
			return false
		}
		if m := mont.New(uint64(p)); !fermat(&m) {
			return false
		}
	}
	return true
}

// seek sets poly to that polynomial and reports whether it exists. A new coefficient
// takes a few microseconds.
func (v *Verifier) seek(coefficient uint64, number uint32) bool {
	if coefficient != v.number {
		if coefficient >= v.pools.count {
			return false
		}
		v.number = ^uint64(0)
		var ok bool
		if v.poly.factors, ok = v.pools.factors(v.poly.factors[:0], coefficient, &v.base); !ok {
			return false
		}
		v.poly.set(&v.base)
		v.number = coefficient
	}
	if number > v.poly.last() {
		return false
	}
	if number != v.poly.number {
		v.poly.seek(number)
	}
	return true
}
