package gf2

import "slices"

// maxListed is the weight up to which columns have lists, and are eliminated.
const maxListed = 24

// columns knows which rows have the light columns.
type columns struct {
	weight  []uint32 // rows that have the column; 0 of heavy columns
	hasList []bool   // there is a list
	list    []uint32 // list[c*listed:][:weight[c]]: those rows, in no order
}

func newColumns(n int) columns {
	return columns{make([]uint32, n), make([]bool, n), make([]uint32, n*maxListed)}
}

// clear makes all columns empty, and gives those lists that are light enough now.
func (t *columns) clear() {
	for c, w := range t.weight {
		t.hasList[c] = w <= maxListed
		t.weight[c] = 0
	}
}

// rowsOf returns the rows that have the column. Requires a list.
func (t *columns) rowsOf(c uint32) []uint32 { return t.list[c*maxListed:][:t.weight[c]] }

// enter adds the row to those of the column.
func (t *columns) enter(c, row uint32) {
	w := t.weight[c]
	t.weight[c]++
	switch {
	case w >= maxListed:
		t.hasList[c] = false
	case t.hasList[c]:
		t.list[c*maxListed+w] = row
	}
}

// leave removes the row from those of the column.
func (t *columns) leave(c, row uint32) {
	if t.hasList[c] {
		rows := t.rowsOf(c)
		rows[slices.Index(rows, row)] = rows[len(rows)-1]
	}
	t.weight[c]--
}
