package gf2

import "slices"

// A filter eliminates the columns that few rows have, as long as rows stay
// sparse: structured Gaussian elimination. What is left is a smaller matrix, each
// row of which is a sum of rows of the whole.
//
// Sources: A. Odlyzko, Discrete logarithms in finite fields and their
// cryptographic significance (1984); S. Cavallar, Strategies in filtering in the number
// field sieve (2000).
type filter struct {
	// rows[r] are the light columns of the sum of the rows parts[r], both ascending; a
	// row that is used up has no parts.
	rows, parts [][]uint32
	// cols[c] are the rows that have the light column c, in no order.
	cols       [][]uint32
	light      []bool // of columns: those that are kept track of
	eliminated []bool // of columns: no row has it any more
	scratch    []uint32
}

const (
	// heavyAbove is the weight from which on columns are left to the dense matrix.
	heavyAbove = 60
	// maxWeight is the weight up to which columns are eliminated.
	maxWeight = 24
	// maxParts is the mean number of parts of a row at which elimination ends.
	maxParts = 40
)

// run filters the matrix.
func (f *filter) run(m *Matrix, alive func() error) error {
	f.load(m)
	for weight := 1; weight <= maxWeight; weight++ {
		for changed := true; changed; {
			changed = false
			for c := len(f.cols) - 1; c >= 0; c-- {
				if n := len(f.cols[c]); n > 0 && n <= weight && f.worth(c, weight) {
					f.eliminate(uint32(c))
					changed = true
				}
				if c%(1<<12) == 0 {
					if err := alive(); err != nil {
						return err
					}
				}
			}
		}
		if f.meanParts() > maxParts {
			break
		}
	}
	return nil
}

// load takes the rows of m.
func (f *filter) load(m *Matrix) {
	weight := make([]int, m.columns)
	for _, c := range m.entries {
		weight[c]++
	}
	f.cols = make([][]uint32, m.columns)
	f.light, f.eliminated = make([]bool, m.columns), make([]bool, m.columns)
	for c, w := range weight {
		f.light[c] = w <= heavyAbove
		f.eliminated[c] = w == 0
	}
	f.rows, f.parts = make([][]uint32, m.Rows()), make([][]uint32, m.Rows())
	for r := range uint32(m.Rows()) {
		f.parts[r] = []uint32{r}
		for _, c := range m.row(r) {
			if f.light[c] {
				f.rows[r] = append(f.rows[r], c)
				f.cols[c] = append(f.cols[c], r)
			}
		}
		slices.Sort(f.rows[r])
	}
}

// pivot returns the row with the column that is the cheapest to add to others.
func (f *filter) pivot(c uint32) uint32 {
	best := f.cols[c][0]
	for _, r := range f.cols[c] {
		if f.cost(r) < f.cost(best) {
			best = r
		}
	}
	return best
}

func (f *filter) cost(r uint32) int { return len(f.rows[r]) + len(f.parts[r]) }

// worth reports whether the column can be eliminated without adding too much.
func (f *filter) worth(c, weight int) bool {
	return weight <= 2 || (len(f.cols[c])-1)*f.cost(f.pivot(uint32(c))) <= 40*weight
}

// eliminate adds the pivot row to all others with the column and drops it.
func (f *filter) eliminate(c uint32) {
	pivot := f.pivot(c)
	for _, r := range slices.Clone(f.cols[c]) {
		if r == pivot {
			continue
		}
		for _, x := range f.rows[pivot] {
			if _, has := slices.BinarySearch(f.rows[r], x); has {
				f.leave(x, r)
			} else {
				f.cols[x] = append(f.cols[x], r)
			}
		}
		f.rows[r] = f.sum(f.rows[r], f.rows[pivot])
		f.parts[r] = f.sum(f.parts[r], f.parts[pivot])
	}
	for _, x := range f.rows[pivot] {
		f.leave(x, pivot)
	}
	f.rows[pivot], f.parts[pivot] = nil, nil
	f.eliminated[c] = true
}

// leave removes the row from the list of the column.
func (f *filter) leave(c, row uint32) {
	list := f.cols[c]
	i, last := slices.Index(list, row), len(list)-1
	list[i] = list[last]
	f.cols[c] = list[:last]
}

// sum returns the elements that are in one of the ascending x and y, in place of x.
func (f *filter) sum(x, y []uint32) []uint32 {
	z := f.scratch[:0]
	i, j := 0, 0
	for i < len(x) && j < len(y) {
		switch {
		case x[i] < y[j]:
			z = append(z, x[i])
			i++
		case x[i] > y[j]:
			z = append(z, y[j])
			j++
		default:
			i++
			j++
		}
	}
	z = append(append(z, x[i:]...), y[j:]...)
	f.scratch = z
	return append(x[:0], z...)
}

// meanParts returns the mean number of parts of the rows that are left.
func (f *filter) meanParts() int {
	sum, count := 0, 0
	for _, p := range f.parts {
		if len(p) > 0 {
			sum += len(p)
			count++
		}
	}
	return sum / max(count, 1)
}
