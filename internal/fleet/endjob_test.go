package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// fill stores at least one message of the job in every stream.
func (h *testFleet) fill(id string) {
	h.t.Helper()
	j, in := h.job(id, task.ClassNorm, 10)
	h.queue(j, single(1))
	w := h.station("w")
	a := task.Address{Class: j.Class, Job: id, Range: single(2), Round: task.FirstRound}
	for _, err := range []error{
		w.Result(h.t.Context(), id, single(2), nil), w.Return(h.t.Context(), a, nil),
		w.Failed(h.t.Context(), a, 1, nil), w.Dead(h.t.Context(), id, single(2), nil),
	} {
		if err != nil {
			h.t.Fatal(err)
		}
	}
	if in.Count() != 10 {
		h.t.Fatal("no input")
	}
}

// left returns the subjects of the job's messages in all streams.
func (h *testFleet) left(id string) (list []string) {
	h.t.Helper()
	for _, stream := range []string{schema.StreamInputs, schema.StreamTasks, schema.StreamReturns, schema.StreamResults, schema.StreamDead} {
		for _, s := range h.subjects(stream) {
			if slices.Contains(strings.Split(s, "."), id) {
				list = append(list, s)
			}
		}
	}
	return list
}

// TestCancel: the tasks of the job are removed and the workers are told; its results stay.
func TestCancel(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fill("j")
	h.fill("other")
	orders := make(chan string, 10)
	w := h.station("w")
	if err := w.Listen(t.Context(), puller.Orders{Cancel: func(job string) { orders <- job }}); err != nil {
		t.Fatal(err)
	}
	if err := w.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	j, err := h.Cancel(t.Context(), "j")
	if err != nil || j.State != task.Cancelled || j.Ended == nil || j.Expires == nil || time.Until(*j.Expires) < TombstoneAge-time.Minute {
		t.Errorf("%+v, %v", j, err)
	}
	if got := <-orders; got != "j" {
		t.Errorf("the worker was told %q", got)
	}
	if got := strings.Join(h.left("j"), " "); got != "inputs.j.0-10 results.j.2-1.w dead.j.2-1.w failed.j.2-1.0.1.w" {
		t.Errorf("left: %s", got)
	}
	if got := h.left("other"); len(got) != 6 {
		t.Errorf("left of another job: %q", got)
	}
	if _, err := h.Cancel(t.Context(), "j"); !errors.Is(err, ErrDiffers) {
		t.Errorf("cancelled again: %v", err)
	}
	if _, err := h.Cancel(t.Context(), "none"); !errors.Is(err, ErrNoJob) {
		t.Errorf("%v", err)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fill("j")
	h.fill("other")
	if err := h.Remove(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	if got := h.left("j"); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
	if got := h.left("other"); len(got) != 6 {
		t.Errorf("left of another job: %q", got)
	}
	j, err := h.Job(t.Context(), "j")
	if err != nil || j.State != task.Removed || j.Expires == nil {
		t.Errorf("%+v, %v", j, err)
	}
	if err := h.CreateJob(t.Context(), &task.Job{ID: "j"}); !errors.Is(err, ErrDiffers) {
		t.Errorf("its id is free: %v", err)
	}
}

// TestRemoveStopped: the tombstone of a job tells those that wait for it whether it was stopped.
func TestRemoveStopped(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	for id, state := range map[string]task.State{"open": task.Open, "cancelled": task.Cancelled, "done": task.Done} {
		h.fill(id)
		if _, err := h.ChangeJob(t.Context(), id, func(j *task.Job) error { j.State = state; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := h.Remove(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if j, err := h.Job(t.Context(), id); err != nil || j.State != task.Removed || j.Stopped != (id != "done") {
			t.Errorf("%+v, %v", j, err)
		}
	}
}

// TestRemoveActive: a job that is removed while its holder still queues tasks leaves nothing once
// the holder is told.
func TestRemoveActive(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fill("j")
	ctx, cancel := context.WithCancel(t.Context())
	removed := make(chan struct{})
	err := h.WatchJob(ctx, "j", func(j *task.Job) {
		if j.State == task.Removed {
			close(removed)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	orders := make(chan string, 1)
	w := h.station("w")
	if err := w.Listen(ctx, puller.Orders{Cancel: func(job string) { orders <- job }}); err != nil {
		t.Fatal(err)
	}
	if err := w.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := h.Remove(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	<-removed
	if got := <-orders; got != "j" {
		t.Errorf("the worker was told %q", got)
	}
	cancel()
	if got := h.left("j"); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}
