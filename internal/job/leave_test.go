package job

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/task"
)

// endless is a submission whose input has some numbers and does not end.
func endless(t *testing.T, id, numbers string) Submission {
	r, w := io.Pipe()
	t.Cleanup(func() { w.Close() })
	sub := submission(id, "")
	sub.Sources = []input.Source{input.From("-", io.MultiReader(strings.NewReader(numbers), r))}
	return sub
}

// TestLeave: a submitter that is stopped before its input has ended seals the job as cut off. A job that it
// would have removed at its end expires. One with an id of the user is resumed with the same input.
func TestLeave(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	for id, keep := range map[string]time.Duration{"": 0, "kept": time.Hour} {
		sub := endless(t, id, text(0, 500))
		sub.Keep = keep
		r := h.submit(h.Fleet, sub)
		id := <-r.id
		await(t, "the numbers are stored", func() bool { in, err := h.Inputs(t.Context(), id); return err == nil && in.Count() == 500 })
		r.stop()
		var left *LeftError
		if !errors.As(r.err, &left) || left.Unsealed != nil || left.Stored != 500 {
			t.Errorf("%v: %+v", r.err, left)
		}
		j, err := h.Job(t.Context(), id)
		if err != nil || j.State != task.Sealed || !j.CutOff || j.Count != 500 || j.Note == "" {
			t.Errorf("%+v, %v", j, err)
		}
		if (j.Expires != nil) != (keep == 0) || j.Expires != nil && time.Until(*j.Expires).Round(time.Hour) != fleet.TombstoneAge {
			t.Errorf("kept for %v, it expires at %v", keep, j.Expires)
		}
	}
	h.worker("w", nil)
	r := h.submit(h.other(), submission("kept", text(0, 1000)))
	if sum := r.clean(); sum.Job.Expires == nil || time.Until(*sum.Job.Expires) < 23*time.Hour {
		t.Errorf("%+v", sum.Job)
	}
	r.out.check(t, 0, 1000)
}

// TestLeaveOther: a submitter that waits for another one leaves the job to that one, and one that has other input
// does not seal it.
func TestLeaveOther(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	first := h.submit(h.Fleet, endless(t, "j", text(0, 100)))
	await(t, "the numbers are stored", func() bool { in, err := h.Inputs(t.Context(), "j"); return err == nil && in.Count() == 100 })
	second := h.submit(h.other(), endless(t, "j", text(0, 50)))
	<-second.id
	second.stop()
	if _, err := second.end(); !errors.Is(err, errStopped) || errors.As(err, new(*LeftError)) {
		t.Errorf("%v", err)
	}
	if j, err := h.Job(t.Context(), "j"); err != nil || j.State != task.Open {
		t.Errorf("%+v, %v", j, err)
	}
	first.kill()
	third := h.submit(h.other(), endless(t, "j", text(7, 50)))
	if _, err := third.end(); !errors.Is(err, fleet.ErrDiffers) {
		t.Errorf("%v", err)
	}
	if j, err := h.Job(t.Context(), "j"); err != nil || j.State != task.Open {
		t.Errorf("%+v, %v", j, err)
	}
}

// TestLeaveUnreachable: a submitter that cannot reach the server leaves promptly, and says so.
func TestLeaveUnreachable(t *testing.T) {
	t.Parallel()
	h := newLasting(t)
	r := h.submit(h.Fleet, endless(t, "j", text(0, 100)))
	await(t, "the numbers are stored", func() bool { in, err := h.Inputs(t.Context(), "j"); return err == nil && in.Count() == 100 })
	h.server.Stop()
	await(t, "the connection is lost", func() bool { return !h.Connected() })
	began := time.Now()
	r.stop()
	var left *LeftError
	if !errors.As(r.err, &left) || left.Unsealed == nil || left.Stored != 100 {
		t.Errorf("%v: %+v", r.err, left)
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("after %v", d)
	}
}
