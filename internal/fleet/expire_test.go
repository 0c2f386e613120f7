package fleet

import (
	"errors"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestRemoveExpired: an expired job becomes a tombstone, an expired tombstone leaves nothing. Other
// jobs stay, and so does one that a process holds.
func TestRemoveExpired(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	for id, expires := range map[string]*time.Time{"old": &past, "new": &future, "open": nil, "held": &past} {
		h.fill(id)
		if _, err := h.ChangeJob(t.Context(), id, func(j *task.Job) error { j.Expires = expires; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.acquire(t.Context(), "held", "other"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.RemoveExpired(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]int{"old": 0, "new": 6, "open": 6, "held": 6} {
			if got := h.left(id); len(got) != want {
				t.Errorf("left of %s: %q", id, got)
			}
		}
	}
	if j, err := h.Job(t.Context(), "old"); err != nil || j.State != task.Removed || time.Until(*j.Expires) < TombstoneAge-time.Minute {
		t.Errorf("%+v, %v", j, err)
	}
	if _, err := h.ChangeJob(t.Context(), "old", func(j *task.Job) error { j.Expires = &past; return nil }); err != nil {
		t.Fatal(err)
	}
	h.put(schema.ResultSubject("old", single(3), "late"), nil)
	if err := h.RemoveExpired(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := h.left("old"); len(got) != 0 {
		t.Errorf("left of a tombstone: %q", got)
	}
	if got := strings.Join(h.subjects(schema.BucketStream(schema.BucketJobs)), " "); strings.Contains(got, ".old") {
		t.Errorf("jobs: %s", got)
	}
	if _, err := h.Job(t.Context(), "old"); !errors.Is(err, ErrNoJob) {
		t.Errorf("%v", err)
	}
	h.job("old", task.ClassNorm, 1) // the id is free
}
