package job

import (
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestResults: the answers of now are printed, in order, and the job continues.
func TestResults(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	a := h.submit(h.Fleet, submission("j", text(0, 1000)))
	await(t, "all is stored", func() bool { j, err := h.Job(t.Context(), "j"); return err == nil && j.State == task.Sealed })
	for _, ordered := range []bool{true, false} {
		var out output
		w := out.watch()
		w.Ordered = ordered
		if s, err := Results(t.Context(), h.other(), "j", w); err != nil || out.len() != 0 || s.Verified != 0 || s.Missing == 0 || s.Complete() {
			t.Errorf("nothing is there, and yet: %+v, %v, %d lines", s, err, out.len())
		}
	}
	items := make([]task.Factorization, 43)
	for i := range items {
		items[i].Factors = []task.Factor{{P: nat.New(uint64((86 + i) * (86 + i))), Exp: 1, Status: task.Value}}
	}
	h.put("FACTOR.results.j.86-43.w", (&task.Result{Kind: task.KindSquare, Worker: "w", Items: items}).Encode())
	for _, ordered := range []bool{true, false} {
		var out output
		w := out.watch()
		w.Ordered = ordered
		s, err := Results(t.Context(), h.other(), "j", w)
		if err != nil || s.Verified != 43 || s.Missing != 957 || s.Complete() || s.Counts.Dead != 0 || out.len() != 43 || out.items[0].Position != 86 || out.items[42].Position != 128 {
			t.Errorf("%+v, %v, %d lines", s, err, out.len())
		}
	}
	h.worker("w2", nil)
	a.clean()
	a.out.check(t, 0, 1000)
	var out output
	if s, err := Results(t.Context(), h.other(), "j", out.watch()); err != nil || !s.Clean() {
		t.Errorf("of a job that is done: %+v, %v", s, err)
	}
	out.check(t, 0, 1000)
}

// TestResultsDead: a number that was given up is printed, whatever its dead letter says; a
// number without an answer is not, also if a worker claims that it cannot be answered.
func TestResultsDead(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	if _, err := Feed(t.Context(), h.Fleet, submission("j", text(0, 100)), Watch{}, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if err := h.PurgeQueue(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	h.put("FACTOR.dead.j.17-1.sweeper", (&task.Failure{Err: "no answer yet"}).Encode())
	h.put("FACTOR.dead.j.18-1.w", (&task.Failure{Err: "it is 18"}).Encode())
	for _, ordered := range []bool{true, false} {
		var out output
		w := out.watch()
		w.Ordered = ordered
		s, err := Results(t.Context(), h.other(), "j", w)
		if err != nil || s.Counts.Dead != 1 || s.Missing != 99 || out.len() != 1 || out.items[0].Position != 17 {
			t.Errorf("%+v, %v, %d lines", s, err, out.len())
		}
	}
}

// TestResultsCancelled: the answers that a job had when it was cancelled can still be printed.
func TestResultsCancelled(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	if _, err := Feed(t.Context(), h.Fleet, submission("j", text(0, 100)), Watch{}, func(string) {}); err != nil {
		t.Fatal(err)
	}
	h.put("FACTOR.results.j.20-30.w", squares("w", 20, 30).Encode())
	if _, err := h.Cancel(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	var out output
	s, err := Results(t.Context(), h.other(), "j", out.watch())
	if err != nil || s.Job.State != task.Cancelled || s.Verified != 30 || s.Missing != 70 || out.len() != 30 {
		t.Errorf("%+v, %v, %d lines", s, err, out.len())
	}
}
