package gf2

import (
	"math/bits"
	"slices"
)

// A filter makes a matrix smaller by adding rows to others: structured Gaussian
// elimination.
//
// A column that w rows have is eliminated by adding the lightest of them, the pivot, to
// the other w-1, and removing it. With w = 1 the row is just removed: no dependency has
// it. Columns are eliminated in the order of the fill, by sweeps with a limit that
// grows by fillStep. The rows that are left are sums of rows of the whole, with
// independent coefficients: each contains its origin, which no other row contains.
//
// The heavy columns, which most rows have, are stored as bits and are not eliminated.
// The light columns are stored as lists. The fill counts light columns only.
//
// The invariant between sweeps: the rows of store, with merges applied backwards, have
// the same dependencies as the matrix that was loaded, but for those lost when drop
// removes rows that are not needed.
//
// Sources: A. Odlyzko, Discrete logarithms in finite fields and their cryptographic
// significance (1984); S. Cavallar, Strategies in filtering in the number field sieve
// (2000).
type filter struct {
	store
	merges []merge // all of them, in order; its capacity is fixed
	meter  workMeter
}

// A merge says that the row pivot was added to the row target. The pivot is removed
// after its last merge.
type merge struct{ pivot, target uint32 }

const (
	// fillPerRow is the fill beyond the mean weight of a row that the removal of one
	// row is worth. Block Lanczos takes a time proportional to n*(c*n + w) for n rows
	// with w light 1s in all. For n-1 rows and w+f 1s that is not more if f <= 2c +
	// w/n. So fillPerRow is 2c.
	fillPerRow = 64
	// fillStep is the growth of the limit of the fill from one set of sweeps to the
	// next.
	fillStep = 8
	// fewOfRows is which part of the rows is few. A sweep takes as long as to merge about
	// so many rows.
	fewOfRows = 256
	// excess is the number of rows more than columns that drop keeps: at least as many
	// dependencies remain, four times as many as wanted.
	excess = width
	// mergesPerRow bounds the merges by the room for them. Matrices of sieves take at
	// most 3 for each row.
	mergesPerRow = 4
	// mergeCost is the work of merging one entry, in entries read: see workMeter.
	mergeCost = 24
)

// run filters the matrix. It first sweeps up to the full limit, then drops the rows
// that are too many, which makes further columns light, and sweeps once more. It
// returns the error of alive.
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
	// Without the surplus of rows, further columns are light enough.
	f.drop()
	if err := f.sweeps(f.limit()); err != nil {
		return err
	}
	return alive()
}

// limit returns the largest fill that the removal of a row is worth: fillPerRow and the
// mean weight of a row.
func (f *filter) limit() int { return fillPerRow + f.live/max(f.rows, 1) }

// load copies the rows of m, with the heavy columns as bits.
func (f *filter) load(m *Matrix) error {
	f.columns = newColumns(m.columns)
	for _, c := range m.entries {
		f.weight[c]++
	}
	heavy := f.chooseHeavy(m.Rows())
	f.merges = make([]merge, 0, m.Rows()*mergesPerRow)
	return f.store.load(m, heavy, &f.meter)
}

// chooseHeavy returns the heavy columns, heaviest first, and sets their weights to 0.
// They are the heaviest columns in blocks of width, at most maxBlocks, as long as a row
// has at least heavyFrom 1s in the block on average.
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

// heaviestFirst returns the indices of the weights, heaviest first, by a counting sort.
// Equal weights stay in the order of their indices.
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

// sweeps eliminates columns until few have a fill of at most the limit. Those are left
// to the next limit.
func (f *filter) sweeps(limit int) error {
	if err := f.relist(); err != nil {
		return err
	}
	for {
		count, err := f.sweep(limit)
		if count <= f.rows/fewOfRows || err != nil {
			return err
		}
	}
}

// relist makes the lists of the columns that have none, but at most maxListed rows now.
// Columns that got more since the last time have lost their lists, and some have become
// light enough again.
func (f *filter) relist() error {
	f.beginLists()
	defer f.endLists()
	for r, s := range f.row {
		f.listRow(f.entries(s), uint32(r))
		if err := f.meter.spend(s.len()); err != nil {
			return err
		}
	}
	return nil
}

// sweep eliminates the columns whose fill is at most the limit, and returns their
// number. It begins with the last column, the largest prime, since large primes have
// the fewest rows. It returns 0 if there is no more room for merges or entries: the
// matrix as it is then goes on to the next step.
func (f *filter) sweep(limit int) (count int, err error) {
	// c passes 0 and wraps round to 2^32-1.
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

// pivot returns the lightest row that has the column. Requires a list.
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

// eliminate adds the pivot to the other rows that have the column and removes it. It
// reports whether there was room. Without room some rows may have been merged; the
// pivot stays, and the matrix is still valid.
func (f *filter) eliminate(c, pivot uint32) bool {
	// merge changes the list of c while it is read, so that the loop needs a copy.
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

// drop removes the heaviest rows as long as there are more than columns + excess.
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
