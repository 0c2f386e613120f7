package fleet

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// TestUnreadableManifests: a manifest that cannot be decoded costs no other job anything, and is
// logged once for each time that it is written.
func TestUnreadableManifests(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	ctx, past := t.Context(), time.Now().Add(-time.Second)
	h.job("open", task.ClassNorm, 10)
	h.fill("old")
	if _, err := h.ChangeJob(ctx, "old", func(j *task.Job) error { j.State, j.Expires = task.Done, &past; return nil }); err != nil {
		t.Fatal(err)
	}
	bad := map[string]string{
		"text": "hello", "none": "", "cut": `{"id":"cut","state":"op`, "wrong-type": `{"id":7}`,
		"wrong-time": `{"id":"wrong-time","created":"0000-01-01T00:00:00+23:59"}`, "wrong-id": `{"id":"open"}`, "without-id": `{}`,
	}
	for id, manifest := range bad {
		if _, err := h.jobs.PutString(ctx, id, manifest); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	nc, js := h.connect()
	f, err := Open(ctx, nc, js, stream.Options{Log: zerolog.New(&log)})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"old open", "old open", "old open"} { // "old" as a tombstone
		var ids []string
		jobs, err := f.Jobs(ctx)
		for _, j := range jobs {
			ids = append(ids, j.ID)
		}
		if slices.Sort(ids); err != nil || strings.Join(ids, " ") != want {
			t.Errorf("jobs %q, %v, want %s", ids, err, want)
		}
		if err := f.RemoveExpired(ctx); err != nil {
			t.Error(err)
		}
	}
	if left := h.left("old"); len(left) > 0 {
		t.Errorf("left of an expired job: %q", left)
	}
	for id := range bad {
		if n := strings.Count(log.String(), "read job "+id+":"); n != 1 {
			t.Errorf("%s was logged %d times:\n%s", id, n, log.String())
		}
		if j, err := f.Job(ctx, id); err == nil || !strings.Contains(err.Error(), id) {
			t.Errorf("job %s: %+v, %v", id, j, err)
		}
	}
	if _, err := h.jobs.PutString(ctx, "text", "hello again"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Jobs(ctx); err != nil || strings.Count(log.String(), "read job text:") != 2 {
		t.Errorf("%v; the log:\n%s", err, log.String())
	}
}
