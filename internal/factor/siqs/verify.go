package siqs

// A Verifier checks relations of one number that come from elsewhere, in well below a
// microsecond each if those of a coefficient follow each other. It is not for concurrent
// use.
type Verifier struct {
	params Params
	base   factorBase
	pools  pools
	poly   polynomial
	number uint64 // coefficient of poly
	half   int32
}

// Reset makes the verifier ready for the number that p describes. It returns
// ErrParams as Sieve.Reset does.
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

// Verify reports whether r holds: whether it is the equation that Relation says, and
// within the bounds of the parameters. Requires Reset.
//
// Nothing that holds can spoil the factorization, whoever made it up: the large primes need
// not be primes for that.
func (v *Verifier) Verify(r *Relation) bool {
	p := &v.params
	if r.X < -v.half || r.X >= v.half || r.Large[0] > r.Large[1] || r.Large[0] == 0 || r.Large[1] >= p.Large ||
		!v.seek(r.Coefficient, r.Poly) {
		return false
	}
	r.value = v.poly.linear(r.X)
	return r.holds(&v.base)
}

// seek makes the polynomial of that number, and reports whether there is one.
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
