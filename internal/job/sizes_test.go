package job

import (
	"testing"
	"time"

	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// TestSizes: the manifest of a job says how many numbers of each size it has, and at the end what they took. A process that
// waits for the job predicts its end from that.
func TestSizes(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.worker("w", nil)
	sub := submission("j", "15\n21\n340282366920938463463374607431768211457\n12x\n")
	sub.Kind, sub.Keep = task.KindFactor, time.Hour
	r := h.submit(h.Fleet, sub)
	if _, err := r.end(); err != nil {
		t.Fatal(err)
	}
	j, err := h.Job(t.Context(), "j")
	if err != nil || j.State != task.Done || len(j.Sizes) != 2 {
		t.Fatalf("%+v, %v", j, err)
	}
	small, large := j.Sizes[0], j.Sizes[1]
	if small.Bits != 8 || small.Count != 2 || small.Answered != 2 || large.Bits != 136 || large.Count != 1 || large.Answered != 1 || large.CPU <= 0 {
		t.Errorf("%+v", j.Sizes)
	}
	if x := plan.ExperienceOf([]*task.Job{j}); x == nil || x.Answers != 3 {
		t.Errorf("what the job teaches: %+v", x)
	}
	var progress plan.JobProgress
	w := new(output).watch()
	w.Progress = &progress
	if _, err := Wait(t.Context(), h.Fleet, "j", w); err != nil {
		t.Fatal(err)
	}
	if s := progress.Snapshot(time.Now()); s.Done != 3 || s.Total != 3 || s.Share != 1 || !s.Known {
		t.Errorf("%+v", s)
	}
}
