package worker

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// patientKind computes each number for a minute, or until it is to finish, and notes for how long.
type patientKind struct{ journal *journal }

func (k patientKind) Run(_ context.Context, numbers []nat.Nat, o RunOptions, done *[]task.Factorization) error {
	for _, n := range numbers {
		began := time.Now()
		for !o.Finish() && time.Since(began) < time.Minute {
			time.Sleep(50 * time.Millisecond)
			o.Tick()
		}
		k.journal.add("%v after %v", n, time.Since(began).Round(time.Second))
		*done = append(*done, task.Factorization{Factors: []task.Factor{{P: n, Exp: 1, Status: task.Composite}}})
	}
	return nil
}

// TestFinish: the order ends the numbers of its job, those that run and those that come later, until the worker forgets
// it. A redelivered number has time to learn the divisors of a campaign. Numbers of other jobs go on.
func TestFinish(t *testing.T) {
	for name, test := range map[string]struct {
		order   string        // the job
		at      time.Duration // of the order, after the start of the first task
		later   time.Duration // the second task comes so long after the order; 0 = none comes
		prepare func(d *Delivery)
		want    []string
	}{
		"running":        {order: "job", at: 2 * time.Second, want: []string{"7 after 2s", "8 after 0s"}},
		"other job":      {order: "other", at: 2 * time.Second, want: []string{"7 after 1m0s", "8 after 1m0s"}},
		"next task":      {order: "job", at: 2 * time.Second, later: time.Minute, want: []string{"7 after 2s", "8 after 0s", "9 after 0s"}},
		"forgotten":      {order: "job", at: 2 * time.Second, later: 6 * time.Minute, want: []string{"7 after 2s", "8 after 0s", "9 after 1m0s"}},
		"redelivered":    {order: "job", at: 2 * time.Second, prepare: func(d *Delivery) { d.Attempt = 2 }, want: []string{"7 after 15s"}},
		"requeued":       {order: "job", at: 2 * time.Second, prepare: func(d *Delivery) { d.Round = "abc" }, want: []string{"7 after 15s"}},
		"requeued, late": {order: "job", at: 20 * time.Second, prepare: func(d *Delivery) { d.Round = "abc" }, want: []string{"7 after 20s"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				r.Worker.config.Kinds["script"] = patientKind{r.journal}
				d := r.chunk(10, 7, 8)
				if test.prepare != nil {
					d = r.chunk(10, 7)
					test.prepare(d)
				}
				r.offer(d)
				r.start()
				time.Sleep(test.at)
				r.Finish(test.order)
				time.Sleep(time.Second)
				r.Finish(test.order) // orders are repeated
				if test.later > 0 {
					time.Sleep(test.later)
					r.offer(r.chunk(20, 9))
				}
				time.Sleep(3 * time.Minute)
				r.drain()
				got := slices.DeleteFunc(r.journal.take(), func(s string) bool { return s == "beat" || s == "ack" || s[:3] == "res" })
				if fmt.Sprint(got) != fmt.Sprint(test.want) {
					t.Errorf("got %q, want %q", got, test.want)
				}
			})
		})
	}
}
