package fleet

import (
	"fmt"
	"testing"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Attacks on the sweeper with what one worker credential may publish.

// forge publishes returns of the worker "liar" without waiting for their answers.
func (h *testFleet) forge(n int, subject func(i int) string, r *task.Return) {
	h.t.Helper()
	payload := r.Encode()
	for i := range n {
		if err := h.nc.Publish(schema.ReturnsPrefix+subject(i)+".liar", payload); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := h.nc.Flush(); err != nil {
		h.t.Fatal(err)
	}
}

// hasReturns reports whether returns of a worker are stored. It is cheap, also with many.
func (h *testFleet) hasReturns(worker string) bool {
	h.t.Helper()
	_, err := h.returns.GetLastMsgForSubject(h.t.Context(), schema.ReturnsPrefix+"*.*.*."+worker)
	if err != nil && !stream.IsNotFound(err) {
		h.t.Fatal(err)
	}
	return err == nil
}

// complained waits until the standing of a worker has a complaint of that kind.
func (h *testFleet) complained(worker string, what Complaint) {
	h.t.Helper()
	await(h.t, fmt.Sprintf("the complaint %q about %s", what, worker), func() bool {
		s, err := h.standing(h.t.Context(), worker)
		return err == nil && s.Complaints[what] > 0
	})
}

// TestForgedReturnsOfQueued: returns of a range that is queued are dropped, whatever they request, and an
// honest return behind them does not wait.
func TestForgedReturnsOfQueued(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 8000)
	h.queue(j, task.Range{First: 0, Count: 4000})
	h.forge(60, func(i int) string { return fmt.Sprintf("j.%d-%d.%d", i%2, 4000-i%2, i) }, &task.Return{Reason: task.Isolate, Pieces: 4096})
	h.put(schema.ReturnSubject("j", task.Range{First: 5000, Count: 100}, "0", "w"), (&task.Return{Reason: task.Drained}).Encode())
	began := time.Now()
	background(t, h.Sweep)
	await(t, "the honest return", func() bool { return h.ranges("j") == "0-4000 5000-100" })
	t.Logf("the honest range is queued after %v", time.Since(began))
	await(t, "no return is left", func() bool { return len(h.subjects(schema.StreamReturns)) == 0 })
	if got := h.ranges("j"); got != "0-4000 5000-100" {
		t.Errorf("queued: %.100s", got)
	}
	h.complained("liar", ComplaintReturn)
	if s, err := h.standing(t.Context(), "w"); err != nil || len(s.Complaints) > 0 {
		t.Errorf("honest worker: %+v, %v", s, err)
	}
}

// TestForgedReturnsOfAcked: a worker that acks its task and then returns the range many times in 4096
// pieces has it queued once, in as many pieces as a worker may request.
func TestForgedReturnsOfAcked(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 4096)
	h.forge(60, func(i int) string {
		time.Sleep(time.Millisecond) // returns that are stored in the same millisecond are one: they have the same round
		return fmt.Sprintf("j.0-4096.%d", i)
	}, &task.Return{Reason: task.Isolate, Pieces: 4096})
	background(t, h.Sweep)
	await(t, "no return is left", func() bool { return len(h.subjects(schema.StreamReturns)) == 0 })
	if got := len(h.subjects(schema.StreamTasks)); got != int(attempt.Pieces(4096)) {
		t.Errorf("%d tasks are queued", got)
	}
	h.complained("liar", ComplaintReturn)
}

// TestForgedReturnsOfAnswered: a range that has a result, or that a watcher of this process has covered,
// is not queued again. The result of a quarantined worker answers nothing.
func TestForgedReturnsOfAnswered(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 100)
	background(t, h.Sweep)
	h.put(schema.ResultSubject("j", task.Range{First: 0, Count: 10}, "w"), []byte("an answer"))
	h.put(schema.ResultSubject("j", task.Range{First: 50, Count: 10}, "bad"), []byte("no answer"))
	if _, err := h.Quarantine(t.Context(), "bad", ""); err != nil {
		t.Fatal(err)
	}
	trust, err := h.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the quarantine", func() bool { return trust.Quarantined("bad") })
	stop := h.KnowCovered("j", func(r task.Range) []task.Range {
		if r.End() <= 30 {
			return nil
		}
		return []task.Range{r}
	})
	h.forge(3, func(i int) string { return fmt.Sprintf("j.%s.x", []string{"0-10", "20-1", "50-10"}[i]) }, &task.Return{Reason: task.Drained})
	await(t, "no return is left", func() bool { return len(h.subjects(schema.StreamReturns)) == 0 })
	if got := h.ranges("j"); got != "50-10" {
		t.Errorf("queued: %s", got)
	}
	h.forge(1, func(int) string { return "j.0-10.y" }, &task.Return{Reason: task.Drained}) // an honest worker returns it once
	h.complained("liar", ComplaintReturn)
	stop()
	h.forge(1, func(int) string { return "j.20-1.x" }, &task.Return{Reason: task.Drained})
	await(t, "nobody knows that it is covered", func() bool { return h.ranges("j") == "20-1 50-10" })
}

// TestFloodOfReturns: a worker that stores many returns delays those of an honest worker, which drains as
// many tasks as pass at once, by a short time. With the shares of the programs, 20,000 returns of the one and
// 768 of the other, it takes 0.4 to 3 s.
func TestFloodOfReturns(t *testing.T) {
	t.Parallel()
	const honest = 96
	flood := 4000
	if testing.Short() { // with the race detector each takes 10 ms and more on a busy machine
		flood = 1000
	}
	single := &task.Return{Reason: task.Drained}
	for _, test := range []struct {
		name    string
		subject func(i int) string
	}{
		{"of queued ranges", func(i int) string { return fmt.Sprintf("j.%d-1.%d", i%1000, i) }},
		{"of missing ranges", func(i int) string { return fmt.Sprintf("j.%d-1.%d", 2000+i, i) }},
		{"of other jobs", func(i int) string { return fmt.Sprintf("k%d.0-1.0", i) }},
		{"outside of the input", func(i int) string { return fmt.Sprintf("j.%d-4.0", 100_000+i) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newTestFleet(t, Provision{})
			for _, share := range []*Share{&h.returnShare, &h.waitShare} { // an eighth of those of the programs
				*share = Share{Burst: share.Burst / 8, Rate: share.Rate / 8, Debt: share.Debt / 8}
			}
			j, _ := h.job("j", task.ClassNorm, 30_000)
			h.queue(j, task.Range{First: 0, Count: 1000})
			h.forge(flood, test.subject, single)
			for i := range honest {
				h.put(schema.ReturnSubject("j", task.Range{First: 25_000 + uint64(i), Count: 1}, "0", "w"), single.Encode())
			}
			began := time.Now()
			background(t, h.Sweep)
			await(t, "no honest return is left", func() bool { time.Sleep(20 * time.Millisecond); return !h.hasReturns("w") })
			t.Logf("the honest ranges are queued after %v", time.Since(began))
			n := 0
			for _, s := range h.subjects(schema.StreamTasks) {
				if p, err := schema.ParseSubject("FACTOR." + s); err == nil && p.Range.First >= 25_000 {
					n++
				}
			}
			if n != honest {
				t.Errorf("%d of %d honest ranges are queued", n, honest)
			}
			if d := time.Since(began); d > 20*time.Second && !testing.Short() { // far below a second on a quiet machine
				t.Errorf("the honest ranges are queued after %v", d)
			}
			h.complained("liar", ComplaintReturn)
			await(t, "no return is left", func() bool { return len(h.subjects(schema.StreamReturns)) == 0 })
		})
	}
}

// TestMisfortune: an honest worker may return many ranges once that were queued or answered meanwhile.
func TestMisfortune(t *testing.T) {
	t.Parallel()
	var w paced
	now := time.Now()
	for i := range superfluousMost {
		if !w.isMisfortune(fmt.Sprint("j.", i), now) {
			t.Fatalf("range %d", i)
		}
		if w.isMisfortune(fmt.Sprint("j.", i), now) {
			t.Fatalf("range %d for the second time", i)
		}
	}
	if w.isMisfortune("j.new", now) {
		t.Error("one more")
	}
	if !w.isMisfortune("j.0", now.Add(superfluousTime)) {
		t.Error("later")
	}
}

// TestReturnOfUnreadableJob: a return of a job whose manifest cannot be read is not retried for ever.
func TestReturnOfUnreadableJob(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	if _, err := h.jobs.PutString(t.Context(), "j", "no manifest"); err != nil {
		t.Fatal(err)
	}
	if ok, delay, err := sweepOnce(t, newSweeper(&Failures{f: h.Fleet}), 1, time.Now()); ok || delay > 0 || err != nil {
		t.Errorf("%v, %v, %v", ok, delay, err)
	}
}
