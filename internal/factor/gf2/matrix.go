// Package gf2 finds linear dependencies modulo 2: sets of rows of a matrix that add
// up to zero.
//
// The matrix is sparse, as that of a sieve: most columns have few rows. So those
// columns are eliminated first (filter), and what is left goes through Gauss's
// elimination with 64 bits to a word (dense). It finds all dependencies, in time n^3 and memory
// n^2 bits for the n columns that the filter leaves, a third or so: fit for 50,000
// columns, not for a million.
package gf2

// A Matrix has rows of bits, of which few are 1. It keeps its memory after Reset, but for
// that of the filter.
type Matrix struct {
	columns int
	ends    []uint32 // row r is entries[ends[r-1]:ends[r]]
	entries []uint32 // columns of the 1s
	dense   dense
	odd     []bool   // scratch: of rows
	set     []uint32 // scratch: rows
}

// filterFrom is the number of rows from which the filter is quicker than
// elimination without it: see BenchmarkDependencies.
const filterFrom = 1000

// Reset makes m a matrix of so many columns without rows.
func (m *Matrix) Reset(columns int) {
	m.columns = columns
	m.ends, m.entries = m.ends[:0], m.entries[:0]
}

// AddRow adds a row that is 1 in those columns, each named once.
func (m *Matrix) AddRow(columns []uint32) {
	m.entries = append(m.entries, columns...)
	m.ends = append(m.ends, uint32(len(m.entries)))
}

// Rows returns the number of rows.
func (m *Matrix) Rows() int { return len(m.ends) }

// row returns the columns of a row.
func (m *Matrix) row(r uint32) []uint32 {
	start := uint32(0)
	if r > 0 {
		start = m.ends[r-1]
	}
	return m.entries[start:m.ends[r]]
}

// Dependencies calls f with sets of rows that add up to zero, independent of each
// other and as many as there are, until it returns false. A set is valid within the call.
// It returns the error of alive, which it asks every few milliseconds.
func (m *Matrix) Dependencies(alive func() error, f func(rows []uint32) bool) error {
	if m.Rows() >= filterFrom {
		return m.filtered(alive, f)
	}
	m.dense.reset(m.columns, m.Rows())
	for r := range uint32(m.Rows()) {
		for _, c := range m.row(r) {
			m.dense.flip(int(c), int(r))
		}
	}
	if err := m.dense.reduce(alive); err != nil {
		return err
	}
	m.dense.kernel(f)
	return nil
}

// filtered works like Dependencies, by way of a filter.
func (m *Matrix) filtered(alive func() error, f func(rows []uint32) bool) error {
	var left filter
	if err := left.run(m, alive); err != nil {
		return err
	}
	equations := 0
	equation := make([]int, m.columns)
	for c, gone := range left.eliminated {
		equation[c] = equations
		if !gone {
			equations++
		}
	}
	var sums [][]uint32 // rows of the core, as sums of rows
	for _, parts := range left.parts {
		if len(parts) > 0 {
			sums = append(sums, parts)
		}
	}
	m.dense.reset(equations, len(sums))
	for x, parts := range sums {
		for _, r := range parts {
			for _, c := range m.row(r) {
				if !left.eliminated[c] {
					m.dense.flip(equation[c], x)
				}
			}
		}
	}
	if err := m.dense.reduce(alive); err != nil {
		return err
	}
	m.dense.kernel(func(set []uint32) bool { return f(m.expand(set, sums)) })
	return nil
}

// expand returns the rows that are in an odd number of the sums of the set.
func (m *Matrix) expand(set []uint32, sums [][]uint32) []uint32 {
	m.odd = resize(m.odd, m.Rows())
	clear(m.odd)
	m.set = m.set[:0]
	for _, x := range set {
		for _, r := range sums[x] {
			m.odd[r] = !m.odd[r]
		}
	}
	for r, odd := range m.odd {
		if odd {
			m.set = append(m.set, uint32(r))
		}
	}
	return m.set
}
