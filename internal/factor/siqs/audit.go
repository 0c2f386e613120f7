package siqs

import "errors"

// auditRelations is the number of relations for which the set of an audit has room at
// first: a coefficient has up to 950.
const auditRelations = 4096

// Missing sieves the coefficient number and returns how many of its relations a yield of
// the coefficients [first, end) lacks. It returns ErrInvalid for a yield that AddYield
// refuses, or the error of alive. Requires Reset, and number below Coefficients.
//
// It may run in another goroutine while the set is used, until the next Reset: it reads
// only the parameters, the factor base and the pools, which do not change. It takes the
// memory of a sieve, and the inverses of one coefficient instead of those of all.
func (s *Set) Missing(alive func() error, number, first, end uint64, yield []byte) (missing int, err error) {
	v := s.verifier
	told := Set{verifier: v.twin()}
	told.reset(&told.verifier.base, auditRelations)
	if _, err := told.AddYield(yield, first, end); err != nil {
		return 0, err
	}
	sieve := idleSieves.Get().(*Sieve)
	if err = sieve.useFor(alive, v, number); err == nil {
		missing, err = told.addAll(alive, sieve, number)
	}
	sieve.unshare()
	idleSieves.Put(sieve) // not after a panic, when its state is unknown
	return missing, err
}

// addAll adds the relations of the coefficient number, which the sieve finds, and returns
// how many the set did not have.
func (s *Set) addAll(alive func() error, sieve *Sieve, number uint64) (fresh int, err error) {
	var failed error
	never := func() (flush, stop bool) { return false, false }
	err = sieve.Yield(alive, number, number+1, never, func(from, to uint64, relations []byte) {
		count, err := s.AddYield(relations, from, to)
		fresh, failed = fresh+count, errors.Join(failed, err)
	})
	return fresh, errors.Join(err, failed)
}

// twin returns a verifier for the same number that shares the factor base.
func (v *Verifier) twin() *Verifier {
	return &Verifier{params: v.params, base: v.base, pools: v.pools, number: ^uint64(0), half: v.half}
}

// useFor makes the sieve ready for one coefficient of the number of v. The sieve shares
// the factor base of v. A void coefficient needs no inverses.
func (s *Sieve) useFor(alive func() error, v *Verifier, number uint64) error {
	s.unshare()
	s.params, s.base, s.shared = v.params, v.base, true
	s.prepareOwn()
	if number >= s.pools.count {
		return ErrExhausted
	}
	members, ok := s.pools.factors(nil, number, &s.base)
	if !ok {
		return nil
	}
	slots := members
	for i, at := range members {
		slots[i] = int(s.pools.slot[at])
	}
	return s.fillInverses(alive, slots)
}
