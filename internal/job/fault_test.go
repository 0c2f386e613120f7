package job

import (
	"context"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/input"
	"factorfleet/internal/nat"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A faulty outbox makes the next results that it publishes wrong, as many as wrong says.
type faulty struct {
	*puller.Client
	wrong atomic.Int64
	spoil func(*task.Result) // nil = they are not published
}

func (l *faulty) Result(ctx context.Context, job string, r task.Range, payload []byte) error {
	if l.wrong.Add(-1) >= 0 {
		if l.spoil == nil {
			return nil
		}
		result, err := task.DecodeResult(payload)
		if err != nil {
			return err
		}
		l.spoil(result)
		payload = result.Encode()
	}
	return l.Client.Result(ctx, job, r, payload)
}

// makeFaulty returns a function that makes the next results of an outbox wrong.
func makeFaulty(wrong int64, spoil func(*task.Result)) func(*puller.Client) worker.Outbox {
	return func(s *puller.Client) worker.Outbox {
		l := &faulty{Client: s, spoil: spoil}
		l.wrong.Store(wrong)
		return l
	}
}

func wrongFactor(r *task.Result) { r.Items[0].Factors[0].P = nat.New(4711) }

// TestLost: tasks that are acked without a result are found missing and requeued. So are, in
// TestResultsLost, results that are deleted before any process has read them.
func TestLost(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	r := h.submit(h.Fleet, submission("j", text(0, 500)))
	await(t, "all tasks", func() bool { return h.held(schema.StreamTasks, "j") == 12 })
	h.worker("forgetful", makeFaulty(12, nil))
	await(t, "no tasks", func() bool { return h.held(schema.StreamTasks, "j") == 0 })
	h.put("FACTOR.results.j.nonsense.rogue", nil) // the last result there is
	if s := r.clean(); s.Requeued == 0 {
		t.Errorf("nothing was queued again: %+v", s)
	}
	r.out.check(t, 0, 500)
}

func TestResultsLost(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	if _, err := Feed(t.Context(), h.Fleet, submission("j", text(0, 500)), Watch{}, func(string) {}); err != nil {
		t.Fatal(err)
	}
	h.worker("w", nil)
	await(t, "all results", func() bool { return h.held(schema.StreamTasks, "j") == 0 })
	s, err := h.js.Stream(t.Context(), schema.StreamResults)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(t.Context(), jetstream.WithPurgeSequence(2)); err != nil {
		t.Fatal(err)
	}
	r := h.wait(h.Fleet, "j")
	if s := r.clean(); s.Requeued == 0 {
		t.Errorf("nothing was queued again: %+v", s)
	}
	r.out.check(t, 0, 500)
}

// TestForged: forged messages neither stop a job, nor delay it for long, nor change its
// output.
func TestForged(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	const count = 300
	square := func(r task.Range, n uint64) []byte {
		items := []task.Factorization{{Factors: []task.Factor{{P: nat.New(n), Exp: 1, Status: task.Value}}}}
		return (&task.Result{Kind: task.KindSquare, Worker: "rogue", Items: items}).Encode()
	}
	letter := (&task.Failure{Err: "I say so", Numbers: []nat.Nat{nat.New(1)}}).Encode()
	forge := func() {
		for _, r := range []string{"0-1000000", "0-9007199254740991", "9007199254740990-1", "299-2", "300-1"} {
			h.put("FACTOR.results.j."+r+".rogue", square(task.Range{}, 0))
			h.put("FACTOR.dead.j."+r+".rogue", letter)
			h.put("FACTOR.returns.j."+r+".0.rogue", (&task.Return{Reason: task.Isolate, Pieces: 1 << 30}).Encode())
		}
		h.put("FACTOR.results.j.nonsense.rogue", nil)
		h.put("FACTOR.results.j.5-1.rogue", []byte("\xff\xff"))
		h.put("FACTOR.results.j.7-1.rogue", square(task.Range{}, 50))
		h.put("FACTOR.dead.j.0-300.rogue", letter) // for queued numbers
		h.put("FACTOR.dead.j.180-1.rogue", letter) // for a number that is stored and not yet queued: four chunks hold 172
		h.put("FACTOR.dead.j.x.rogue", letter)
		h.put("FACTOR.dead.j.9-1.rogue", []byte("\xff"))
		h.put("FACTOR.returns.j.x.0.rogue", nil)
		h.put("FACTOR.results.j.999999-1.last", nil)
	}
	pipe, feed := io.Pipe()
	sub := submission("j", "")
	sub.Sources = []input.Source{input.From("-", pipe)}
	a := h.submit(h.Fleet, sub)
	<-a.id
	io.WriteString(feed, text(0, 200))
	await(t, "some tasks", func() bool { return h.held(schema.StreamTasks, "j") >= 4 })
	forge()
	b := h.wait(h.other(), "j")
	time.Sleep(300 * time.Millisecond) // so that a review lists the forged letters while the input is still read
	io.WriteString(feed, text(200, 100))
	feed.Close()
	h.worker("w", nil)
	a.clean()
	b.clean()
	a.out.check(t, 0, count)
	b.out.check(t, 0, count)
}

// TestServerRestarts: all watchers continue when the server is back.
func TestServerRestarts(t *testing.T) {
	t.Parallel()
	h := newLasting(t)
	const count = 20_000
	a := h.submit(h.Fleet, submission("j", text(0, count)))
	<-a.id
	b := h.wait(h.other(), "j")
	h.worker("w", nil)
	await(t, "the first answers", func() bool { return a.out.len() > 0 && b.out.len() > 0 })
	h.restart()
	a.clean()
	b.clean()
	a.out.check(t, 0, count)
	b.out.check(t, 0, count)
}
