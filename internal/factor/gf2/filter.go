package gf2

import (
	"math/bits"
	"slices"
)

// A filter makes a matrix smaller by adding rows to others: structured Gaussian elimination.
//
// A column that w rows have is eliminated by adding the lightest of them, the pivot, to the
// other w-1 and taking it away. So are columns of one row, and with it the row. That goes
// on in the order of the fill, the 1s that it adds. Rows that are left are sums of
// rows of the whole, and independent of each other if those are.
//
// The columns that most rows have, the heavy ones, are bits and are not
// eliminated; the others, the light ones, are lists.
//
// Sources: A. Odlyzko, Discrete logarithms in finite fields and their
// cryptographic significance (1984); S. Cavallar, Strategies in filtering in the number
// field sieve (2000).
type filter struct {
	store
	merges []merge // all of them, in order; its capacity is fixed
	meter  workMeter
}

// A merge says that the row pivot was added to the row target.
type merge struct{ pivot, target uint32 }

const (
	// fillPerRow is the fill beyond the mean weight of rows that a row less is fillPerRow: block Lanczos
	// takes a time proportional to n*(c*n + w) for n rows with w light 1s, and c is
	// about half of it.
	fillPerRow = 64
	// fillStep is by how much the fill that is accepted grows from sweep to sweep.
	fillStep = 8
	// excess is how many more rows than columns are kept: more than the dependencies that
	// are wanted.
	excess = width
	// mergesPerRow bounds the merges. There are 3 a row or less.
	mergesPerRow = 4
	// mergeCost is how many times as long as to read an entry it takes to merge one.
	mergeCost = 24
)

// run filters the matrix.
func (f *filter) run(m *Matrix, alive func() error) error {
	f.meter.alive = alive
	if err := f.load(m); err != nil {
		return err
	}
	for limit := 0; limit <= f.limit(); limit += fillStep {
		if err := f.sweeps(limit); err != nil {
			return err
		}
	}
	f.drop()
	if err := f.sweeps(f.limit()); err != nil {
		return err
	}
	return alive()
}

// limit returns the largest fill that a row less is worth.
func (f *filter) limit() int { return fillPerRow + f.live/max(f.rows, 1) }

// load takes the rows of m.
func (f *filter) load(m *Matrix) error {
	f.columns = newColumns(m.columns)
	for _, c := range m.entries {
		f.weight[c]++
	}
	heavy := f.chooseHeavy(m.Rows())
	f.merges = make([]merge, 0, m.Rows()*mergesPerRow)
	return f.store.load(m, heavy, &f.meter)
}

// chooseHeavy chooses the heavy columns, the weight of which it sets to 0.
func (f *filter) chooseHeavy(rows int) []uint32 {
	order := heaviestFirst(f.weight)
	blocks, sum := 0, 0
	for i, c := range order[:min(len(order), maxBlocks*width)] {
		sum += int(f.weight[c])
		if i%width == width-1 || i == len(order)-1 {
			if sum < heavyFrom*rows {
				break
			}
			blocks, sum = blocks+1, 0
		}
	}
	heavy := order[:min(len(order), blocks*width)]
	for _, c := range heavy {
		f.weight[c] = 0
	}
	return heavy
}

// heaviestFirst returns the indices of the weights, in descending order of those.
func heaviestFirst(weight []uint32) []uint32 {
	if len(weight) == 0 {
		return nil
	}
	at := make([]uint32, slices.Max(weight)+1)
	for _, w := range weight {
		at[w]++
	}
	sum := uint32(0)
	for w := len(at) - 1; w >= 0; w-- {
		at[w], sum = sum, sum+at[w]
	}
	order := make([]uint32, len(weight))
	for i, w := range weight {
		order[at[w]] = uint32(i)
		at[w]++
	}
	return order
}

// sweeps eliminates all columns of which the fill is at most the limit.
func (f *filter) sweeps(limit int) error {
	if err := f.relist(); err != nil {
		return err
	}
	for {
		count, err := f.sweep(limit)
		if count == 0 || err != nil {
			return err
		}
	}
}

// relist makes the lists of all columns that are light enough.
func (f *filter) relist() error {
	f.clear()
	for r, s := range f.row {
		for _, c := range f.entries(s) {
			f.enter(c, uint32(r))
		}
		if err := f.meter.spend(s.len()); err != nil {
			return err
		}
	}
	return nil
}

// sweep eliminates the columns of which the fill is at most the limit, the last one
// first, and returns how many there were.
func (f *filter) sweep(limit int) (count int, err error) {
	for c := uint32(len(f.weight)) - 1; c != ^uint32(0); c-- {
		if !f.hasList[c] || f.weight[c] == 0 {
			continue
		}
		pivot, others := f.pivot(c), int(f.weight[c])-1
		work := maxListed
		if p := f.row[pivot].len(); others*(p-2)-p <= limit {
			if !f.eliminate(c, pivot) {
				return 0, nil
			}
			count++
			work += mergeCost * (others + 1) * p
		}
		if err := f.meter.spend(work); err != nil {
			return 0, err
		}
	}
	return count, nil
}

// pivot returns the lightest row that has the column.
func (f *filter) pivot(c uint32) uint32 {
	rows := f.rowsOf(c)
	best := rows[0]
	for _, r := range rows[1:] {
		if f.row[r].len() < f.row[best].len() {
			best = r
		}
	}
	return best
}

// eliminate adds the pivot to the other rows that have the column and takes it away. It
// reports whether there was room.
func (f *filter) eliminate(c, pivot uint32) bool {
	var rows [maxListed]uint32
	for _, r := range rows[:copy(rows[:], f.rowsOf(c))] {
		if r != pivot && !f.merge(pivot, r) {
			return false
		}
	}
	f.remove(pivot)
	return true
}

// merge adds the row pivot to the row target. It reports whether there was room.
func (f *filter) merge(pivot, target uint32) bool {
	if len(f.merges) == cap(f.merges) || !f.add(pivot, target) {
		return false
	}
	f.merges = append(f.merges, merge{pivot, target})
	return true
}

// drop takes the heaviest rows away where there are more than are needed.
func (f *filter) drop() {
	columns := f.blocks * width // at most
	for _, w := range f.weight {
		if w > 0 {
			columns++
		}
	}
	total := make([]uint32, len(f.row)) // 1s and one, 0 of those that are gone
	for r, s := range f.row {
		if f.removed[r] {
			continue
		}
		total[r] = uint32(1 + s.len())
		for _, x := range f.heavy[r*f.blocks:][:f.blocks] {
			total[r] += uint32(bits.OnesCount64(x.lo) + bits.OnesCount64(x.hi))
		}
	}
	order := heaviestFirst(total)
	for _, r := range order[:max(0, f.rows-columns-excess)] {
		f.remove(r)
	}
}
