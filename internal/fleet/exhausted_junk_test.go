package fleet

import (
	"fmt"
	"testing"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestJunk: messages of no class leave the queue, and tasks stay in it. The queue is listed only if there may be
// very many.
func TestJunk(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 100)
	h.queue(j, single(1))
	p := &probe{sweeper: newSweeper(&Failures{f: h.Fleet})}
	store := func(first, n int) {
		t.Helper()
		before, err := h.depth(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := first; i < first+n; i++ {
			if err := h.nc.Publish(fmt.Sprintf("%snone%d.j.%d-1.0", schema.TasksPrefix, i%3, i), nil); err != nil {
				t.Fatal(err)
			}
		}
		await(t, "all are stored", func() bool { depth, err := h.depth(t.Context()); return depth == before+uint64(n) && err == nil })
	}
	look := func(want uint64) {
		t.Helper()
		if err := p.removeJunk(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if depth, err := h.depth(t.Context()); depth != want || err != nil {
			t.Errorf("%d messages are queued, not %d: %v", depth, want, err)
		}
	}
	h.put(schema.TasksPrefix+"urgent", nil)
	store(0, 10)
	look(12)
	store(10, junkLeast-10)
	look(1)
	store(0, junkLeast)
	look(1)
	if got := h.ranges("j"); got != "1-1" {
		t.Errorf("queued: %s", got)
	}
}
