package gf2

import "slices"

// listed is the weight up to which columns have lists, and are eliminated.
const listed = 24

// columns knows which rows have the light columns.
type columns struct {
	weight []uint32 // rows that have the column; 0 of heavy columns
	kept   []bool   // there is a list
	list   []uint32 // list[c*listed:][:weight[c]]: those rows, in no order
}

func newColumns(n int) columns {
	return columns{make([]uint32, n), make([]bool, n), make([]uint32, n*listed)}
}

// clear makes all columns empty, and gives those lists that are light enough now.
func (t *columns) clear() {
	for c, w := range t.weight {
		t.kept[c] = w <= listed
		t.weight[c] = 0
	}
}

// rowsOf returns the rows that have the column. Requires a list.
func (t *columns) rowsOf(c uint32) []uint32 { return t.list[c*listed:][:t.weight[c]] }

// enter adds the row to those of the column.
func (t *columns) enter(c, row uint32) {
	w := t.weight[c]
	t.weight[c]++
	switch {
	case w >= listed:
		t.kept[c] = false
	case t.kept[c]:
		t.list[c*listed+w] = row
	}
}

// leave removes the row from those of the column.
func (t *columns) leave(c, row uint32) {
	if t.kept[c] {
		rows := t.rowsOf(c)
		rows[slices.Index(rows, row)] = rows[len(rows)-1]
	}
	t.weight[c]--
}
