package collect

import (
	"testing"
	"time"

	"factorfleet/internal/task"
)

func TestInOrder(t *testing.T) {
	r := newRig(100, true, 0)
	// A chunk, a later chunk, two overlapping pieces of the gap between them, a
	// duplicate, and a result for the whole job.
	for _, step := range []struct {
		r       task.Range
		fresh   uint64
		emitted int
	}{
		{task.Range{First: 0, Count: 10}, 10, 10},
		{task.Range{First: 20, Count: 10}, 10, 10},
		{task.Range{First: 14, Count: 8}, 6, 10},
		{task.Range{First: 14, Count: 8}, 0, 10},
		{task.Range{First: 5, Count: 12}, 4, 30},
		{task.Range{First: 99, Count: 1}, 1, 30},
		{task.Range{First: 0, Count: 100}, 69, 100},
	} {
		if r.Complete(100) {
			t.Fatal("complete too early")
		}
		fresh, err := r.take(t, step.r, "w-"+step.r.String())
		if fresh != step.fresh || err != nil || len(r.out) != step.emitted {
			t.Fatalf("%v: %d fresh, %d emitted, %v; want %d, %d", step.r, fresh, len(r.out), err, step.fresh, step.emitted)
		}
	}
	if !r.Complete(100) || r.Complete(101) {
		t.Error("not complete at 100")
	}
	for i, item := range r.out {
		if item.Position != uint64(i) {
			t.Fatalf("position %d at %d", item.Position, i)
		}
		if err := r.sameItem(item); err != nil {
			t.Fatal(err)
		}
	}
	n := r.Counts()
	var cpu time.Duration
	for _, f := range r.answers {
		cpu += f.CPU
	}
	if n.Verified != 100 || r.emitted != 100 || n.Duplicate != 2+8+8+31 || n.CPU != cpu || n.Unfinished != 10 || len(n.Workers) != 6 {
		t.Errorf("counts %+v", n)
	}
	if w := n.Workers[2]; w.Name != "w-14-8" || w.Verified != 6 {
		t.Errorf("share %+v", w)
	}
}

func TestEmptyJobIsComplete(t *testing.T) {
	if !newRig(0, true, 0).Complete(0) {
		t.Error("a job without numbers never ends")
	}
}

func TestGiveUp(t *testing.T) {
	for _, ordered := range []bool{true, false} {
		r := newRig(10000, ordered, 0)
		must(t, take(r, t, task.Range{First: 100, Count: 10}))
		must(t, r.GiveUp(t.Context(), task.Range{First: 0, Count: 9000}, "no worker could"))
		must(t, r.GiveUp(t.Context(), task.Range{First: 50, Count: 100}, "twice"))
		if fresh, err := r.take(t, task.Range{First: 95, Count: 10}, "late"); fresh != 0 || err != nil {
			t.Fatal(fresh, err)
		}
		must(t, take(r, t, task.Range{First: 8990, Count: 1010}))
		n := r.Counts()
		if !r.Complete(10000) || n.Dead != 8990 || n.Verified != 1010 || n.Duplicate != 20 {
			t.Errorf("counts %+v", n)
		}
		seen := make([]bool, 10000)
		for i, item := range r.out {
			if seen[item.Position] || ordered && item.Position != uint64(i) {
				t.Fatalf("position %d at %d", item.Position, i)
			}
			seen[item.Position] = true
			if dead := item.Dead == "no worker could"; dead != (item.Position < 9000 && (item.Position < 100 || item.Position >= 110)) {
				t.Fatalf("position %d: dead is %v", item.Position, dead)
			}
			if err := r.sameItem(item); err != nil {
				t.Fatal(err)
			}
		}
		if len(r.out) != 10000 {
			t.Fatalf("%d emitted", len(r.out))
		}
	}
}
