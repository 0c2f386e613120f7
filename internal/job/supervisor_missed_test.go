package job

import (
	"errors"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// newWatched returns a supervisor that does not run, and a job of it that has been watched for a minute.
func newWatched(t *testing.T, h *testFleet, id string) (*supervisor, *supervised) {
	t.Helper()
	h.feed(id)
	j, err := h.Job(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	s := newSupervisor(h.other(), zerolog.Nop())
	e := &supervised{manifest: j, state: watched, queue: new(fleet.QueueOfJob), began: time.Now().Add(-time.Minute), stop: func(error) {}}
	s.jobs[id], s.watching[id] = e, e
	return s, e
}

// TestSuperviseBesideHolder: a job that another process holds is left once, and parked until its lease
// is free.
func TestSuperviseBesideHolder(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	s, e := newWatched(t, h, "j")
	h.holdLease("j")
	look := func() {
		if err := s.survey.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.lookAt(e, true, time.Now())
	}
	look()
	if e.state != leaving {
		t.Fatalf("state %d, want leaving", e.state)
	}
	s.watchEnded(t.Context(), watchEnd{e, &Summary{Job: *e.manifest}, errLeave})
	time.Sleep(100 * time.Millisecond) // the next look requests the leases again
	look()
	if e.state != parked || e.incomplete != 0 {
		t.Errorf("state %d, want parked; %d incomplete watches", e.state, e.incomplete)
	}
}

// TestSuperviseCancelledWhileLeaving: what was queued while a job was cancelled is removed, also if its
// watch ends for another reason.
func TestSuperviseCancelledWhileLeaving(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	s, e := newWatched(t, h, "j")
	cancelled := *e.manifest
	cancelled.State = task.Cancelled
	s.leave(e, true)
	s.changed(t.Context(), &cancelled)
	s.watchEnded(t.Context(), watchEnd{e, nil, errLeave})
	await(t, "its tasks are removed", func() bool { return h.held(schema.StreamTasks, "j") == 0 })
	s.watches.Wait()
	if len(s.jobs) != 0 || len(s.waiting) != 0 || len(s.watching) != 0 {
		t.Errorf("%d jobs are known, %d wait, %d are watched", len(s.jobs), len(s.waiting), len(s.watching))
	}
}

// TestSuperviseVerdict: a job is left alone only if its manifest is still the one that its watch has seen.
// It is left no longer than until the manifest is another, and is not forgotten because a server that is
// behind does not know it.
func TestSuperviseVerdict(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	s, e := newWatched(t, h, "j")
	sum := &Summary{Job: *e.manifest}
	restored := *e.manifest
	restored.Note = "input restored"
	s.changed(t.Context(), &restored)
	s.watchEnded(t.Context(), watchEnd{e, sum, ErrInputLost})
	if e.state != parked || s.isAbandoned("j") {
		t.Fatalf("state %d although the manifest has changed", e.state)
	}
	sum.Job = restored
	s.watchEnded(t.Context(), watchEnd{e, sum, ErrInputLost})
	same := restored
	s.changed(t.Context(), &same)
	if e.state != leftAlone || !s.isAbandoned("j") {
		t.Fatalf("state %d after the verdict", e.state)
	}
	again := restored
	again.Note = "input restored again"
	s.changed(t.Context(), &again)
	if e.state != parked || s.isAbandoned("j") || time.Now().Before(e.checkAt) {
		t.Errorf("state %d after a change", e.state)
	}
	s.watchEnded(t.Context(), watchEnd{e, nil, errors.Join(fleet.ErrNoJob)})
	if s.jobs["j"] != e || time.Until(e.checkAt) > s.pace.longest {
		t.Error("the job is forgotten")
	}
}

// TestSuperviseWaiting: a job that another process takes, or that ends, waits no longer.
func TestSuperviseWaiting(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	s, a := newWatched(t, h, "a")
	clear(s.watching)
	b := &supervised{manifest: &task.Job{ID: "b", State: task.Sealed, Count: 1}}
	s.jobs["b"] = b
	s.enqueue(a)
	s.enqueue(b)
	h.holdLease("a")
	if err := s.survey.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.lookAt(a, true, time.Now())
	if a.state != parked || len(s.waiting) != 1 {
		t.Errorf("state %d, %d wait", a.state, len(s.waiting))
	}
	s.changed(t.Context(), &task.Job{ID: "b", State: task.Done})
	if len(s.waiting) != 0 || s.jobs["b"] != nil {
		t.Errorf("%d wait", len(s.waiting))
	}
}

// TestSuperviseNewJob: a job that is newer than what the supervisor sees of the fleet is not watched for
// having no tasks.
func TestSuperviseNewJob(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	s := newSupervisor(h.other(), zerolog.Nop())
	if err := s.survey.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.feed("j")
	j, err := h.Job(t.Context(), "j")
	if err != nil {
		t.Fatal(err)
	}
	s.changed(t.Context(), j)
	e := s.jobs["j"]
	s.lookAt(e, true, time.Now())
	if e.state != parked {
		t.Errorf("state %d before it is seen", e.state)
	}
	await(t, "it is seen", func() bool { return s.survey.Look(t.Context()) == nil && s.survey.Seen().After(e.checkAt) })
	s.lookAt(e, true, time.Now())
	if e.state != parked || time.Until(e.checkAt) < s.pace.recheck/2 {
		t.Errorf("state %d, checked in %v", e.state, time.Until(e.checkAt))
	}
}
