package siqs

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

// Verify reports whether r holds, and sets its value. Requires Reset. It checks that
//
//   - coefficient and polynomial exist, and X is within the interval,
//   - 1 <= Large[0] <= Large[1] < L,
//   - the equation of Relation is true.
//
// It does not check that the large primes are prime. Nothing depends on it: in a cycle
// they occur an even number of times, prime or not, and the congruence of the square
// root step follows from the equations alone. So a relation that holds cannot spoil the
// factorization, whoever has made it.
func (v *Verifier) Verify(r *Relation) bool {
	p := &v.params
	if r.X < -v.half || r.X >= v.half || r.Large[0] > r.Large[1] || r.Large[0] == 0 || r.Large[1] >= p.Large ||
		!v.seek(r.Coefficient, r.Poly) {
		return false
	}
	r.value = v.poly.linear(r.X)
	return r.holds(&v.base)
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
