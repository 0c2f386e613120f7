// Package gf2 finds linear dependencies modulo 2: sets of rows of a matrix that add
// up to zero.
//
// The matrix is sparse, as that of a sieve: most columns have few rows. So those
// columns are eliminated first, and a third to a half of the rows is left, of more 1s each. Then
//
//   - up to lanczosFrom rows go through Gauss's elimination, with 64 bits to a word;
//   - more go through block Lanczos, 128 vectors at a time.
//
// The files, in the order of the work:
//
//	matrix             the whole matrix, and what others call
//	filter             which columns to eliminate
//	store, columns     the rows while that goes on
//	core               what is left
//	dense              elimination
//	lanczos, invert    block Lanczos
//	nullspace          from its last vectors to dependencies
//	product            products of blocks of vectors, by several goroutines
//	table, vec         the inner loops
//	search             from those of the core to dependencies of the whole
//	memory, meter      how much all that takes, and when alive is called
//
// Each dependency is checked before it is handed out. There is no randomness but that of fixed
// seeds: the same rows give the same dependencies.
//
// Sources: S. Cavallar, Strategies in filtering in the number field sieve (2000); M. Albrecht,
// G. Bard, W. Hart, Efficient multiplication of dense matrices over GF(2) (2010); P. Montgomery,
// A block Lanczos algorithm for finding dependencies over GF(2) (1995).
//
// For n columns of a sieve it takes a time proportional to n^2 and a little more: on one core 0.6 s for the
// 38,000 of a number of 80 digits, 5.5 s for the 95,000 of one of 95. It is fit for some 200,000;
// beyond that the image of a block no longer fits in caches, and block Wiedemann
// divides better among machines.
package gf2

// A Matrix has rows of bits, of which few are 1. It keeps the memory of its rows after Reset, and
// that of a small elimination.
type Matrix struct {
	// Workers is how many goroutines multiply; 0 is 1, which is the caller's, and more than
	// maxWorkers are no more than that. The result does not depend on it.
	Workers int

	columns int
	ends    []uint32 // row r is entries[ends[r-1]:ends[r]]
	entries []uint32 // columns of the 1s
	dense   dense
	scratch scratch
}

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

// Dependencies calls f with sets of rows that add up to zero, ascending and independent of each
// other, until it returns false. There are as many as the rows have, or at least 32 of more. Only
// where block Lanczos fails with all seeds and more than denseUpTo rows are left, which sieves are not
// known to bring about, there are none: more rows mend that. A set is valid within the call. It
// returns the error of alive, which it asks every few milliseconds from the goroutine of the
// caller.
func (m *Matrix) Dependencies(alive func() error, f func(rows []uint32) bool) error {
	s := search{m: m, f: f, alive: alive, scratch: &m.scratch}
	if m.Rows() >= filterFrom {
		return s.filtered()
	}
	return s.direct()
}
