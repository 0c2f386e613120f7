package siqs

import (
	"math/bits"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/mont"
)

// A cofactorBatch has relations whose cofactor may be the product of two large primes,
// but is not yet split. Package ecm splits many products at once in a fraction of the
// time that one at a time would take.
type cofactorBatch struct {
	batch    ecm.Batch
	products []ecm.Number // the cofactors, of one word each
	divisors []uint64     // a proper divisor of each product, 0 where none was found
	rels     []Relation   // without Primes and Large
	primes   []uint32     // Primes of all relations, one after the other
	ends     []int        // those of relation i are primes[ends[i-1]:ends[i]]
}

// cofactorRoom is the number of relations that wait before their cofactors are split:
// enough that few lanes of package ecm idle. It is a constant, as the order of the
// relations must be the same on all machines.
const cofactorRoom = 512

// maxCofactors bounds the relations that wait, as one polynomial may add many. The
// parameters of NewParams make far fewer; of others, what is beyond is lost.
const maxCofactors = 1 << 15

// clear removes all relations.
func (w *cofactorBatch) clear() {
	w.products, w.rels = w.products[:0], w.rels[:0]
	w.primes, w.ends = w.primes[:0], w.ends[:0]
}

// add adds a copy of the relation, unless its cofactor is prime: no curve splits a
// prime. A composite that passes Fermat's test to base 2 is lost, too; such numbers are
// rare. Requires product odd, above 2^16, without prime factors below its fourth root.
func (w *cofactorBatch) add(r *Relation, product uint64) {
	if m := mont.New(product); len(w.rels) == maxCofactors || fermat(&m) {
		return
	}
	w.products = append(w.products, ecm.Number{product})
	w.primes = append(w.primes, r.Primes...)
	w.ends = append(w.ends, len(w.primes))
	w.rels = append(w.rels, *r)
}

// split fills divisors. The few products that no curve splits keep 0, and their
// relations are lost.
func (w *cofactorBatch) split(alive func() error) error {
	w.divisors = resize(w.divisors, len(w.products))
	clear(w.divisors)
	return w.batch.Split(w.products, 0, alive, func(i int, d ecm.Number, _ string) { w.divisors[i] = d[0] })
}

// emitSplit splits the cofactors and emits those relations whose two large primes are
// above P and below L, in the order in which they were added. The batch is empty
// afterwards. It returns false if emit did.
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

// fermat reports whether 2^(n-1) = 1 mod n, which holds for all odd primes n and few
// other numbers. It takes the bits of n-1 from the highest down: a square each, and a
// doubling for a 1.
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
