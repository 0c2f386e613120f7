package gf2

import (
	"slices"
	"testing"
)

// TestExample computes the example of the package comment.
func TestExample(t *testing.T) {
	rows := [][]uint32{{0, 1}, {1, 2}, {0, 2}, {2}}
	var m Matrix
	m.setRows(3, rows)
	f := filter{meter: workMeter{alive: always}}
	if err := f.load(&m); err != nil {
		t.Fatal(err)
	}
	if err := f.relist(); err != nil {
		t.Fatal(err)
	}
	if pivot := f.pivot(0); pivot != 0 || !f.eliminate(0, pivot) {
		t.Fatalf("column 0 is not eliminated with row %d", pivot)
	}
	if !slices.Equal(f.merges, []merge{{0, 2}}) || !slices.Equal(f.entries(f.row[2]), []uint32{1, 2}) || !f.removed[0] {
		t.Errorf("merges %v, row 2 is %v", f.merges, f.entries(f.row[2]))
	}
	core := f.core()
	var sets [][]uint32
	s := search{m: &m, merges: f.merges, origin: core.origin, alive: always, scratch: &m.scratch,
		f: func(set []uint32) bool {
			sets = append(sets, slices.Clone(set))
			return true
		}}
	if err := s.solve(core); err != nil {
		t.Fatal(err)
	}
	if len(sets) != 1 || !slices.Equal(sets[0], []uint32{0, 1, 2}) {
		t.Errorf("the dependencies are %v", sets)
	}
}
