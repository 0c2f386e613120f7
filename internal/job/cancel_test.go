package job

import (
	"context"
	"errors"
	"io"
	"testing"

	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

func TestCancel(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	a := h.submit(h.Fleet, submission("j", text(0, 5000)))
	<-a.id
	b := h.wait(h.other(), "j")
	await(t, "some tasks", func() bool { return h.held(schema.StreamTasks, "j") > 10 })
	if _, err := h.Cancel(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*running{a, b} {
		if _, err := r.end(); !errors.Is(err, ErrCancelled) {
			t.Errorf("%v", err)
		}
	}
	if n := h.held(schema.StreamTasks, "j"); n != 0 {
		t.Errorf("%d tasks are still queued", n)
	}
	if _, err := Wait(t.Context(), h.Fleet, "j", a.out.watch()); !errors.Is(err, ErrCancelled) {
		t.Errorf("Wait for a cancelled job: %v", err)
	}
	if _, err := h.submit(h.Fleet, submission("j", text(0, 5000))).end(); !errors.Is(err, fleet.ErrDiffers) {
		t.Errorf("Submit of a cancelled job: %v", err)
	}
}

// TestCancelledLate: tasks that were queued while a job was being cancelled are removed by
// the time the last process has ended its part in the job.
func TestCancelledLate(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	r := h.submit(h.Fleet, submission("j", text(0, 500)))
	await(t, "all tasks", func() bool { return h.held(schema.StreamTasks, "j") == 12 })
	if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.State = task.Cancelled; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := r.end(); !errors.Is(err, ErrCancelled) {
		t.Errorf("%v", err)
	}
	if n := h.held(schema.StreamTasks, "j"); n != 0 {
		t.Errorf("%d tasks are still queued", n)
	}
}

// TestCancelFeeding: a process that only feeds a job stops when the job is cancelled,
// although its input continues.
func TestCancelFeeding(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	pipe, feed := io.Pipe()
	sub := submission("j", "")
	sub.Sources = []input.Source{input.From("-", pipe)}
	r := h.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
		_, err := Feed(ctx, h.Fleet, sub, w, started)
		return nil, err
	})
	io.WriteString(feed, text(0, 100))
	await(t, "some tasks", func() bool { return h.held(schema.StreamTasks, "j") > 0 })
	if _, err := h.Cancel(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.end(); !errors.Is(err, ErrCancelled) {
		t.Errorf("%v", err)
	}
	feed.Close()
	if n := h.held(schema.StreamTasks, "j"); n != 0 {
		t.Errorf("%d tasks are still queued", n)
	}
}
