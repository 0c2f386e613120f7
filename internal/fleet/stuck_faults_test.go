package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestStuckUnseen: a process that has not seen all heartbeats begins to observe anew.
func TestStuckUnseen(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 30)
	h.queue(j, single(3))
	pull(t, h.station("w"), 1)
	s := newStuckTest(h)
	s.look(0)
	for range 5 {
		s.look(time.Minute)
		s.missed = !s.missed
	}
	s.missed = false
	s.look(time.Minute)
	if got := s.rounds(); got != "3-1" {
		t.Errorf("queued %s", got)
	}
	s.look(130 * time.Second)
	if got := s.rounds(); got != "3-1+" {
		t.Errorf("queued %s in the end", got)
	}
}

// TestStuckServerForgets: tasks that the server will deliver again, because it has lost the state of the
// durable, are not stuck. They are observed anew after that.
func TestStuckServerForgets(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 30)
	h.queue(j, single(3))
	h.queue(j, single(4))
	w := h.station("w")
	pullAll(t, w, 2)
	s := newStuckTest(h)
	s.look(0)
	s.look(30 * time.Second)
	if len(s.watch.tasks) != 2 {
		t.Fatalf("%d tasks are observed", len(s.watch.tasks))
	}
	if err := h.js.DeleteConsumer(t.Context(), schema.StreamTasks, schema.Durable(task.ClassNorm)); err != nil {
		t.Fatal(err)
	}
	if _, err := Init(t.Context(), h.js, Provision{}); err != nil {
		t.Fatal(err)
	}
	s.alive("honest", "j.3-1.0")
	for _, want := range []string{"3-1 4-1", "3-1 4-1+"} {
		if text, _ := pull(t, w, 1); len(text) != 1 {
			t.Fatalf("pulled %v", text)
		}
		s.observe(70 * time.Second)
		if got := s.rounds(); got != want {
			t.Errorf("queued %s, want %s", got, want)
		}
	}
}

// TestStuckRestart: a restart of the server loses neither the delay of a NAK nor what is observed.
func TestStuckRestart(t *testing.T) {
	t.Parallel()
	h, _ := newLasting(t)
	j, _ := h.job("j", task.ClassNorm, 30)
	h.queue(j, single(3))
	_, got := pull(t, h.station("liar"), 1)
	if err := got[0].Handle.NakWithDelay(t.Context(), tenYears); err != nil {
		t.Fatal(err)
	}
	s := newStuckTest(h)
	s.look(0)
	s.look(30 * time.Second)
	h.server.Restart()
	await(t, "the server is back", func() bool { _, err := s.watch.step(t.Context(), s.now); return err == nil })
	if got := s.rounds(); got != "3-1" || s.running() != 1 {
		t.Fatalf("queued %s, %d run", got, s.running())
	}
	s.look(130 * time.Second)
	if got := s.rounds(); got != "3-1+" {
		t.Errorf("queued %s", got)
	}
	await(t, "it does not run", func() bool { return s.running() == 0 })
}

// TestStuckEndedJob: a stuck task of a job that has ended is removed.
func TestStuckEndedJob(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 30)
	h.queue(j, single(3))
	pull(t, h.station("w"), 1)
	if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.State = task.Cancelled; return nil }); err != nil {
		t.Fatal(err)
	}
	s := newStuckTest(h)
	s.observe(70 * time.Second)
	if got := s.rounds(); got != "" {
		t.Errorf("queued %s", got)
	}
}

// TestStuckCost: tasks that are settled soon, and such that are named, cost at most two requests a look.
func TestStuckCost(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: 10 * time.Minute}) // no delivery lapses, however slow the machine is
	j, _ := h.job("j", task.ClassNorm, 4000)
	w, long := h.station("w"), h.station("long")
	var named []string
	for i := range 100 {
		h.queue(j, single(i))
		named = append(named, fmt.Sprintf("j.%d-1.0", i))
	}
	for n := 0; n < 100; {
		_, got := pull(t, long, 100)
		n += len(got)
	}
	s := newStuckTest(h)
	s.alive("long", named...)
	s.look(0)
	s.look(30 * time.Second)
	for i := range 10 {
		for k := range 200 {
			h.queue(j, single(1000+200*i+k))
		}
		var held []*worker.Delivery
		for len(held) < 200 {
			_, got := pull(t, w, 200)
			held = append(held, got...)
		}
		before := h.nc.Stats().OutMsgs
		s.look(30 * time.Second)
		if n := h.nc.Stats().OutMsgs - before; n > 2 {
			t.Errorf("look %d: %d requests", i, n)
		}
		ack(t, held)
		await(t, "they are settled", func() bool { return len(h.subjects(schema.StreamTasks)) == 100 })
	}
	if len(s.watch.tasks) != 100 {
		t.Errorf("%d tasks are observed", len(s.watch.tasks))
	}
}

// TestStuckLastAttempt: about a single number whose last attempt is stuck the evidence decides. While the number
// has to wait for evidence its task stays, and is observed.
func TestStuckLastAttempt(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, in := h.job("j", task.ClassNorm, 30)
	if err := h.queueRanges(t.Context(), j, in, []task.Range{single(3)}, "x1", 2); err != nil {
		t.Fatal(err)
	}
	w := h.station("dying")
	_, got := pull(t, w, 1)
	h.record(w, got[0])
	s := newStuckTest(h)
	for range 3 {
		s.observe(70 * time.Second)
		if got := h.ranges("j"); got != "3-1" || h.letters() != "" || len(s.watch.tasks) != 1 {
			t.Fatalf("queued %s, dead letters %s, %d tasks are observed", got, h.letters(), len(s.watch.tasks))
		}
	}
	h.record(h.station("other"), got[0])
	x := s.watch.failures
	x.ackWait = time.Second // else the test would have to watch the heartbeats for long
	await(t, "the registry was observed", func() bool { return x.registry.Observed() > x.ackWait })
	s.observe(70 * time.Second)
	if got := h.ranges("j"); got != "" || !strings.HasPrefix(h.letters(), "3-1 by sweeper") {
		t.Errorf("queued %s, dead letters %s", got, h.letters())
	}
}

// TestStuckMany: thousands of stuck tasks are queued again in one look, in steps of stuckBatch.
func TestStuckMany(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, in := h.job("j", task.ClassNorm, 1000)
	var ranges []task.Range
	for i := range 1000 {
		ranges = append(ranges, single(i))
	}
	if err := h.Requeue(t.Context(), j, in, ranges); err != nil {
		t.Fatal(err)
	}
	w := h.station("liar")
	for n := 0; n < 1000; {
		_, got := pull(t, w, schema.MaxRequestBatch)
		n += len(got)
	}
	before := h.subjects(schema.StreamTasks)
	s := newStuckTest(h)
	s.observe(70 * time.Second)
	after := h.subjects(schema.StreamTasks)
	if len(after) != 1000 || slices.ContainsFunc(after, func(subject string) bool { return slices.Contains(before, subject) }) {
		t.Errorf("%d tasks are queued", len(after))
	}
	await(t, "none runs", func() bool { return s.running() == 0 })
}

// TestDropTasks: the tasks of a range are removed in all rounds, and no others.
func TestDropTasks(t *testing.T) {
	t.Parallel()
	s := newStuckTest(newTestFleet(t, Provision{}))
	j, in := s.job("j", task.ClassNorm, 100)
	s.queue(j, task.Range{First: 0, Count: 10})
	s.queue(j, task.Range{First: 10, Count: 10})
	for i := range 3 {
		if err := s.IssueAgain(t.Context(), j, in, task.Range{First: 0, Count: 10}, 0); err != nil {
			t.Fatal(err)
		}
		s.queue(j, single(50+2*i))
		time.Sleep(2 * time.Millisecond) // another round
	}
	if n, _, err := s.TasksOf(t.Context(), j, task.Range{First: 0, Count: 10}); n != 4 || err != nil {
		t.Fatalf("%d tasks, %v", n, err)
	}
	if err := s.DropTasks(t.Context(), j, task.Range{First: 0, Count: 10}); err != nil {
		t.Fatal(err)
	}
	if got := s.rounds(); got != "10-10 50-1 52-1 54-1" {
		t.Errorf("left: %s", got)
	}
}
