package job

import (
	"slices"
	"testing"
	"time"

	"factorfleet/internal/task"
)

// TestTaken: of tasks that leave the queue without a yield, those that a heartbeat names make its worker suspect, unless
// it has done a third as many. Others are only counted.
func TestTaken(t *testing.T) {
	t.Parallel()
	const size = 64
	k := taken{grace: time.Second}
	now, next := time.Now(), uint64(0)
	failures := map[string]uint64{"eater": 5}
	// run has a worker take a task, which it names or not, and of which it sends a yield or not.
	run := func(worker string, named, yields bool) []string {
		r := task.Range{First: next, Count: size + next%5} // the tasks of curves of another level have another size
		next = r.End()
		k.issue([]task.Range{r})
		look := func(queued []task.Range) []string {
			return k.look(queued, func(x task.Range) string {
				if named && x == r {
					return worker
				}
				return ""
			}, failures, now)
		}
		look([]task.Range{r})
		if yields {
			k.yield(worker, r.First+5)
			k.yield(worker, r.First+7)
		}
		suspects := look(nil)
		now = now.Add(time.Second)
		return append(suspects, look(nil)...)
	}
	for i := range 3 * lostLeast {
		for _, x := range []struct {
			worker        string
			named, yields bool
		}{{"honest", true, true}, {"eater", true, false}, {"secret", false, false}, {"unlucky", true, i%3 > 0}} {
			got := run(x.worker, x.named, x.yields)
			if want := x.worker == "eater" && i >= lostLeast-1; slices.Contains(got, "eater") != want || len(got) > 1 {
				t.Fatalf("task %d of %s: suspects %q", i, x.worker, got)
			}
		}
		now = now.Add(-4 * time.Second) // all of it is in one span
	}
	if c := k.of["eater"]; len(c.lost) != 3*lostLeast || c.failures != 5 || k.of["secret"] != nil {
		t.Errorf("%+v", c)
	}
	if !k.manyLost() || k.manyLost() {
		t.Error("many lost tasks are not reported once")
	}
	k.forget("eater")
	if got := run("eater", true, false); len(got) > 0 {
		t.Errorf("suspects %q after the complaint", got)
	}
	for range 100 * lostLeast {
		run("eater", true, false)
	}
	if n := len(k.of["eater"].lost); n > 8*lostLeast || len(k.open) > 0 {
		t.Errorf("%d lost tasks are kept, %d open ones", n, len(k.open))
	}
	k.issue([]task.Range{{First: next, Count: size}})
	k.clear()
	if now = now.Add(time.Hour); len(k.look(nil, nil, failures, now)) > 0 {
		t.Error("a task that was removed is lost")
	}
}
