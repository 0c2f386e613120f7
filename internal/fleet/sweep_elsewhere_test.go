package fleet

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestLeavings: a range goes round the workers that have not left it, and the pauses grow each time that it has gone round.
func TestLeavings(t *testing.T) {
	live := []string{"a", "b", "c"}
	others := func(not []string) bool {
		return slices.ContainsFunc(live, func(w string) bool { return !slices.Contains(not, w) })
	}
	l, now := make(leavings), time.Now()
	for i, test := range []struct{ worker, want string }{
		{"a", "[a] 0 0 false"}, {"c", "[a c] 0 0 false"},
		{"c", "[a c] 1 0 false"}, {"a", "[a c] 2 0 false"}, // b is busy
		{"b", "[] 0 1 true"}, {"b", "[b] 0 1 false"}, {"a", "[b a] 0 1 false"}, {"c", "[] 0 2 true"},
	} {
		x := l.note(schema.Place{Address: task.Address{Job: "j", Range: single(3)}, Worker: test.worker}, others, now)
		if got := fmt.Sprint(x.workers, x.passed, x.left, x.all); got != test.want {
			t.Errorf("return %d: %s, want %s", i, got, test.want)
		}
	}
	for i := range 2 * maxLeavings {
		l.note(schema.Place{Address: task.Address{Job: "k", Range: single(i)}, Worker: "a"}, others, now.Add(leavingAge+1))
	}
	if len(l) > maxLeavings || l["j 3-1"] != nil {
		t.Errorf("%d ranges", len(l))
	}
}

// TestSweepElsewhere: a range that a worker leaves to others is queued for them, and for all again when all have left it. In a
// job with replicas the holder queues it then.
func TestSweepElsewhere(t *testing.T) {
	t.Parallel()
	for _, replicas := range []int{1, 2} {
		t.Run(fmt.Sprint(replicas), func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t, Provision{})
			h.job("j", task.ClassNorm, 10)
			if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error {
				if j.Replicas = replicas; replicas > 1 {
					j.Kind = "exec:x"
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			a, b := h.offering("a", "exec=x"), h.offering("b", "exec=x")
			for _, w := range []*station{a, b} {
				status := worker.Status{Offers: []string{"exec=x"}, Stats: worker.Stats{State: worker.StateRunning, Slots: 1}}
				if err := errorsOf(w.Beat(status), w.nc.Flush()); err != nil {
					t.Fatal(err)
				}
			}
			background(t, h.Sweep)
			leave := func(worker, round string) {
				h.put(schema.ReturnSubject("j", single(3), round, worker), (&task.Return{Reason: task.Elsewhere}).Encode())
			}
			next := func() *worker.Delivery {
				var d *worker.Delivery
				await(t, "the range is queued", func() bool {
					h.announce(a, b)
					_, deliveries := pull(t, a, 1)
					ack(t, deliveries)
					if len(deliveries) > 0 {
						d = deliveries[0]
					}
					return d != nil
				})
				return d
			}
			leave("a", "0")
			first := next()
			if !first.NotHere {
				t.Error("the worker that has left it is to compute it")
			}
			leave("b", first.Round)
			if replicas > 1 {
				await(t, "no return is left", func() bool { return len(h.subjects(schema.StreamReturns)) == 0 })
				if got := h.ranges("j"); got != "" {
					t.Errorf("queued %s", got)
				}
				return
			}
			began := time.Now()
			if second := next(); second.NotHere || time.Since(began) < 2*time.Second {
				t.Errorf("it is not for this worker: %v, after %v", second.NotHere, time.Since(began))
			}
		})
	}
}

// TestLogElsewhere: why a worker leaves a range to others is logged, once for many, and that all have. A worker that hands
// back what is not for it has no reason.
func TestLogElsewhere(t *testing.T) {
	var log bytes.Buffer
	s := newSweeper(&Failures{f: &Fleet{link: &stream.Link{Log: zerolog.New(&log)}}})
	at := schema.Place{Address: task.Address{Job: "j", Range: single(1)}, Worker: "w"}
	s.logElsewhere(at, attempt.NotHereDetail, false)
	if log.Len() > 0 {
		t.Errorf("not for it: %s", log.String())
	}
	for i := range 4 {
		s.logElsewhere(at, "exit status 75", i%2 == 1)
	}
	got := log.String()
	if strings.Count(got, "\n") != 2 || strings.Count(got, `"worker":"w","error":"exit status 75"`) != 2 || strings.Count(got, "all workers leave") != 1 || !strings.Contains(got, "up to 2m0s") {
		t.Errorf("%s", got)
	}
}
