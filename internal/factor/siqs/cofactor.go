package siqs

import (
	"math/bits"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/mont"
)

// cofactorBatch are relations of which the product of two large primes is known, but not yet the primes.
// Package ecm splits many products in a fraction of the time that one at a time would take.
type cofactorBatch struct {
	batch    ecm.Batch
	products []ecm.Number
	divisors []uint64   // of the products; 0 where there is none
	rels     []Relation // without Primes and Large
	primes   []uint32   // those of all relations, one after the other
	ends     []int      // of each relation in primes
}

// cofactorRoom is how many relations wait before their products are split, so that few lanes of package
// ecm idle. It is a constant, since the order of the relations must not depend on the machine.
const cofactorRoom = 512

func (w *cofactorBatch) clear() {
	w.products, w.rels = w.products[:0], w.rels[:0]
	w.primes, w.ends = w.primes[:0], w.ends[:0]
}

// add adds a copy of the relation. Requires product odd, above 2^16, without prime factors below its
// fourth root. It leaves primes out, which no curve splits.
func (w *cofactorBatch) add(r *Relation, product uint64) {
	if m := mont.New(product); fermat(&m) {
		return
	}
	w.products = append(w.products, ecm.Number{product})
	w.primes = append(w.primes, r.Primes...)
	w.ends = append(w.ends, len(w.primes))
	w.rels = append(w.rels, *r)
}

// split fills divisors. The few products that no curve splits are lost.
func (w *cofactorBatch) split(alive func() error) error {
	w.divisors = resize(w.divisors, len(w.products))
	clear(w.divisors)
	return w.batch.Split(w.products, 0, alive, func(i int, d ecm.Number, _ string) { w.divisors[i] = d[0] })
}

// emitSplit emits those of the waiting relations whose large primes are within the bounds, in the
// order in which they have come. It returns false if emit did.
func (s *Sieve) emitSplit(alive func() error) (ok bool, err error) {
	w := &s.cofactors
	defer w.clear()
	if err := w.split(alive); err != nil {
		return false, err
	}
	start := 0
	for i, d := range w.divisors {
		r := &w.rels[i]
		r.Primes = w.primes[start:w.ends[i]:w.ends[i]]
		start = w.ends[i]
		if d == 0 {
			continue
		}
		e := w.products[i][0] / d
		if min(d, e) <= uint64(s.base.largest()) || max(d, e) >= uint64(s.params.Large) {
			continue
		}
		s.Stats.Double++
		r.Large = [2]uint32{uint32(min(d, e)), uint32(max(d, e))}
		if !s.emit(r) {
			return false, nil
		}
	}
	return true, nil
}

// fermat reports whether 2^(n-1) = 1 mod n, as for all primes n and few others.
func fermat(m *mont.Modulus) bool {
	e, x := m.N()-1, m.One()
	for i := bits.Len64(e) - 1; i >= 0; i-- {
		x = m.Mul(x, x)
		if e>>i&1 == 1 {
			x = m.Add(x, x)
		}
	}
	return x == m.One()
}
