package job

import (
	"testing"

	"factorfleet/internal/task"
)

// TestWaitsBeyondEnd: numbers that were stored since the dispatcher last looked are still to be queued, so that an answer
// which comes before that look does not have another worker compute them.
func TestWaitsBeyondEnd(t *testing.T) {
	t.Parallel()
	d := &dispatcher{known: true, end: 5}
	for r, want := range map[task.Range]bool{
		{First: 0, Count: 5}: false, {First: 4, Count: 2}: true, {First: 5, Count: 1}: true, {First: 9, Count: 1}: true,
	} {
		if got := d.waitsFor(r); got != want {
			t.Errorf("%v: %v", r, got)
		}
	}
}
