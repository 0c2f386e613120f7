package siqs

import (
	"fmt"
	"math/big"
	"math/bits"
	"slices"

	"factorfleet/internal/factor/gf2"
)

// A solver makes a divisor from the relations of a set. With X[i]^2 - kN = +-(large
// primes)*(primes of the base) for the relations i of a dependency,
//
//	X = product of X[i] mod N,  Y^2 = product of (X[i]^2 - kN),
//
// X^2 = Y^2 mod N, as kN is 0 mod N. All exponents on the right are even: those of the
// large primes since a dependency is a set of cycles, those of the base and the sign by
// the linear algebra. So Y is the product of the primes with half of their exponents,
// and gcd(X-Y, N) divides N.
type solver struct {
	forest  forest
	matrix  gf2.Matrix
	modulus modulus
	cycles  []uint32 // entries of all cycles, one cycle after the other
	ends    []uint32 // cycle r is cycles[ends[r-1]:ends[r]], and row r of the matrix
	row     []uint32 // result of oddPrimes and of dependency
	primes  []uint32 // scratch: Primes of some entries
	odd     []bool   // scratch: the parity of each prime, or of each entry
	count   []uint32 // exponent of each prime of the base in Y^2
	large   []uint32 // large primes of Y^2
}

// solve returns a divisor d of n, 1 < d < n, or nil if no dependency gives one, or the
// error of alive. It tries dependencies until one succeeds: two on average for an n of
// two primes.
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

// buildMatrix makes the matrix: a row for each cycle, a column for each entry of the
// base. A row is 1 in the columns whose exponent is odd in the product of the relations
// of the cycle.
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

// oddPrimes returns the indices with an odd exponent in the product of the entries, in
// no order. The result is valid until the next call. odd is all false before and after.
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

// appendEntry appends Primes of an entry to dst.
func (s *Set) appendEntry(dst []uint32, e uint32) []uint32 {
	return readPrimes(dst, s.primes[s.entries[e].start:s.entries[e].end])
}

// split multiplies the relations of the rows, a dependency, so that X^2 = Y^2 mod n. It
// returns gcd(X-Y, n) if that is a proper divisor, else nil, or the error of alive. X
// and Y are in Montgomery form, with the same factor, which does not change the
// greatest common divisor.
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

// dependency returns the entries that are in an odd number of the cycles of the rows,
// ascending. An entry in an even number of them contributes a square, on both sides of
// the congruence, and is left out.
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

// root returns Y, the square root modulo n of the product that count and large
// describe, in Montgomery form. An odd exponent would be an error of this program: it
// panics.
func (s *Set) root() huge {
	v := &s.solver
	y := factors{m: &v.modulus, product: v.modulus.one, word: 1}
	for i, exp := range v.count {
		if exp%2 != 0 {
			panic(fmt.Sprintf("siqs: internal error: exponent %d of %d in a dependency for %v", exp, s.base.prime[i], v.modulus.n.big()))
		}
		for range exp / 2 {
			if i > 0 { // (-1)^(2e) = 1
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

// factors is a product of words modulo m. The last factors are collected in word, so
// that there is one mulWord for about three primes of the base.
type factors struct {
	m       *modulus
	product huge
	word    uint64
}

// mul multiplies by p.
func (f *factors) mul(p uint32) {
	hi, lo := bits.Mul64(f.word, uint64(p))
	if hi != 0 {
		f.m.mulWord(&f.product, f.word)
		lo = uint64(p)
	}
	f.word = lo
}

// value returns the product, in Montgomery form.
func (f *factors) value() huge {
	f.m.mulWord(&f.product, f.word)
	return f.product
}
