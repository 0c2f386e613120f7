package siqs

import (
	"fmt"
	"math/big"
	"math/bits"
	"slices"

	"factorfleet/internal/factor/gf2"
)

// A solver makes factors from the relations of a set.
type solver struct {
	forest  forest
	matrix  gf2.Matrix
	modulus modulus
	cycles  []uint32 // entries of all cycles, one after the other
	ends    []uint32 // where they end: one row of the matrix each
	row     []uint32
	primes  []uint32
	odd     []bool   // scratch: of each prime, and of each entry
	count   []uint32 // exponent of each prime in a product
	large   []uint32 // large primes of a product
}

// solve returns a divisor d of n, 1 < d < n, or nil if no dependency has given
// one, or the error of alive.
func (s *Set) solve(alive func() error, n *big.Int) (d *big.Int, err error) {
	if err := s.buildMatrix(alive); err != nil {
		return nil, err
	}
	var words huge
	words.setBig(n)
	s.solver.modulus.set(&words)
	var splitErr error
	err = s.solver.matrix.Dependencies(alive, func(rows []uint32) bool {
		d, splitErr = s.split(alive, rows)
		return d == nil && splitErr == nil
	})
	if splitErr != nil {
		return nil, splitErr
	}
	return d, err
}

// buildMatrix makes a row of the matrix for each cycle: the primes with an odd
// exponent in the product of its relations.
func (s *Set) buildMatrix(alive func() error) error {
	v := &s.solver
	if err := v.forest.grow(alive, s); err != nil {
		return err
	}
	v.matrix.Reset(len(s.base.prime))
	v.cycles, v.ends = v.cycles[:0], v.ends[:0]
	v.odd = resize(v.odd, len(s.base.prime))
	clear(v.odd)
	for e := range uint32(len(s.entries)) {
		if e%aliveEvery == aliveEvery-1 {
			if err := alive(); err != nil {
				return err
			}
		}
		start := len(v.cycles)
		var ok bool
		if v.cycles, ok = v.forest.cycle(v.cycles, e); !ok {
			continue
		}
		v.ends = append(v.ends, uint32(len(v.cycles)))
		v.matrix.AddRow(s.oddPrimes(v.cycles[start:]))
	}
	return nil
}

// oddPrimes returns the primes with an odd exponent in the product of the
// entries, in no order. The result is valid until the next call.
func (s *Set) oddPrimes(entries []uint32) []uint32 {
	v := &s.solver
	v.primes = v.primes[:0]
	for _, e := range entries {
		v.primes = s.appendEntry(v.primes, e)
	}
	for _, i := range v.primes {
		v.odd[i] = !v.odd[i]
	}
	v.row = v.row[:0]
	for _, i := range v.primes {
		if v.odd[i] {
			v.odd[i] = false
			v.row = append(v.row, i)
		}
	}
	return v.row
}

// appendEntry appends the primes of an entry to dst.
func (s *Set) appendEntry(dst []uint32, e uint32) []uint32 {
	return readPrimes(dst, s.primes[s.entries[e].start:s.entries[e].end])
}

// split multiplies the relations of the rows, which make a square: X^2 = Y^2 mod
// n. It returns gcd(X-Y, n) if that is a proper divisor, else nil, or the error of alive.
func (s *Set) split(alive func() error, rows []uint32) (*big.Int, error) {
	v := &s.solver
	m := &v.modulus
	x := m.one
	v.count = resize(v.count, len(s.base.prime))
	clear(v.count)
	v.large = v.large[:0]
	for i, e := range s.dependency(rows) {
		if i%aliveEvery == 0 {
			if err := alive(); err != nil {
				return nil, err
			}
		}
		en := &s.entries[e]
		m.mulWide(&x, &en.value)
		v.primes = s.appendEntry(v.primes[:0], e)
		for _, i := range v.primes {
			v.count[i]++
		}
		v.large = append(v.large, en.large[0], en.large[1])
	}
	y := s.root()
	m.sub(&x, &x, &y)
	d := gcdOdd(x, m.n)
	if d == (huge{1}) || d == m.n {
		return nil, nil
	}
	return d.big(), nil
}

// dependency returns the entries that are in an odd number of the rows, in no
// order; those in an even number give a square by themselves.
func (s *Set) dependency(rows []uint32) []uint32 {
	v := &s.solver
	v.odd = resize(v.odd, max(len(s.entries), len(s.base.prime)))
	clear(v.odd)
	v.row = v.row[:0]
	for _, r := range rows {
		start := uint32(0)
		if r > 0 {
			start = v.ends[r-1]
		}
		for _, e := range v.cycles[start:v.ends[r]] {
			v.odd[e] = !v.odd[e]
		}
	}
	for e := range s.entries {
		if v.odd[e] {
			v.row = append(v.row, uint32(e))
		}
	}
	return v.row
}

// root returns the square root of the product that count and large describe.
func (s *Set) root() huge {
	v := &s.solver
	y := factors{m: &v.modulus, product: v.modulus.one, word: 1}
	for i, exp := range v.count {
		if exp%2 != 0 {
			panic(fmt.Sprintf("siqs: internal error: exponent %d of %d in a dependency for %v", exp, s.base.prime[i], v.modulus.n.big()))
		}
		for range exp / 2 {
			if i > 0 { // the sign has no root, nor needs one
				y.mul(s.base.prime[i])
			}
		}
	}
	slices.Sort(v.large)
	for i := 0; i < len(v.large); i += 2 {
		if v.large[i] != v.large[i+1] {
			panic(fmt.Sprintf("siqs: internal error: large prime %d in a dependency for %v", v.large[i], v.modulus.n.big()))
		}
		y.mul(v.large[i])
	}
	return y.value()
}

// factors is a product of words modulo m, of which the last are still in one word.
type factors struct {
	m       *modulus
	product huge
	word    uint64
}

func (f *factors) mul(p uint32) {
	hi, lo := bits.Mul64(f.word, uint64(p))
	if hi != 0 {
		f.m.mulWord(&f.product, f.word)
		lo = uint64(p)
	}
	f.word = lo
}

// value returns the product.
func (f *factors) value() huge {
	f.m.mulWord(&f.product, f.word)
	return f.product
}
