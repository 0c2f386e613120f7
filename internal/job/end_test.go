package job

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestPrivate: a job that ends with its process keeps its manifest unchanged.
func TestPrivate(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.worker("w", nil)
	r := h.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
		w.Private = true
		sub := submission("j", text(0, 500))
		sub.Keep = 0
		return Submit(ctx, h.Fleet, sub, w, started)
	})
	r.clean()
	r.out.check(t, 0, 500)
	if j, err := h.Job(t.Context(), "j"); err != nil || j.State != task.Sealed {
		t.Errorf("%+v, %v", j, err)
	}
}

// TestOutputFails: a process that cannot print stops, and the job continues.
func TestOutputFails(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.worker("w", nil)
	oops := errors.New("no space left")
	for _, flush := range []bool{false, true} {
		var lines int
		id := fmt.Sprint("j", flush)
		_, err := Submit(t.Context(), h.Fleet, submission(id, text(0, 1000)), Watch{
			Ordered: true,
			Emit: func(*collect.Item) error {
				if lines++; lines > 100 && !flush {
					return oops
				}
				return nil
			},
			Flush: func() error {
				if flush {
					return oops
				}
				return nil
			},
		}, func(string) {})
		if !errors.Is(err, ErrOutput) || !errors.Is(err, oops) {
			t.Errorf("%v", err)
		}
		r := h.submit(h.Fleet, submission(id, text(0, 1000)))
		r.clean()
		r.out.check(t, 0, 1000)
	}
}

// TestDeadline: a process that stops waiting returns the cause of its context.
func TestDeadline(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	a := h.submit(h.Fleet, submission("j", text(0, 100)))
	await(t, "some tasks", func() bool { return h.held(schema.StreamTasks, "j") > 0 })
	because := errors.New("deadline")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, because)
	defer cancel()
	var out output
	f := h.other()
	if _, err := Wait(ctx, f, "j", out.watch()); !errors.Is(err, because) {
		t.Errorf("%v", err)
	}
	// Now the deadline has passed before the job is read.
	if _, err := Wait(ctx, f, "j", out.watch()); !errors.Is(err, because) {
		t.Errorf("late: %v", err)
	}
	a.kill()
}

// TestNoJob: an id without a job, and an invalid id, are errors.
func TestNoJob(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	for _, id := range []string{"none", "", "a.b", strings.Repeat("x", 41)} {
		if _, err := Wait(t.Context(), h.Fleet, id, Watch{}); !errors.Is(err, fleet.ErrNoJob) {
			t.Errorf("Wait for %q: %v", id, err)
		}
		if _, err := Results(t.Context(), h.Fleet, id, Watch{}); !errors.Is(err, fleet.ErrNoJob) {
			t.Errorf("Results of %q: %v", id, err)
		}
	}
	if _, err := Submit(t.Context(), h.Fleet, submission("a.b", "1"), Watch{}, func(string) {}); err == nil {
		t.Error("a job of a bad id was submitted")
	}
}

// TestEndOfNewerManifest: a process that has answered all numbers of an older manifest does not
// record the end of a job that has more numbers now.
func TestEndOfNewerManifest(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	old := &task.Job{ID: "j", Schema: 1, Kind: task.KindSquare, Class: task.ClassNorm, State: task.Sealed, Count: 200, CutOff: true, Created: time.Now()}
	if err := h.CreateJob(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	s, _, err := open(t.Context(), h.Fleet, "j")
	if err != nil {
		t.Fatal(err)
	}
	l := s.newLoop(t.Context(), goalEnd, old, Watch{Emit: discard}, false)
	defer l.cancel()
	if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.Count, j.CutOff = 1000, false; return nil }); err != nil {
		t.Fatal(err)
	}
	sum, err := s.recordEnd(t.Context(), l)
	if err != nil || sum.Complete() || sum.Missing != 800 {
		t.Errorf("%+v, %v", sum, err)
	}
	if j, err := h.Job(t.Context(), "j"); err != nil || j.State != task.Sealed {
		t.Errorf("%+v, %v", j, err)
	}
}

// TestTombstoneTwice: a submitter whose tombstone is stored, but whose answer was lost, has ended its job all the same.
func TestTombstoneTwice(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	sealed := &task.Job{ID: "j", Schema: 1, Kind: task.KindSquare, Class: task.ClassNorm, State: task.Sealed, Created: time.Now()}
	if err := h.CreateJob(t.Context(), sealed); err != nil {
		t.Fatal(err)
	}
	s, j, err := open(t.Context(), h.Fleet, "j")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.inputs.Append(t.Context(), 0, fleettest.Numbers(0, 10)); err != nil {
		t.Fatal(err)
	}
	l := s.newLoop(t.Context(), goalEnd, j, Watch{Emit: discard}, true)
	defer l.cancel()
	if _, err := h.EndRemoved(t.Context(), "j", func(*task.Job) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if sum, err := s.recordEnd(t.Context(), l); err != nil || !sum.Clean() {
		t.Errorf("%+v, %v", sum, err)
	}
	if n := h.held(schema.StreamInputs, "j"); n != 0 {
		t.Errorf("%d blocks are left", n)
	}
}
