package gf2

// A Matrix has rows of bits, of which few are 1. It keeps the memory of its rows after
// Reset, and the memory of a small elimination. It is not for concurrent use.
//
// The rows are stored one after the other as lists of columns, which is 4 bytes for
// each 1.
type Matrix struct {
	// Workers is the number of goroutines that multiply, the caller's included. 0 is 1;
	// values above maxWorkers count as maxWorkers. The result does not depend on it.
	Workers int
	// Worker calls f, the share of one of the goroutines that are not the caller's. It may
	// measure f. nil: f is called.
	Worker func(f func())

	// Progress is called from the caller's goroutine of Dependencies after each step of
	// block Lanczos, with the part of the steps that are done: 0 to 1. It may be nil.
	Progress func(done float64)

	columns int
	ends    []uint32 // row r is entries[ends[r-1]:ends[r]]
	entries []uint32 // columns of the 1s
	dense   dense
	scratch scratch
}

// Reset makes m a matrix of so many columns without rows. It may be called at any time
// outside of Dependencies.
func (m *Matrix) Reset(columns int) {
	m.columns = columns
	m.ends, m.entries = m.ends[:0], m.entries[:0]
}

// AddRow adds a row that is 1 in these columns. Requires that each is below the number
// of columns, and none occurs twice.
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

// Dependencies calls f with sets of rows that add up to zero, until f returns false.
// Each set is ascending, and valid within the call. The sets are independent of each
// other. There are as many as the matrix has, or at least wanted of them if block
// Lanczos is used.
//
// If block Lanczos fails with all seeds and more than denseUpTo rows are left, f is not
// called. No matrix of a sieve is known for which this happens; with more rows it is
// tried again.
//
// Dependencies calls alive every few milliseconds from the caller's goroutine, and
// returns its error.
func (m *Matrix) Dependencies(alive func() error, f func(rows []uint32) bool) error {
	s := search{m: m, f: f, alive: alive, scratch: &m.scratch}
	if m.Rows() >= filterFrom {
		return s.filtered()
	}
	return s.direct()
}
