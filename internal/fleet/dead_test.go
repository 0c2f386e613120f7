package fleet

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

func failure(err string) []byte {
	return (&task.Failure{Kind: task.KindSquare, Worker: "other", Err: err, Numbers: []nat.Nat{nat.New(3)}, Time: time.Now()}).Encode()
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	ctx := t.Context()
	every := func(string, task.Range) bool { return true }
	attempts := func(ctx context.Context, job string) ([]DeadLetter, error) { return h.Attempts(ctx, job, every) }
	for _, list := range []func(context.Context, string) ([]DeadLetter, error){h.DeadLetters, h.GivenUp, attempts} {
		if letters, err := list(ctx, "j"); err != nil || len(letters) != 0 {
			t.Errorf("of nothing: %+v, %v", letters, err)
		}
	}
	var told atomic.Int32
	background(t, func(ctx context.Context) error { return h.FollowDead(ctx, "j", func() { told.Add(1) }) })
	w := h.station("w")
	a := task.Address{Class: task.ClassNorm, Job: "j", Range: single(3), Round: task.FirstRound}
	for attempt := 1; attempt <= 2; attempt++ {
		if err := w.Failed(ctx, a, attempt, failure("try")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Dead(ctx, "j", single(3), failure("it is 3")); err != nil {
		t.Fatal(err)
	}
	if err := w.Dead(ctx, "k", single(5), []byte("\xff")); err != nil {
		t.Fatal(err)
	}
	if err := h.giveUp(ctx, "j", single(3), &task.Failure{Err: "fell silent"}); err != nil {
		t.Fatal(err)
	}
	await(t, "the follower is called", func() bool { return told.Load() > 0 })
	letters, err := h.DeadLetters(ctx, "j")
	if err != nil || len(letters) != 2 || letters[0].Writer != "w" || letters[0].Err != "it is 3" || letters[0].Authoritative() ||
		letters[0].Range != single(3) || !letters[1].Authoritative() || letters[1].Err != "fell silent" || letters[1].Time.IsZero() {
		t.Errorf("%+v, %v", letters, err)
	}
	final, claims, err := h.DeadRanges(ctx, "j")
	if err != nil || len(final) != 1 || !final[0].Authoritative() || final[0].Err != "fell silent" || final[0].Numbers != nil ||
		len(claims) != 1 || claims[0].Worker != "w" || claims[0].Range != single(3) {
		t.Errorf("%+v, %+v, %v", final, claims, err)
	}
	if all, err := h.DeadLetters(ctx, ""); err != nil || len(all) != 3 || all[1].Job != "k" || all[1].Err == "" {
		t.Errorf("%+v, %v", all, err)
	}
	if list, err := attempts(ctx, "j"); err != nil || len(list) != 3 || list[1].Err != "try" || list[2].Err != "it is 3" || list[2].Writer != "w" {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := h.Attempts(ctx, "", func(job string, r task.Range) bool { return job == "k" }); err != nil || len(list) != 1 {
		t.Errorf("of one job: %+v, %v", list, err)
	}
	if list, err := h.GivenUp(ctx, ""); err != nil || len(list) != 1 || list[0].Err != "fell silent" {
		t.Errorf("%+v, %v", list, err)
	}
	for range 2 { // gone, and still gone
		if err := h.RemoveDeadLetter(ctx, &letters[0]); err != nil {
			t.Error(err)
		}
	}
	left, err := h.DeadLetters(ctx, "j")
	if err != nil || len(left) != 1 || !left[0].Authoritative() {
		t.Errorf("%+v, %v", left, err)
	}
	if list, err := attempts(ctx, "j"); err != nil || len(list) != 0 {
		t.Errorf("the records stay: %+v, %v", list, err)
	}
}

// TestRetry: the numbers of a dead letter are requeued one by one, a job that is done becomes
// active, and a forged letter is refused.
func TestRetry(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	ctx := t.Context()
	h.job("j", task.ClassLow, 100)
	w := h.station("w")
	dead := func(r task.Range) *DeadLetter {
		t.Helper()
		if err := w.Dead(ctx, "j", r, failure("oops")); err != nil {
			t.Fatal(err)
		}
		if err := w.Failed(ctx, task.Address{Job: "j", Range: r, Round: task.FirstRound}, 3, failure("begun")); err != nil {
			t.Fatal(err)
		}
		if err := h.giveUp(ctx, "j", r, &task.Failure{Err: "oops"}); err != nil {
			t.Fatal(err)
		}
		letters, err := h.DeadLetters(ctx, "j")
		if err != nil || len(letters) != 2 || !letters[1].Authoritative() {
			t.Fatalf("%+v, %v", letters, err)
		}
		return &letters[1]
	}
	if _, err := h.ChangeJob(ctx, "j", func(j *task.Job) error {
		now := time.Now()
		j.State, j.Ended, j.Expires = task.Done, &now, &now
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, r := range []task.Range{{First: 99, Count: 2}, {First: 0, Count: task.MaxPosition - 1}} {
		d := dead(r)
		if err := h.RetryDeadLetter(ctx, d); !errors.Is(err, ErrDiffers) {
			t.Errorf("%v: %v", r, err)
		}
		if err := h.RemoveDeadLetter(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	if j, err := h.Job(ctx, "j"); err != nil || j.State != task.Done {
		t.Errorf("%+v, %v", j, err)
	}
	d := dead(task.Range{First: 7, Count: 3})
	active := make(chan int, 1) // dead letters of the job when it becomes active
	background(t, func(ctx context.Context) error {
		return h.FollowJobs(ctx, func(j *task.Job) {
			if j.State == task.Sealed {
				n, _ := h.CountDead(ctx, "j")
				active <- n
			}
		})
	})
	if err := h.RetryDeadLetter(ctx, d); err != nil {
		t.Fatal(err)
	}
	if n := <-active; n != 0 {
		t.Errorf("the job is active while %d letters give its numbers up", n)
	}
	if got := h.ranges("j"); got != "7-1 8-1 9-1" {
		t.Errorf("queued %s", got)
	}
	if j, err := h.Job(ctx, "j"); err != nil || j.State != task.Sealed || j.Ended != nil || j.Expires != nil {
		t.Errorf("%+v, %v", j, err)
	}
	if left := h.subjects(schema.StreamDead); len(left) != 0 {
		t.Errorf("%q are left, which give the numbers up again", left)
	}
	if _, err := h.Cancel(ctx, "j"); err != nil {
		t.Fatal(err)
	}
	if err := h.RetryDeadLetter(ctx, dead(single(7))); !errors.Is(err, ErrDiffers) {
		t.Errorf("of a cancelled job: %v", err)
	}
	if got := h.ranges("j"); got != "" {
		t.Errorf("queued %s", got)
	}
}
