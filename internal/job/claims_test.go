package job

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// client opens a worker's access and sends its heartbeats until the end of the test.
func (h *testFleet) client(name string) *puller.Client {
	h.t.Helper()
	nc, js := h.connect()
	c, err := puller.Open(h.t.Context(), nc, js, name, stream.Options{Log: zerolog.Nop()})
	if err != nil {
		h.t.Fatal(err)
	}
	h.alive(c)
	return c
}

// alive sends heartbeats of a running worker until the end of the test.
func (h *testFleet) alive(c *puller.Client) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for err := error(nil); err == nil; err = stream.Sleep(ctx, 200*time.Millisecond) {
			c.Beat(worker.Status{Started: time.Now(), Stats: worker.Stats{State: worker.StateRunning, Slots: 2}})
		}
	}()
	h.t.Cleanup(func() { stop(); <-ended })
}

// TestLyingLetters: a worker pulls every task that it gets, stores dead letters for all its numbers, and terminates the
// task. An honest worker answers all numbers, and the liar is quarantined.
func TestLyingLetters(t *testing.T) {
	t.Parallel()
	for name, count := range map[string]int{"few": 2001, "many": 20_000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t)
			r := h.queued(count)
			h.client("honest") // the heartbeats of the honest worker
			liar := h.client("liar")
			var letters atomic.Int64
			ctx, stop := context.WithCancel(t.Context())
			lying := make(chan struct{})
			go func() {
				defer close(lying)
				for ctx.Err() == nil && h.standing("liar").Quarantined == nil {
					liar.Pull(ctx, 50, func(d *worker.Delivery) {
						for i := range d.Range.Count {
							number := task.Range{First: d.Range.First + i, Count: 1}
							if liar.Dead(ctx, d.Job, number, (&task.Failure{Err: "a lie"}).Encode()) == nil {
								letters.Add(1)
							}
						}
						d.Handle.Term(ctx, "a lie")
					})
				}
			}()
			await(t, "letters for many numbers", func() bool { return letters.Load() >= int64(min(count, 2001)) })
			h.worker("honest", nil)
			s := r.clean()
			stop()
			<-lying
			r.out.check(t, 0, count)
			t.Logf("%d letters, %d ranges queued again", letters.Load(), s.Requeued)
			if s.Counts.Dead != 0 {
				t.Errorf("%d numbers were given up", s.Counts.Dead)
			}
			if x := h.standing("liar"); x.Quarantined == nil || !strings.Contains(x.Reason, "refuted") {
				t.Errorf("the liar: %+v", x)
			}
			if x := h.standing("honest"); len(x.Strikes) > 0 {
				t.Errorf("the honest worker: %+v", x)
			}
		})
	}
}

// TestLettersOfTwoWorkers: a number that cannot be computed at either of two workers is given up, with the names of
// both in the letter. Every watcher learns it.
func TestLettersOfTwoWorkers(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	r := h.submit(h.Fleet, submission("j", text(0, 100)))
	other := h.wait(h.other(), <-r.id)
	for _, name := range []string{"a", "b"} {
		h.worker(name, func(s *puller.Client) worker.Outbox { h.alive(s); return breaker{s} })
	}
	for _, r := range []*running{r, other} {
		s, err := r.end()
		if err != nil || s.Counts.Dead != 1 || s.Verified != 99 {
			t.Fatalf("%+v, %v", s, err)
		}
		if dead := r.out.items[17].Dead; dead != "it is 17 (on a, b)" {
			t.Errorf("given up: %s", dead)
		}
	}
	for _, name := range []string{"a", "b"} {
		if x := h.standing(name); len(x.Strikes) > 0 {
			t.Errorf("%+v", x)
		}
	}
}

// TestUnreadableTask: a task whose message is unreadable, and whose worker stores a dead letter for the whole chunk,
// is queued again with the numbers of the input. It is no strike.
func TestUnreadableTask(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	r := h.queued(100)
	if err := h.PurgeQueue(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"0-43.x", "50-1.x"} {
		h.put("FACTOR.tasks.norm.j."+at, []byte("\xff"))
	}
	h.worker("honest", func(s *puller.Client) worker.Outbox { h.alive(s); return s })
	h.alive(h.client("other"))
	if s := r.clean(); s.Requeued == 0 {
		t.Errorf("%+v", s)
	}
	r.out.check(t, 0, 100)
	if x := h.standing("honest"); len(x.Strikes) > 0 {
		t.Errorf("%+v", x)
	}
}

// TestLettersOfOthers: letters for numbers that are answered, or not the job's, change nothing.
func TestLettersOfOthers(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	r := h.queued(100)
	h.client("other")
	for i := range 200 {
		h.put(fmt.Sprintf("FACTOR.dead.j.%d-1.liar", i), (&task.Failure{Err: "a lie"}).Encode())
	}
	h.worker("honest", nil)
	if s := r.clean(); s.Counts.Dead != 0 || s.Requeued != 0 {
		t.Errorf("%+v", s)
	}
	r.out.check(t, 0, 100)
	if n := h.held(schema.StreamDead, "j"); n != 200 {
		t.Errorf("%d letters", n)
	}
	if x := h.standing("honest"); len(x.Strikes) > 0 || x.Quarantined != nil {
		t.Errorf("%+v", x)
	}
}
