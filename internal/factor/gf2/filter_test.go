package gf2

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// filteredCore returns what a filter leaves, and what it has done.
func (m *Matrix) filteredCore() (*core, []merge) {
	var f filter
	f.run(m, always)
	return f.core(), f.merges
}

// TestFilter expects rows that are the sums that the merges say, and few of them.
func TestFilter(t *testing.T) {
	const n = 3000
	var m Matrix
	rows := sieved(rand.New(rand.NewPCG(2, 5)), n+200, n)
	m.setRows(n, rows)
	var f filter
	if err := f.run(&m, always); err != nil {
		t.Fatal(err)
	}
	parts := make([]map[uint32]bool, len(rows))
	for r := range parts {
		parts[r] = map[uint32]bool{uint32(r): true}
	}
	for _, x := range f.merges {
		for r := range parts[x.pivot] {
			if parts[x.target][r] {
				delete(parts[x.target], r)
			} else {
				parts[x.target][r] = true
			}
		}
	}
	live := 0
	for r, s := range f.row {
		if f.removed[r] {
			continue
		}
		live += s.len()
		odd := map[uint32]bool{}
		for part := range parts[r] {
			for _, c := range rows[part] {
				if odd[c] = !odd[c]; !odd[c] {
					delete(odd, c)
				}
			}
		}
		for _, c := range f.entries(s) {
			if !odd[c] {
				t.Fatalf("row %d has the column %d", r, c)
			}
			delete(odd, c)
		}
		heavy := 0
		for b := range f.blocks {
			for c := range width {
				if f.heavy[r*f.blocks+b].at(c) {
					heavy++
				}
			}
		}
		if heavy != len(odd) {
			t.Fatalf("row %d has %d heavy columns, want %d", r, heavy, len(odd))
		}
	}
	core := f.core()
	columns := map[uint32]bool{}
	for _, c := range core.entries {
		columns[c] = true
	}
	if live != f.live || len(columns) != core.columns || core.rows != f.rows || core.rows > n*6/10 || core.rows > core.columns+f.blocks*width+excess {
		t.Errorf("%d rows and %d columns, %d entries, counted as %d", core.rows, core.columns, live, f.live)
	}
}

// TestFilterStops expects the error of alive.
func TestFilterStops(t *testing.T) {
	const n = 8000
	var m Matrix
	m.setRows(n, sieved(rand.New(rand.NewPCG(2, 8)), n+200, n))
	stop := errors.New("stop")
	for at := 1; ; at++ {
		calls := 0
		var f filter
		err := f.run(&m, func() error {
			if calls++; calls == at {
				return stop
			}
			return nil
		})
		if err == nil && calls < at && at > 5 {
			break // there are no more
		}
		if err != stop || calls != at {
			t.Fatalf("%v after %d calls of alive, of which the one of number %d stops", err, calls, at)
		}
	}
}
