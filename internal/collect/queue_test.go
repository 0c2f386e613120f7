package collect

import (
	"math/rand/v2"
	"slices"
	"testing"

	"factorfleet/internal/task"
)

// A queue does what a sorted slice does.
func TestQueue(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var q queue[grave, *grave]
		var model []uint64
		for step := range 20000 {
			pops := 1 + step/4000%2 // grows, shrinks, grows ...
			if rng.IntN(4) >= pops || len(model) == 0 {
				at := rng.Uint64()
				if rng.IntN(3) == 0 && len(model) > 0 {
					at = model[len(model)-1] + 1
				}
				q.push(grave{Range: task.Range{First: at, Count: 1}})
				i, _ := slices.BinarySearch(model, at)
				model = slices.Insert(model, i, at)
			} else if rng.IntN(2) == 0 {
				q.popMin()
				model = model[1:]
			} else {
				q.popMax()
				model = model[:len(model)-1]
			}
			checkQueue(t, &q, model, step%500 == 0)
		}
	}
}

// Every place of a page that must be split for it.
func TestQueueSplit(t *testing.T) {
	for place := range uint64(pageSize + 1) {
		var q queue[grave, *grave]
		var model []uint64
		for i := range uint64(2 * pageSize) {
			model = append(model, 2*i+1)
			q.push(grave{Range: task.Range{First: 2*i + 1}})
		}
		q.push(grave{Range: task.Range{First: 2 * place}})
		checkQueue(t, &q, slices.Insert(model, int(place), 2*place), true)
	}
}

func checkQueue(t *testing.T, q *queue[grave, *grave], model []uint64, whole bool) {
	t.Helper()
	if len(model) == 0 {
		if q.min() != nil || q.max() != nil {
			t.Fatal("not empty")
		}
		return
	}
	if q.min().First != model[0] || q.max().First != model[len(model)-1] {
		t.Fatalf("from %d to %d, want %d to %d", q.min().First, q.max().First, model[0], model[len(model)-1])
	}
	if !whole {
		return
	}
	var all []uint64
	for _, page := range q.pages {
		if len(page) == 0 || len(page) > pageSize {
			t.Fatalf("a page of %d", len(page))
		}
		for _, g := range page {
			all = append(all, g.First)
		}
	}
	if !slices.Equal(all, model) {
		t.Fatalf("%v, want %v", all, model)
	}
}
