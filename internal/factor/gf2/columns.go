package gf2

import "slices"

// maxListed is the weight up to which columns have lists. Only those are eliminated:
// the pivot of a heavier column would have to be very light for a fill within the
// limit. Lists of a fixed size need no allocation; they take 4*maxListed bytes a
// column.
const maxListed = 24

// columns has the transposed matrix: for each light column its weight, and the rows
// that have it if they are few. A list that has grown beyond maxListed is given up
// until clear, even if the column becomes lighter again: rows that are missing from it
// are not known.
type columns struct {
	weight  []uint32 // rows that have the column; 0 of heavy columns
	hasList []bool   // there is a list
	missing []bool   // the list is being made, see beginLists; false otherwise
	list    []uint32 // list[c*listed:][:weight[c]]: those rows, in no order
}

// newColumns returns n columns without lists.
func newColumns(n int) columns {
	return columns{make([]uint32, n), make([]bool, n), make([]bool, n), make([]uint32, n*maxListed)}
}

// beginLists gives an empty list to each column that has none but at most maxListed rows. The
// caller then calls listRow for all rows, and endLists.
func (t *columns) beginLists() {
	for c, w := range t.weight {
		if !t.hasList[c] && w <= maxListed {
			t.missing[c], t.hasList[c], t.weight[c] = true, true, 0
		}
	}
}

// listRow adds the row to the lists that are being made of these columns of the row.
func (t *columns) listRow(columns []uint32, row uint32) {
	for _, c := range columns {
		if t.missing[c] {
			t.enter(c, row)
		}
	}
}

// endLists ends what beginLists has begun.
func (t *columns) endLists() { clear(t.missing) }

// rowsOf returns the rows that have the column, in no order. Requires a list. It is
// valid until the column changes.
func (t *columns) rowsOf(c uint32) []uint32 { return t.list[c*maxListed:][:t.weight[c]] }

// enter adds the row to those that have the column. Requires that it is not among them.
func (t *columns) enter(c, row uint32) {
	w := t.weight[c]
	t.weight[c]++
	// A list that is full is given up; weight still counts.
	switch {
	case w >= maxListed:
		t.hasList[c] = false
	case t.hasList[c]:
		t.list[c*maxListed+w] = row
	}
}

// leave removes the row from those that have the column. Requires that it is among
// them.
func (t *columns) leave(c, row uint32) {
	if t.hasList[c] {
		rows := t.rowsOf(c)
		rows[slices.Index(rows, row)] = rows[len(rows)-1]
	}
	t.weight[c]--
}
