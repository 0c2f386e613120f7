package fleet

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"factorfleet/internal/task"
)

// ended creates a job that has ended and expires after a while.
func (h *testFleet) ended(id string, state task.State, after time.Duration) *task.Job {
	h.t.Helper()
	h.job(id, task.ClassNorm, 0)
	at := time.Now().Add(after)
	j, err := h.ChangeJob(h.t.Context(), id, func(j *task.Job) error { j.State, j.Expires = state, &at; return nil })
	if err != nil {
		h.t.Fatal(err)
	}
	return j
}

// pass has f believe that d more has passed by the server's clock.
func (h *testFleet) pass(d time.Duration) {
	h.clock.mu.Lock()
	defer h.clock.mu.Unlock()
	h.clock.at = h.clock.at.Add(d)
}

// TestExpiry: jobs are removed when their time has come, whatever the order in which they are
// known; one that is held, when it is held no more; one that never ended, only if it is abandoned.
func TestExpiry(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	const soon = 500 * time.Millisecond
	e := h.NewExpiry()
	e.retry = 50 * time.Millisecond
	background(t, func(ctx context.Context) error {
		e.Run(ctx, func(id string) bool { return id == "abandoned" })
		return nil
	})
	began := time.Now()
	e.Put(h.ended("tombstone", task.Removed, soon))
	e.Put(h.ended("done", task.Done, soon))
	held := h.ended("held", task.Done, 0)
	revision, err := h.acquire(t.Context(), "held", "other")
	if err != nil {
		t.Fatal(err)
	}
	e.Put(held)
	later := h.ended("later", task.Done, time.Hour)
	e.Put(later)
	state := func(id string) string {
		j, err := h.Job(t.Context(), id)
		if errors.Is(err, ErrNoJob) {
			return "none"
		}
		if err != nil {
			t.Fatal(err)
		}
		return string(j.State)
	}
	if got := state("tombstone") + " " + state("done"); got != "removed done" && time.Since(began) < soon {
		t.Errorf("before they are due: %s", got)
	}
	for id, want := range map[string]string{"tombstone": "none", "done": "removed"} {
		await(t, fmt.Sprint(id, " is ", want), func() bool { return state(id) == want })
	}
	for id, want := range map[string]string{"later": "done", "held": "done"} {
		if got := state(id); got != want {
			t.Errorf("%s is %s, not %s", id, got, want)
		}
	}
	h.release(lease{job: "held", revision: revision})
	await(t, "what was held is removed", func() bool { return state("held") == "removed" })
	for _, id := range []string{"abandoned", "supervised"} {
		h.job(id, task.ClassNorm, 0)
	}
	h.pass(abandonedAge)
	for _, id := range []string{"supervised", "abandoned"} { // in this order: the one that is removed is last
		j, err := h.Job(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		e.Put(j)
	}
	e.Put(h.ended("wake", task.Done, 0)) // Run sleeps by the clock of this process
	await(t, "the abandoned one is removed", func() bool { return state("abandoned") == "removed" })
	if got := state("supervised"); got != "open" {
		t.Errorf("a supervised job is %s", got)
	}
}

// TestExpiresAt: the times of a writer count only relative to each other.
func TestExpiresAt(t *testing.T) {
	t.Parallel()
	written := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	const day, keep = 24 * time.Hour, 10 * 24 * time.Hour
	for _, wrong := range []time.Duration{0, 31 * day, -31 * day, time.Second} { // of the writer's clock
		own := written.Add(wrong)
		for _, test := range []struct {
			state          task.State
			ended, expires time.Duration // on the writer's clock; 0 = not set
			want           time.Duration // after written; 0 = never
		}{
			{task.Open, 0, 0, abandonedAge}, {task.Sealed, 0, 0, abandonedAge}, {task.Removed, 0, 0, 0}, {task.Done, 0, 0, 0},
			{task.Done, 1, keep + 1, keep}, {task.Cancelled, 1, day + 1, day}, {task.Done, keep, 1, 1 - keep},
		} {
			j := &task.Job{State: test.state, Keep: keep, Created: own, Written: written}
			if test.ended != 0 {
				j.Ended, j.Expires = new(own.Add(test.ended)), new(own.Add(test.expires))
			}
			at, ok := expiresAt(j)
			if ok != (test.want != 0) || ok && at.Sub(written) != test.want {
				t.Errorf("clock %v wrong: %+v expires %v after it was written, %v", wrong, test, at.Sub(written), ok)
			}
		}
	}
	for _, test := range []struct {
		state         task.State
		expires, want time.Duration // after written
	}{
		{task.Removed, day / 2, day / 2}, {task.Removed, 31 * day, TombstoneAge}, {task.Sealed, day, day},
		{task.Sealed, 31 * day, keep}, {task.Done, 100 * 365 * day, keep},
	} {
		j := &task.Job{State: test.state, Keep: keep, Expires: new(written.Add(test.expires)), Written: written}
		if at, ok := expiresAt(j); !ok || at.Sub(written) != test.want {
			t.Errorf("%+v expires %v after it was written, %v", test, at.Sub(written), ok)
		}
	}
}

// TestExpiryOrder: the next one is the earliest that is known, and none before its time.
func TestExpiryOrder(t *testing.T) {
	t.Parallel()
	e := new(Fleet).NewExpiry()
	now := time.Now()
	for i, seconds := range []int{-5, 3600, -20, -10, 7200} {
		at := now.Add(time.Duration(seconds) * time.Second)
		e.Put(&task.Job{ID: fmt.Sprint(i), State: task.Removed, Expires: &at, Written: now})
	}
	e.Put(&task.Job{ID: "without a time", State: task.Removed})
	for _, want := range []string{"2", "3", "0", ""} {
		if id, wait := e.next(); id != want || id == "" && (wait > time.Hour || wait < 59*time.Minute) {
			t.Errorf("next is %q, or in %v; want %q", id, wait, want)
		}
	}
}

// TestExpiryPutAgain: a job that comes again with the same time takes no more memory, and one whose time
// has changed counts with the last time only.
func TestExpiryPutAgain(t *testing.T) {
	t.Parallel()
	e := new(Fleet).NewExpiry()
	past, future := time.Now().Add(-time.Minute), time.Now().Add(time.Minute)
	for range 1000 {
		e.Put(&task.Job{ID: "j", State: task.Done, Expires: &past, Written: past})
	}
	if len(e.due) != 1 {
		t.Errorf("%d entries for one job", len(e.due))
	}
	e.Put(&task.Job{ID: "j", State: task.Done, Expires: &future, Written: past})
	if id, wait := e.next(); id != "" || wait > time.Minute || wait < 50*time.Second {
		t.Errorf("next is %q, or in %v", id, wait)
	}
	if len(e.due) != 1 || len(e.at) != 1 {
		t.Errorf("%d entries, %d times", len(e.due), len(e.at))
	}
}

// TestOldOpenJob: a producer does not remove a job that never ended, however old it is, with a supervisor or
// without: its supervisor may be away for a moment. It removes one that was cut off and has a time.
func TestOldOpenJob(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fill("j")
	h.fill("private")
	past := time.Now().Add(-time.Minute)
	if _, err := h.ChangeJob(t.Context(), "private", func(j *task.Job) error { j.Expires = &past; return nil }); err != nil {
		t.Fatal(err)
	}
	h.pass(2 * abandonedAge)
	revision, err := h.acquire(t.Context(), SupervisorLease("s"), "s")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []task.State{task.Open, task.Removed} {
		if err := h.RemoveExpired(t.Context()); err != nil {
			t.Fatal(err)
		}
		if j, err := h.Job(t.Context(), "private"); err != nil || j.State != want {
			t.Errorf("%+v, %v, want state %s", j, err, want)
		}
		if got := h.left("j"); len(got) != 6 {
			t.Errorf("left of a job that never ended: %q", got)
		}
		h.release(lease{job: SupervisorLease("s"), revision: revision})
		await(t, "the supervisor is gone", func() bool { name, err := h.supervisor(t.Context()); return name == "" && err == nil })
	}
}

// TestReopenedWhileExpiring: nothing of a job is removed if it was reopened after it was seen to have expired.
func TestReopenedWhileExpiring(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fill("j")
	past := time.Now().Add(-time.Minute)
	done, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.State, j.Expires = task.Done, &past; return nil })
	if err != nil || !expired(done, h.Now(t.Context())) {
		t.Fatal(done, err)
	}
	reads := 0
	_, err = h.EndRemoved(t.Context(), "j", func(j *task.Job) error {
		if reads++; reads == 1 { // the user reopens it now
			if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.State, j.Expires = task.Sealed, nil; return nil }); err != nil {
				return err
			}
		}
		if !expired(j, h.Now(t.Context())) {
			return errNotExpired
		}
		return nil
	})
	if !errors.Is(err, errNotExpired) || reads != 2 || len(h.left("j")) != 6 {
		t.Errorf("%d reads, %v; left %q", reads, err, h.left("j"))
	}
	if err := h.removeExpired(t.Context(), "j"); err != nil || len(h.left("j")) != 6 {
		t.Errorf("%v; left %q", err, h.left("j"))
	}
}

// TestExpiryForgets: the times of a job before its last one take no memory, although they are later.
func TestExpiryForgets(t *testing.T) {
	t.Parallel()
	e := new(Fleet).NewExpiry()
	now := time.Now()
	soon := now.Add(time.Hour)
	const jobs = 20_000
	for i := range jobs {
		j := &task.Job{ID: fmt.Sprint(i), State: task.Open, Written: now}
		e.Put(j)
		j.State, j.Written = task.Sealed, now.Add(time.Second)
		e.Put(j)
		j.State, j.Expires = task.Removed, &soon
		e.Put(j)
	}
	if len(e.at) != jobs || len(e.due) > 2*jobs+minStale+1 {
		t.Errorf("%d entries for %d jobs", len(e.due), len(e.at))
	}
	if first := e.due[0]; first.at != soon.UnixNano() {
		t.Errorf("the first is %+v", first)
	}
}
