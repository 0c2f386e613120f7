package fleet

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// unresponsive is the reason of the sweeper for a number whose workers died.
var unresponsive = attempt.GiveUpDetail(schema.MaxDeliver)

// exhaust delivers the tasks of a class to a worker that dies each time, until they are exhausted, and
// returns the last deliveries. If record is true the worker stores the last-attempt records of single
// numbers.
func (h *testFleet) exhaust(tasks int, record bool) (last []*worker.Delivery) {
	h.t.Helper()
	w := h.station("dying")
	times := make(map[task.Address]int)
	for deliveries := 0; deliveries < schema.MaxDeliver*tasks; {
		_, list := pull(h.t, w, 10)
		deliveries += len(list)
		for _, d := range list {
			if times[d.Address]++; times[d.Address] < schema.MaxDeliver {
				continue
			}
			if last = append(last, d); record && d.Range.Count == 1 {
				h.record(w, d)
			}
		}
	}
	return last
}

// record stores the last-attempt record of d.
func (h *testFleet) record(w *station, d *worker.Delivery) {
	h.t.Helper()
	if err := w.Failed(h.t.Context(), d.Address, schema.MaxDeliver, failure("begun")); err != nil {
		h.t.Fatal(err)
	}
}

// awaitAdvisories waits until the server has sent the advisories of all exhausted tasks: only so
// many tasks are unsettled then. lost removes the advisories.
func (h *testFleet) awaitAdvisories(unsettled int, lost bool) {
	h.t.Helper()
	w := h.station("asking")
	await(h.t, "the advisories", func() bool {
		pull(h.t, w, 1)
		info, err := h.durable(h.t.Context(), task.ClassNorm)
		if err != nil {
			h.t.Fatal(err)
		}
		return info.NumAckPending == unsettled
	})
	if lost {
		if err := h.returns.Purge(h.t.Context()); err != nil {
			h.t.Fatal(err)
		}
	}
}

// letters returns the dead letters of job j, as text.
func (h *testFleet) letters() string {
	h.t.Helper()
	list, err := h.DeadLetters(h.t.Context(), "j")
	if err != nil {
		h.t.Fatal(err)
	}
	var text []string
	for _, d := range list {
		text = append(text, fmt.Sprintf("%v by %s, attempt %d: %s", d.Range, d.Writer, d.Attempt, d.Err))
	}
	return strings.Join(text, "; ")
}

// hold keeps a delivery alive until the end of the test.
func hold(t *testing.T, d *worker.Delivery) (stop func()) {
	return background(t, func(ctx context.Context) error {
		for stream.Sleep(ctx, 30*time.Millisecond) == nil {
			if err := d.Handle.InProgress(); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestSweepExhausted: a worker dies on the third delivery. The sweeper gives the number up and splits
// the chunk, also if no worker is left, and also if the advisory was lost.
func TestSweepExhausted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		lost  bool // the advisory
		acked bool // a later task
	}{{"advisory", false, false}, {"lost", true, false}, {"lost below the floor", true, true}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t, Provision{AckWait: 300 * time.Millisecond})
			j, _ := h.job("j", task.ClassNorm, 20)
			chunk := task.Range{First: 0, Count: 9}
			h.queue(j, chunk)
			h.queue(j, single(17))
			h.exhaust(2, true)
			if test.lost {
				h.awaitAdvisories(0, false)
				if test.acked {
					w := h.station("w")
					h.queue(j, single(16))
					_, d := pull(t, w, 1)
					ack(t, d)
				}
				if err := h.returns.Purge(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			h.queue(j, single(18)) // no worker has requested it
			background(t, h.Sweep)
			var pieces []string
			for _, r := range chunk.Pieces(attempt.Pieces(chunk.Count)) {
				pieces = append(pieces, r.String())
			}
			cut := strings.Join(pieces, " ")
			await(t, "the chunk is split", func() bool { return strings.HasPrefix(h.ranges("j"), cut+" ") })
			await(t, "the number is given up", func() bool { return h.letters() != "" })
			await(t, "the task is gone", func() bool { return !strings.Contains(h.ranges("j"), "17-1") })
			if got, want := h.ranges("j"), cut+" 18-1"; got != want {
				t.Errorf("queued %s, want %s", got, want)
			}
			letters, err := h.DeadLetters(t.Context(), "j")
			if err != nil || len(letters) != 1 {
				t.Fatalf("%+v, %v", letters, err)
			}
			d := letters[0]
			if n, _ := d.Numbers[0].Word(); !d.Authoritative() || d.Range != single(17) || n != 17 || d.Attempt != schema.MaxDeliver || d.Kind != task.KindSquare {
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestSweepExhaustedBesideOthers: an exhausted number is found, whether its advisory was lost or not,
// although an older task of the class runs all the time, so that the ack floor does not move.
func TestSweepExhaustedBesideOthers(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]bool{"advisory": false, "lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t, Provision{AckWait: time.Second})
			j, _ := h.job("j", task.ClassNorm, 20)
			h.queue(j, single(1))
			_, long := pull(t, h.station("long"), 1)
			hold(t, long[0])
			h.queue(j, single(17))
			if exhausted, _, err := h.isExhausted(t.Context(), 1, task.ClassNorm); exhausted || err != nil {
				t.Errorf("the long one: %v, %v", exhausted, err)
			}
			h.exhaust(1, true)
			h.queue(j, single(18))     // no worker has requested it
			h.awaitAdvisories(2, lost) // "asking" got it
			if exhausted, _, err := h.isExhausted(t.Context(), 2, task.ClassNorm); !exhausted || err != nil {
				t.Errorf("the exhausted one: %v, %v", exhausted, err)
			}
			background(t, h.Sweep)
			began := time.Now()
			await(t, "the number is given up", func() bool { return h.letters() == "17-1 by sweeper, attempt 3: "+unresponsive+" (on dying)" })
			t.Logf("given up after %v", time.Since(began))
			await(t, "it has left the queue", func() bool { return !strings.Contains(h.ranges("j"), "17-1") })
			if info, err := h.durable(t.Context(), task.ClassNorm); err != nil || info.AckFloor.Stream != 0 || !strings.HasPrefix(h.ranges("j"), "1-1 ") {
				t.Errorf("floor %+v, %v; queued %s", info.AckFloor, err, h.ranges("j"))
			}
			ack(t, long)
		})
	}
}

// TestSweepKeepsLastAttempts: a last attempt that a living worker still computes is not mistaken for
// the exhausted task that there is.
func TestSweepKeepsLastAttempts(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	j, _ := h.job("j", task.ClassNorm, 20)
	h.queue(j, single(1))
	w := h.station("long")
	if err := w.Beat(worker.Status{Started: time.Now()}); err != nil {
		t.Fatal(err)
	}
	last := h.exhaust(1, false)
	hold(t, last[0])
	h.record(w, last[0])
	h.queue(j, single(17))
	h.exhaust(1, false)
	h.awaitAdvisories(1, true)
	if n, _, err := h.stranded(t.Context(), task.ClassNorm); n != 1 || err != nil {
		t.Errorf("%d stranded, %v", n, err)
	}
	background(t, h.Sweep)
	for range 8 {
		time.Sleep(500 * time.Millisecond)
		if got, text := h.ranges("j"), h.letters(); got != "1-1 17-1" || text != "" {
			t.Fatalf("queued %s; %s", got, text)
		}
	}
	ack(t, last) // now the floor moves
	await(t, "the other one is redelivered", func() bool { text, _ := pull(t, w, 1); return strings.Join(text, "") == "norm j 17-1 3" })
}

// TestSweepUnstarted: a number whose last delivery has lapsed before it started is not given up, but
// has one delivery more, whatever the header of its task says.
func TestSweepUnstarted(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: 300 * time.Millisecond})
	j, in := h.job("j", task.ClassNorm, 20)
	h.queue(j, single(17))
	h.exhaust(1, false)
	background(t, h.Sweep)
	w := h.station("w")
	var got []*worker.Delivery
	next := func() string {
		t.Helper()
		var text []string
		await(t, "a task", func() bool { text, got = pull(t, w, 1); return len(text) > 0 })
		return text[0]
	}
	back := func() {
		t.Helper()
		if err := w.Return(t.Context(), got[0].Address, (&task.Return{Reason: task.Postponed}).Encode()); err != nil {
			t.Fatal(err)
		}
		ack(t, got)
	}
	for range 3 { // postponed
		if text := next(); text != "norm j 17-1 3" {
			t.Fatalf("pulled %s", text)
		}
		back()
	}
	if text := next(); text != "norm j 17-1 3" {
		t.Fatalf("pulled %s", text)
	}
	h.record(w, got[0])
	if text := next(); text != "norm j 17-1 4" { // its worker died
		t.Fatalf("pulled %s", text)
	}
	back()
	await(t, "it is given up", func() bool { return h.letters() == "17-1 by sweeper, attempt 3: "+unresponsive+" (on w)" })
	if got := h.ranges("j"); got != "" {
		t.Errorf("queued %s", got)
	}
	if err := h.queueRanges(t.Context(), j, in, []task.Range{single(5)}, "x", 1000); err != nil {
		t.Fatal(err)
	}
	h.exhaust(1, false)
	await(t, "the other one has one delivery more", func() bool { text := next(); return text == "norm j 5-1 3" })
	if text := h.letters(); strings.Contains(text, "5-1") {
		t.Errorf("given up without a record: %s", text)
	}
}

// TestSweepLate: a number that a slow worker settles late is not given up.
func TestSweepLate(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	j, _ := h.job("j", task.ClassNorm, 20)
	h.queue(j, single(17))
	last := h.exhaust(1, true)
	h.awaitAdvisories(0, false)
	background(t, h.Sweep)
	time.Sleep(300 * time.Millisecond)
	ack(t, last)
	time.Sleep(2 * time.Second)
	if got, text := h.ranges("j"), h.letters(); got != "" || text != "" {
		t.Errorf("queued %s; %s", got, text)
	}
}

// TestSweepTwice: a return that two sweepers process is queued once.
func TestSweepTwice(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 100)
	h.put(schema.ReturnsPrefix+"j.0-80.0.w", (&task.Return{Reason: task.Isolate, Pieces: 64}).Encode())
	c, err := h.returns.Consumer(t.Context(), schema.DurableSweeper)
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Next()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		time.Sleep(2 * time.Millisecond)
		s := newSweeper(&Failures{f: h.Fleet})
		if _, err := s.process(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if got := len(h.subjects(schema.StreamTasks)); got != 64 {
			t.Errorf("%d tasks", got)
		}
	}
}

// TestSweepManyExhausted: a worker lets thousands of tasks lapse. They are queued again with few requests for each,
// and an honest return behind their advisories does not wait for an ack wait for each thousand of them.
func TestSweepManyExhausted(t *testing.T) {
	t.Parallel()
	count := 2000
	if testing.Short() { // with the race detector each takes 30 ms and more
		count = 400
	}
	const ackWait = 2 * time.Second
	h := newTestFleet(t, Provision{AckWait: ackWait})
	j, in := h.job("j", task.ClassNorm, count+1)
	ranges := task.Span(0, uint64(count)).Pieces(uint64(count))
	if err := h.queueRanges(t.Context(), j, in, ranges, task.FirstRound, 0); err != nil {
		t.Fatal(err)
	}
	h.exhaust(count, false)
	h.awaitAdvisories(0, false)
	h.put(schema.ReturnSubject("j", single(count), "0", "w"), (&task.Return{Reason: task.Drained}).Encode())
	other, _ := h.connect() // so that only the sweeper's requests are counted below
	honest, err := other.SubscribeSync(schema.TaskSubject(task.Address{
		Class: task.ClassNorm, Job: "j", Range: single(count), Round: "*"}))
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Flush(); err != nil {
		t.Fatal(err)
	}
	began, before := time.Now(), h.nc.Stats().OutMsgs
	background(t, h.Sweep)
	if _, err := honest.NextMsg(5 * time.Minute); err != nil {
		t.Fatalf("the honest return is not queued: %v", err)
	}
	requests := float64(h.nc.Stats().OutMsgs-before) / float64(count)
	took := time.Since(began)
	t.Logf("all are queued again after %v, with %.1f requests for each", took, requests)
	// A redelivery of each advisory, or a look at the queue for each, would be 20. On a machine so busy that the
	// sweep takes longer than the ack wait, redeliveries are right.
	if requests > 12 && took < ackWait {
		t.Errorf("%.1f requests for each of %d tasks", requests, count)
	}
}
