package siqs

import (
	"fmt"
	"math/big"

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
	large   []uint32 // exponent of each large prime in Y^2, by vertex
}

// solve returns a divisor d of n, 1 < d < n, or nil if no dependency gives one, or the
// error of alive. It tries dependencies until one succeeds: two on average for an n of
// two primes.
func (s *Set) solve(alive func() error, n *big.Int) (d *big.Int, err error) {
	s.solvedPart(0)
	if err := s.buildMatrix(alive); err != nil {
		return nil, err
	}
	s.solvedPart(solvedMatrix)
	s.solver.matrix.Progress = func(done float64) {
		s.solvedPart(solvedFilter + done*(solvedLanczos-solvedFilter))
	}
	var words huge
	words.setBig(n)
	s.solver.modulus.set(&words)
	var splitErr error
	err = s.solver.matrix.Dependencies(alive, func(rows []uint32) bool {
		s.solvedPart(solvedLanczos)
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
	var product product
	product.reset(m)
	v.count, v.large = resize(v.count, len(s.base.prime)), resize(v.large, len(s.graph.prime))
	clear(v.count)
	clear(v.large)
	for i, e := range s.dependency(rows) {
		if i%aliveEvery == 0 {
			if err := alive(); err != nil {
				return nil, err
			}
		}
		product.mulWide(&s.entries[e].value)
		v.primes = s.appendEntry(v.primes[:0], e)
		for _, i := range v.primes {
			v.count[i]++
		}
		for _, id := range v.forest.ends[e] {
			v.large[id]++
		}
	}
	x, y := product.montgomery(), s.root()
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
// describe, in Montgomery form.
func (s *Set) root() huge {
	v := &s.solver
	m := &v.modulus
	v.half(v.count[0], 1) // (-1)^(2e) = 1
	// The large prime of vertex 0 is 1.
	y := m.powers(s.base.prime, 1, func(i int) uint32 { return v.half(v.count[i], s.base.prime[i]) })
	large := m.powers(s.graph.prime, 1, func(i int) uint32 { return v.half(v.large[i], s.graph.prime[i]) })
	m.mul(&y, &y, &large)
	return y
}

// half returns half of the exponent of p in Y^2. An odd exponent would be an error of
// this program: it panics.
func (v *solver) half(exponent, p uint32) uint32 {
	if exponent%2 != 0 {
		panic(fmt.Sprintf("siqs: internal error: exponent %d of %d in a dependency for %v", exponent, p, v.modulus.n.big()))
	}
	return exponent / 2
}
