package collect

import (
	"math/rand/v2"
	"slices"
	"testing"

	"factorfleet/internal/task"
)

// A waitingList behaves as a sorted slice does.
func TestWaitingList(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var l waitingList[deadPiece, *deadPiece]
		var model []uint64
		for step := range 20000 {
			pops := 1 + step/4000%2 // grows, shrinks, grows ...
			if rng.IntN(4) >= pops || len(model) == 0 {
				at := rng.Uint64()
				if rng.IntN(3) == 0 && len(model) > 0 {
					at = model[len(model)-1] + 1
				}
				l.push(deadPiece{Range: task.Range{First: at, Count: 1}})
				i, _ := slices.BinarySearch(model, at)
				model = slices.Insert(model, i, at)
			} else if rng.IntN(2) == 0 {
				l.popMin()
				model = model[1:]
			} else {
				l.popMax()
				model = model[:len(model)-1]
			}
			checkWaitingList(t, &l, model, step%500 == 0)
		}
	}
}

// An entry is inserted at every place of a full page.
func TestWaitingListSplit(t *testing.T) {
	for place := range uint64(pageSize + 1) {
		var l waitingList[deadPiece, *deadPiece]
		var model []uint64
		for i := range uint64(2 * pageSize) {
			model = append(model, 2*i+1)
			l.push(deadPiece{Range: task.Range{First: 2*i + 1}})
		}
		l.push(deadPiece{Range: task.Range{First: 2 * place}})
		checkWaitingList(t, &l, slices.Insert(model, int(place), 2*place), true)
	}
}

func checkWaitingList(t *testing.T, l *waitingList[deadPiece, *deadPiece], model []uint64, whole bool) {
	t.Helper()
	if len(model) == 0 {
		if l.min() != nil || l.max() != nil {
			t.Fatal("not empty")
		}
		return
	}
	if l.min().First != model[0] || l.max().First != model[len(model)-1] {
		t.Fatalf("from %d to %d, want %d to %d", l.min().First, l.max().First, model[0], model[len(model)-1])
	}
	if !whole {
		return
	}
	var all []uint64
	for _, page := range l.pages {
		if len(page) == 0 || len(page) > pageSize {
			t.Fatalf("a page of %d", len(page))
		}
		for _, d := range page {
			all = append(all, d.First)
		}
	}
	if !slices.Equal(all, model) {
		t.Fatalf("%v, want %v", all, model)
	}
}
