package fleet

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// fillStore publishes messages with the subjects that makeSubject makes until the store is full.
func (h *testFleet) fillStore(makeSubject func(i int) string) {
	h.t.Helper()
	payload := make([]byte, 100<<10)
	for i := range 100 {
		_, err := h.js.PublishMsg(h.t.Context(), message(makeSubject(i), payload))
		switch {
		case stream.IsFull(err):
			return
		case err != nil:
			h.t.Fatal(err)
		}
	}
	h.t.Fatal("the store takes more than 10 MB")
}

// TestFullStore: a job can be cancelled and removed although the store has no room for its changed
// manifest. If the job has nothing to remove first, the error says that the store is full.
func TestFullStore(t *testing.T) {
	t.Parallel()
	newFull := func(t *testing.T, makeSubject func(i int) string) *testFleet {
		h := serve(t, natsserver.Config{Limit: 4 << 20})
		h.provision(Provision{TaskBytes: -1})
		h.job("idle", task.ClassNorm, 0)
		h.job("j", task.ClassNorm, 10)
		h.fillStore(makeSubject)
		if _, err := h.ChangeJob(t.Context(), "idle", func(*task.Job) error { return nil }); !errors.Is(err, stream.ErrFull) {
			t.Fatalf("the store has room: %v", err)
		}
		return h
	}
	taskOf := func(i int) string {
		return schema.TaskSubject(task.Address{Class: task.ClassNorm, Job: "j", Range: single(i), Round: task.FirstRound})
	}
	resultOf := func(i int) string { return schema.ResultSubject("j", single(i), "w") }

	t.Run("cancel", func(t *testing.T) {
		t.Parallel()
		h := newFull(t, taskOf)
		if _, err := h.Cancel(t.Context(), "idle"); !errors.Is(err, stream.ErrFull) {
			t.Errorf("cancelled a job that has nothing: %v", err)
		}
		if j, err := h.Cancel(t.Context(), "j"); err != nil || j.State != task.Cancelled {
			t.Errorf("%+v, %v", j, err)
		}
		if got := strings.Join(h.left("j"), " "); got != "inputs.j.0-10" {
			t.Errorf("left: %s", got)
		}
	})
	t.Run("remove", func(t *testing.T) {
		t.Parallel()
		h := newFull(t, resultOf)
		if _, err := h.Cancel(t.Context(), "j"); !errors.Is(err, stream.ErrFull) {
			t.Errorf("cancelled without taking a result away: %v", err)
		}
		if j, err := h.Job(t.Context(), "j"); err != nil || j.Finished() || len(h.left("j")) < 20 {
			t.Errorf("a job that could not be cancelled: %+v, %v; left %q", j, err, h.left("j"))
		}
		if err := h.Remove(t.Context(), "idle"); !errors.Is(err, stream.ErrFull) {
			t.Errorf("removed a job that has nothing: %v", err)
		}
		if err := h.Remove(t.Context(), "j"); err != nil {
			t.Error(err)
		}
		if j, err := h.Job(t.Context(), "j"); err != nil || j.State != task.Removed || len(h.left("j")) > 0 {
			t.Errorf("%+v, %v; left %q", j, err, h.left("j"))
		}
		if err := h.Remove(t.Context(), "idle"); err != nil {
			t.Errorf("with room: %v", err)
		}
	})
	// Where there is no room for a lease, what has ended can be removed without.
	t.Run("expired", func(t *testing.T) {
		t.Parallel()
		h := serve(t, natsserver.Config{Limit: 4 << 20})
		h.provision(Provision{TaskBytes: -1})
		past := time.Now().Add(-time.Second)
		for id, change := range map[string]func(*task.Job){
			"j":         func(j *task.Job) { j.State, j.Expires = task.Done, &past },
			"held":      func(j *task.Job) { j.State, j.Expires = task.Done, &past },
			"abandoned": func(*task.Job) {},
		} {
			h.job(id, task.ClassNorm, 10)
			if _, err := h.ChangeJob(t.Context(), id, func(j *task.Job) error { change(j); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.acquire(t.Context(), "held", "other"); err != nil {
			t.Fatal(err)
		}
		h.fillStore(resultOf)
		h.pass(abandonedAge)
		abandoned, err := h.Job(t.Context(), "abandoned")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.removeUnheld(t.Context(), abandoned, 0, nil); !errors.Is(err, stream.ErrFull) || len(h.left("abandoned")) == 0 {
			t.Errorf("a job that may go on: %v", err)
		}
		if err := h.RemoveExpired(t.Context()); err != nil && !errors.Is(err, stream.ErrFull) { // the abandoned one may come first
			t.Error(err)
		}
		if j, err := h.Job(t.Context(), "j"); err != nil || j.State != task.Removed || len(h.left("j")) > 0 {
			t.Errorf("%+v, %v; left %q", j, err, h.left("j"))
		}
		if len(h.left("held")) == 0 {
			t.Error("a job that a process holds was removed")
		}
	})
	// Other processes take the room that is made the first times.
	t.Run("holder", func(t *testing.T) {
		t.Parallel()
		h := newFull(t, taskOf)
		rooms := 0
		_, err := h.changeMakingRoom(t.Context(), "j", func(ctx context.Context, id string) error {
			if rooms++; rooms < 3 {
				return nil
			}
			return h.PurgeQueue(ctx, id)
		}, func(*task.Job) error { return nil })
		if err != nil || rooms != 3 {
			t.Errorf("after room was made %d times: %v", rooms, err)
		}
	})
	// A process that takes the room as soon as it is made comes too late.
	t.Run("race", func(t *testing.T) {
		t.Parallel()
		h := newFull(t, taskOf)
		_, err := h.changeMakingRoom(t.Context(), "j", func(ctx context.Context, id string) error {
			if err := h.PurgeQueue(ctx, id); err != nil {
				return err
			}
			h.fillStore(func(i int) string { return taskOf(1000 + i) })
			return nil
		}, func(*task.Job) error { return nil })
		if err != nil {
			t.Errorf("another process had the room each time: %v", err)
		}
	})
}
