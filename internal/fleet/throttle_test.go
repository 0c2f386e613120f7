package fleet

import (
	"errors"
	"testing"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestPauseResume: a pause is in the manifest and empties the queue, twice is no error, and an ended job is a conflict.
func TestPauseResume(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 100)
	h.queue(j, task.Range{First: 0, Count: 50})
	h.queue(j, task.Range{First: 50, Count: 50})
	h.put(schema.ReturnSubject("j", task.Range{First: 0, Count: 5}, "0", "w"), (&task.Return{Reason: task.Drained}).Encode())
	for range 2 {
		j, err := h.Pause(t.Context(), "j")
		if err != nil || !j.Paused || !j.Throttled || j.Schema != 2 {
			t.Fatalf("%+v, %v", j, err)
		}
	}
	if got := h.ranges("j"); got != "" || len(h.subjects(schema.StreamReturns)) > 0 {
		t.Errorf("queued: %q, returned: %v", got, h.subjects(schema.StreamReturns))
	}
	for i, want := range []bool{true, false} {
		j, was, err := h.Resume(t.Context(), "j")
		if err != nil || was != want || j.Paused || !j.Throttled {
			t.Errorf("resume %d: %+v, %v, %v", i, j, was, err)
		}
	}
	rate, running, at := 2.5, 7, time.Now().Add(time.Hour)
	changed, err := h.ChangeThrottle(t.Context(), "j", Throttle{Rate: &rate, MaxRunning: &running, After: &at})
	if err != nil || changed.Rate != rate || changed.MaxRunning != running || !changed.After.Equal(at) {
		t.Errorf("%+v, %v", changed, err)
	}
	if changed, err = h.ChangeThrottle(t.Context(), "j", Throttle{After: new(time.Time)}); err != nil || changed.After != nil || changed.Rate != rate {
		t.Errorf("%+v, %v", changed, err)
	}
	if _, err := h.Cancel(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Pause(t.Context(), "j"); !errors.Is(err, ErrDiffers) {
		t.Errorf("pause of a cancelled job: %v", err)
	}
	if _, _, err := h.Resume(t.Context(), "j"); !errors.Is(err, ErrDiffers) {
		t.Errorf("resume of a cancelled job: %v", err)
	}
	if err := h.Remove(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Pause(t.Context(), "j"); !errors.Is(err, ErrNoJob) {
		t.Errorf("pause of a removed job: %v", err)
	}
	if _, err := h.Pause(t.Context(), "k"); !errors.Is(err, ErrNoJob) {
		t.Errorf("pause of no job: %v", err)
	}
}

// TestSweepPaused: returns of a paused job are removed and queue nothing.
func TestSweepPaused(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 100)
	if _, err := h.Pause(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	for i, reason := range []task.Reason{task.Drained, task.Isolate, task.Postponed} {
		r := task.Range{First: uint64(10 * i), Count: 1}
		h.put(schema.ReturnSubject("j", r, "0", "w"), (&task.Return{Reason: reason}).Encode())
	}
	background(t, h.Sweep)
	await(t, "no return is left", func() bool { return len(h.subjects(schema.StreamReturns)) == 0 })
	if got := h.ranges("j"); got != "" {
		t.Errorf("queued: %q", got)
	}
}

// TestSplitWithinLimit: a chunk of a job with a limit of running tasks is split into as many pieces as there is room for.
func TestSplitWithinLimit(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 1000)
	running := 6
	if _, err := h.ChangeThrottle(t.Context(), "j", Throttle{MaxRunning: &running}); err != nil {
		t.Fatal(err)
	}
	h.queue(j, task.Range{First: 500, Count: 50})
	h.queue(j, task.Range{First: 550, Count: 50})
	h.put(schema.ReturnSubject("j", task.Range{First: 0, Count: 400}, "0", "w"), (&task.Return{Reason: task.Isolate, Pieces: 64}).Encode())
	background(t, h.Sweep)
	await(t, "the pieces", func() bool { return h.ranges("j") == "0-100 100-100 200-100 300-100 500-50 550-50" })
}

// TestBegun: what shows that a job has begun, and what follows.
func TestBegun(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(*testFleet, *task.Job){
		"result": func(h *testFleet, j *task.Job) { h.put(schema.ResultSubject("j", task.Range{Count: 1}, "w"), nil) },
		"return": func(h *testFleet, j *task.Job) {
			h.put(schema.ReturnSubject("j", task.Range{Count: 1}, "0", "w"), (&task.Return{Reason: task.Drained}).Encode())
		},
		"failure": func(h *testFleet, j *task.Job) {
			h.put(schema.FailedSubject(task.Address{Job: "j", Range: task.Range{Count: 1}, Round: "0"}, 1, "w"), nil)
		},
		"letter":  func(h *testFleet, j *task.Job) { h.put(schema.DeadSubject("j", task.Range{Count: 1}, "w"), nil) },
		"nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t, Provision{})
			j, _ := h.job("j", task.ClassNorm, 100)
			h.queue(j, task.Range{First: 0, Count: 50})
			past := h.Now(t.Context()).Add(-time.Second)
			if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.Deadline = &past; j.SetSchema(); return nil }); err != nil {
				t.Fatal(err)
			}
			if begin != nil {
				begin(h, j)
			}
			if has, err := h.HasBegun(t.Context(), j); err != nil || has != (begin != nil) {
				t.Errorf("%v, %v", has, err)
			}
			if begin != nil {
				if j, err := h.NoteBegun(t.Context(), "j"); err != nil || j.Deadline != nil {
					t.Errorf("%+v, %v", j, err)
				}
			}
			cancelled, err := h.CancelUnbegun(t.Context(), "j")
			if err != nil || (cancelled.State == task.Cancelled) != (begin == nil) || (cancelled.Note != "") != (begin == nil) {
				t.Errorf("%+v, %v", cancelled, err)
			}
		})
	}
}

// TestBegunDelivered: a task that was delivered has begun, although nothing is stored of it.
func TestBegunDelivered(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 100)
	h.queue(j, task.Range{First: 0, Count: 50})
	c, err := h.js.Consumer(t.Context(), schema.StreamTasks, schema.Durable(task.ClassNorm))
	if err != nil {
		t.Fatal(err)
	}
	batch, err := c.Fetch(1)
	if err != nil {
		t.Fatal(err)
	}
	for range batch.Messages() {
	}
	if has, err := h.HasBegun(t.Context(), j); err != nil || !has {
		t.Errorf("%v, %v", has, err)
	}
}

// TestFurtherRound: an exhausted number with attempts left is queued with all deliveries spent, whatever the evidence is.
func TestFurtherRound(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, in := h.job("j", task.ClassNorm, 10)
	if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.MaxAttempts = 7; j.SetSchema(); return nil }); err != nil {
		t.Fatal(err)
	}
	j.MaxAttempts = 7
	number := task.Range{First: 4, Count: 1}
	if err := h.queueRanges(t.Context(), j, in, []task.Range{number}, "1", 2); err != nil {
		t.Fatal(err)
	}
	x, err := h.Failures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := h.tasks.GetLastMsgForSubject(t.Context(), schema.TasksPrefix+"norm.j.>")
	if err != nil {
		t.Fatal(err)
	}
	at, err := schema.ParseSubject(m.Subject)
	if err != nil {
		t.Fatal(err)
	}
	if wait, err := newSweeper(x).conclude(t.Context(), m, at); wait > 0 || err != nil {
		t.Fatal(wait, err)
	}
	if m, err = h.tasks.GetLastMsgForSubject(t.Context(), schema.TasksPrefix+"norm.j.>"); err != nil {
		t.Fatal(err)
	}
	if spent := schema.ParseSpent(m.Header.Get(schema.HeaderSpent)); spent != 5 || attempt.Number(2, spent, 7) != 7 {
		t.Errorf("%d deliveries are spent", spent)
	}
	if got := h.ranges("j"); got != "4-1" {
		t.Errorf("queued: %q", got)
	}
}
