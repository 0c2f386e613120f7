package fleet

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// TestRequeuedWork: numbers that were stored and not queued when their submitter ended become tasks of a bounded
// predicted work, each number in one.
func TestRequeuedWork(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, in := h.job("j", task.ClassNorm, 0)
	j.Kind = task.KindFactor
	hard := nat.New(math.MaxUint64)
	for size := 9; plan.Cost(j.Kind, hard.BitLen()) < requeuedWork/100; size++ {
		hard = nat.FromBytes(bytes.Repeat([]byte{0xff}, size))
	}
	most := uint64(requeuedWork / plan.Cost(j.Kind, hard.BitLen())) // at most 100
	if err := in.Append(t.Context(), 0, numbers(0, 100), slices.Repeat([]nat.Nat{hard}, 300), numbers(400, 100)); err != nil {
		t.Fatal(err)
	}
	check := func(r task.Range, least, longest uint64) {
		t.Helper()
		pieces, err := cutByWork(t.Context(), j, in, r, least, nil)
		if err != nil {
			t.Fatal(err)
		}
		next := r.First
		for i, p := range pieces {
			if p.First != next || p.Count > longest || p.Count < least && i < len(pieces)-1 {
				t.Errorf("piece %v behind %d, want %d to %d numbers", p, next, least, longest)
			}
			next = p.End()
		}
		if next != r.End() {
			t.Errorf("the pieces end at %d", next)
		}
	}
	check(task.Range{First: 100, Count: 300}, 0, most)
	check(task.Range{First: 50, Count: 400}, 0, 50+most)
	check(task.Range{First: 50, Count: 400}, 120, max(120, 50+most))
	if err := h.Requeue(t.Context(), j, in, []task.Range{{First: 0, Count: 100}, {First: 100, Count: most + 1}}); err != nil {
		t.Fatal(err)
	}
	if _, n, err := h.Queued(t.Context(), "j"); n != 3 || err != nil {
		t.Errorf("%d tasks, %v, want 3", n, err)
	}
}
