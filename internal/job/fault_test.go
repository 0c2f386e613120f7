package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A liar spoils the results that it is to publish while lies > 0.
type liar struct {
	*fleet.Station
	lies  atomic.Int64
	spoil func(*task.Result) // nil = nothing is published
}

func (l *liar) Result(ctx context.Context, job string, r task.Range, payload []byte) error {
	if l.lies.Add(-1) >= 0 {
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
	return l.Station.Result(ctx, job, r, payload)
}

// lying makes an outbox that tells lies.
func lying(lies int64, spoil func(*task.Result)) func(*fleet.Station) worker.Outbox {
	return func(s *fleet.Station) worker.Outbox {
		l := &liar{Station: s, spoil: spoil}
		l.lies.Store(lies)
		return l
	}
}

func wrongFactor(r *task.Result) { r.Items[0].Factors[0].P = nat.New(4711) }

// TestLost: a task that is acked without a result, and results that are deleted
// before anybody has seen them, are found missing and done again.
func TestLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.submit(h.Fleet, submission("j", text(0, 500)))
	await(t, "all tasks", func() bool { return h.held(fleet.StreamTasks, "j") == 12 })
	h.worker("forgetful", lying(12, nil))
	await(t, "no tasks", func() bool { return h.held(fleet.StreamTasks, "j") == 0 })
	h.put("FACTOR.results.j.nonsense.rogue", nil) // the last result there is
	if s := r.clean(); s.Requeued == 0 {
		t.Errorf("nothing was queued again: %+v", s)
	}
	r.out.check(t, 0, 500)
}

func TestResultsLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if _, err := Feed(t.Context(), h.Fleet, submission("j", text(0, 500)), Watch{}, func(string) {}); err != nil {
		t.Fatal(err)
	}
	h.worker("w", nil)
	await(t, "all results", func() bool { return h.held(fleet.StreamResults, "j") == 12 && h.held(fleet.StreamTasks, "j") == 0 })
	s, err := h.js.Stream(t.Context(), fleet.StreamResults)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(t.Context(), jetstream.WithPurgeSequence(4)); err != nil {
		t.Fatal(err)
	}
	r := h.wait(h.Fleet, "j")
	if s := r.clean(); s.Requeued == 0 {
		t.Errorf("nothing was queued again: %+v", s)
	}
	r.out.check(t, 0, 500)
}

// TestForged: whatever anybody may publish neither stops a job nor holds it up for
// long, nor does it change a line of it.
func TestForged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
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
		h.put("FACTOR.dead.j.0-300.rogue", letter) // of what is queued
		h.put("FACTOR.dead.j.180-1.rogue", letter) // of what is stored and not yet queued: four chunks hold 172
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
	await(t, "some tasks", func() bool { return h.held(fleet.StreamTasks, "j") >= 4 })
	forge()
	b := h.wait(h.other(), "j")
	time.Sleep(300 * time.Millisecond) // so that the forged letters are looked at while the input flows
	io.WriteString(feed, text(200, 100))
	feed.Close()
	h.worker("w", nil)
	a.clean()
	b.clean()
	a.out.check(t, 0, count)
	b.out.check(t, 0, count)
}

func TestCancel(t *testing.T) {
	h := newHouse(t)
	a := h.submit(h.Fleet, submission("j", text(0, 5000)))
	<-a.id
	b := h.wait(h.other(), "j")
	await(t, "some tasks", func() bool { return h.held(fleet.StreamTasks, "j") > 10 })
	if _, err := h.Cancel(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*running{a, b} {
		if _, err := r.end(); !errors.Is(err, ErrCancelled) {
			t.Errorf("%v", err)
		}
	}
	if n := h.held(fleet.StreamTasks, "j"); n != 0 {
		t.Errorf("%d tasks are still queued", n)
	}
	if _, err := Wait(t.Context(), h.Fleet, "j", a.out.watch()); !errors.Is(err, ErrCancelled) {
		t.Errorf("Wait for a cancelled job: %v", err)
	}
	if _, err := h.submit(h.Fleet, submission("j", text(0, 5000))).end(); !errors.Is(err, fleet.ErrDiffers) {
		t.Errorf("Submit of a cancelled job: %v", err)
	}
}

// TestCancelledLate: what was queued while a job was being cancelled is gone when the
// last who takes part has ended.
func TestCancelledLate(t *testing.T) {
	h := newHouse(t)
	r := h.submit(h.Fleet, submission("j", text(0, 500)))
	await(t, "all tasks", func() bool { return h.held(fleet.StreamTasks, "j") == 12 })
	if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.State = task.Cancelled; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := r.end(); !errors.Is(err, ErrCancelled) {
		t.Errorf("%v", err)
	}
	if n := h.held(fleet.StreamTasks, "j"); n != 0 {
		t.Errorf("%d tasks are still queued", n)
	}
}

// TestVerdict: only what cannot pass by itself ends a job.
func TestVerdict(t *testing.T) {
	for err, want := range map[error]bool{
		fleet.ErrConnect: false, context.DeadlineExceeded: false, fleet.ErrClosed: true, fleet.ErrNoJob: true, ErrOutput: true, errComplete: true,
	} {
		if isVerdict(fmt.Errorf("look: %w", err)) != want {
			t.Errorf("%v: %v", err, !want)
		}
	}
}

// TestCancelFeeding: who only feeds a job stops when it is cancelled, although its
// input goes on.
func TestCancelFeeding(t *testing.T) {
	h := newHouse(t)
	pipe, feed := io.Pipe()
	sub := submission("j", "")
	sub.Sources = []input.Source{input.From("-", pipe)}
	r := h.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
		_, err := Feed(ctx, h.Fleet, sub, w, started)
		return nil, err
	})
	io.WriteString(feed, text(0, 100))
	await(t, "some tasks", func() bool { return h.held(fleet.StreamTasks, "j") > 0 })
	if _, err := h.Cancel(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.end(); !errors.Is(err, ErrCancelled) {
		t.Errorf("%v", err)
	}
	feed.Close()
	if n := h.held(fleet.StreamTasks, "j"); n != 0 {
		t.Errorf("%d tasks are still queued", n)
	}
}

// TestCutOff: of a job whose submitter died in the middle of its input, a waiter does
// what is there and says so; submitted again, it is whole.
func TestCutOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.worker("w", nil)
	pipe, feed := io.Pipe()
	defer feed.Close()
	sub := submission("j", "")
	sub.Sources = []input.Source{input.From("-", pipe)}
	a := h.submit(h.Fleet, sub)
	io.WriteString(feed, text(0, 200))
	await(t, "the numbers are stored", func() bool { return h.held(fleet.StreamInputs, "j") > 0 })
	await(t, "some answers", func() bool { return a.out.len() > 0 })
	a.kill()
	b := h.wait(h.other(), "j")
	s, err := b.end()
	if err != nil || s.Clean() || !s.Job.CutOff || s.Job.Count != 200 || s.Job.State != task.Done {
		t.Errorf("%+v, %v", s, err)
	}
	b.out.check(t, 0, 200)
	c := h.submit(h.Fleet, submission("j", text(0, 1000)))
	if s := c.clean(); s.Job.CutOff || s.Job.Count != 1000 || s.Job.State != task.Done {
		t.Errorf("%+v", s.Job)
	}
	c.out.check(t, 0, 1000)
}

// TestFeederLosesLease: the input is read once, however often the lease changes hands.
func TestFeederLosesLease(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.worker("w", nil)
	pipe, feed := io.Pipe()
	sub := submission("j", "")
	sub.Sources = []input.Source{input.From("-", pipe)}
	a := h.submit(h.Fleet, sub)
	<-a.id
	leases, err := h.js.KeyValue(t.Context(), fleet.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	const count = 3000
	var group sync.WaitGroup
	group.Go(func() {
		for i := 0; i < count; i += 10 {
			io.WriteString(feed, text(i, 10))
			time.Sleep(20 * time.Millisecond)
		}
		feed.Close()
	})
	await(t, "it is fed", func() bool { who, err := h.Holder(t.Context(), feedLease("j")); return who != "" && err == nil })
	if _, err := leases.PutString(t.Context(), feedLease("j"), "thief"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5500 * time.Millisecond) // it has noticed
	if err := leases.Purge(t.Context(), feedLease("j")); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	if s := a.clean(); s.Job.Count != count {
		t.Errorf("%+v", s.Job)
	}
	a.out.check(t, 0, count)
}

// TestDead: a number that nobody can do ends as given up, and the job is done; tried
// again, it is whole.
func TestDead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	broken := func(s *fleet.Station) worker.Outbox { return breaker{s} }
	stop := h.worker("broken", broken)
	a := h.submit(h.Fleet, submission("j", text(0, 100)))
	s, err := a.end()
	if err != nil || s.Clean() || s.Counts.Dead != 1 || s.Verified != 99 || s.Job.State != task.Done || s.Job.Dead != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	if item := a.out.items[17]; len(a.out.items) != 100 || item.Dead != "it is 17" || item.Position != 17 {
		t.Errorf("%+v", item)
	}
	var out output
	s, err = Results(t.Context(), h.Fleet, "j", out.watch())
	if err != nil || s.Counts.Dead != 1 || out.len() != 100 || out.items[17].Dead != "it is 17" {
		t.Errorf("Results: %+v, %v, %d lines", s, err, out.len())
	}
	stop()
	letters, err := h.DeadLetters(t.Context(), "j")
	if err != nil || len(letters) != 1 {
		t.Fatalf("%+v, %v", letters, err)
	}
	if err := h.Retry(t.Context(), &letters[0]); err != nil {
		t.Fatal(err)
	}
	h.worker("w", nil)
	b := h.wait(h.Fleet, "j")
	if s := b.clean(); s.Job.State != task.Done || s.Job.Dead != 0 {
		t.Errorf("%+v", s.Job)
	}
	b.out.check(t, 0, 100)
}

// A breaker dead-letters the number 17 instead of storing its answer.
type breaker struct{ *fleet.Station }

func (b breaker) Result(ctx context.Context, job string, r task.Range, payload []byte) error {
	if !r.Contains(task.Range{First: 17, Count: 1}) {
		return b.Station.Result(ctx, job, r, payload)
	}
	result, err := task.DecodeResult(payload)
	if err != nil {
		return err
	}
	items, at := result.Items, 17-r.First
	for part, items := range map[task.Range][]task.Factorization{task.Span(r.First, 17): items[:at], task.Span(18, r.End()): items[at+1:]} {
		if part.Count > 0 {
			result.Items = items
			if err := b.Station.Result(ctx, job, part, result.Encode()); err != nil {
				return err
			}
		}
	}
	return b.Dead(ctx, job, task.Range{First: 17, Count: 1}, (&task.Failure{Err: "it is 17"}).Encode())
}

// TestResults: what is there now, in order, and the job goes on.
func TestResults(t *testing.T) {
	h := newHouse(t)
	a := h.submit(h.Fleet, submission("j", text(0, 1000)))
	await(t, "some tasks", func() bool { return h.held(fleet.StreamTasks, "j") > 10 })
	for _, ordered := range []bool{true, false} {
		var out output
		w := out.watch()
		w.Ordered = ordered
		if s, err := Results(t.Context(), h.other(), "j", w); err != nil || out.len() != 0 || s.Verified != 0 {
			t.Errorf("nothing is there, and yet: %+v, %v, %d lines", s, err, out.len())
		}
	}
	items := make([]task.Factorization, 43)
	for i := range items {
		items[i].Factors = []task.Factor{{P: nat.New(uint64((86 + i) * (86 + i))), Exp: 1, Status: task.Value}}
	}
	h.put("FACTOR.results.j.86-43.w", (&task.Result{Kind: task.KindSquare, Worker: "w", Items: items}).Encode())
	for _, ordered := range []bool{true, false} {
		var out output
		w := out.watch()
		w.Ordered = ordered
		s, err := Results(t.Context(), h.other(), "j", w)
		if err != nil || s.Verified != 43 || s.Counts.Dead != 0 || out.len() != 43 || out.items[0].Position != 86 || out.items[42].Position != 128 {
			t.Errorf("%+v, %v, %d lines", s, err, out.len())
		}
	}
	h.worker("w2", nil)
	a.clean()
	a.out.check(t, 0, 1000)
}

// TestServe: a detached job is done without anybody who waits, and kept.
func TestServe(t *testing.T) {
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- Serve(ctx, h.other(), Watch{}.Log) }()
	h.worker("w", nil)
	j, err := Feed(t.Context(), h.Fleet, submission("j", text(0, 1000)), Watch{}, func(string) {})
	if err != nil || j.State != task.Sealed && j.State != task.Done || j.Count != 1000 {
		t.Fatalf("%+v, %v", j, err)
	}
	await(t, "it is done", func() bool {
		j, err := h.Job(t.Context(), "j")
		return err == nil && j.State == task.Done && j.Verified == 1000
	})
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if h.held(fleet.StreamResults, "j") == 0 || h.held(fleet.StreamInputs, "j") == 0 {
		t.Error("the results are gone")
	}
	r := h.wait(h.Fleet, "j")
	r.clean()
	r.out.check(t, 0, 1000)
}

// TestPrivate: of a job that ends with its process nothing is written down.
func TestPrivate(t *testing.T) {
	h := newHouse(t)
	h.worker("w", nil)
	r := h.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
		w.Private = true
		sub := submission("j", text(0, 500))
		sub.Keep = 0
		return Submit(ctx, h.Fleet, sub, w, started)
	})
	r.clean()
	r.out.check(t, 0, 500)
	if j, err := h.Job(t.Context(), "j"); err != nil || j.State != task.Sealed {
		t.Errorf("%+v, %v", j, err)
	}
}

// TestOutputFails: who cannot print stops, and the job goes on.
func TestOutputFails(t *testing.T) {
	h := newHouse(t)
	h.worker("w", nil)
	oops := errors.New("no space left")
	for _, flush := range []bool{false, true} {
		var lines int
		id := fmt.Sprint("j", flush)
		_, err := Submit(t.Context(), h.Fleet, submission(id, text(0, 1000)), Watch{
			Ordered: true,
			Emit: func(*collect.Item) error {
				if lines++; lines > 100 && !flush {
					return oops
				}
				return nil
			},
			Flush: func() error {
				if flush {
					return oops
				}
				return nil
			},
		}, func(string) {})
		if !errors.Is(err, ErrOutput) || !errors.Is(err, oops) {
			t.Errorf("%v", err)
		}
		r := h.submit(h.Fleet, submission(id, text(0, 1000)))
		r.clean()
		r.out.check(t, 0, 1000)
	}
}

// TestDeadline: who waits no longer says why.
func TestDeadline(t *testing.T) {
	h := newHouse(t)
	a := h.submit(h.Fleet, submission("j", text(0, 100)))
	await(t, "some tasks", func() bool { return h.held(fleet.StreamTasks, "j") > 0 })
	because := errors.New("deadline")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, because)
	defer cancel()
	var out output
	if _, err := Wait(ctx, h.other(), "j", out.watch()); !errors.Is(err, because) {
		t.Errorf("%v", err)
	}
	a.kill()
}

// TestNoJob: there is none of that id.
func TestNoJob(t *testing.T) {
	h := newHouse(t)
	for _, id := range []string{"none", "", "a.b", strings.Repeat("x", 41)} {
		if _, err := Wait(t.Context(), h.Fleet, id, Watch{}); !errors.Is(err, fleet.ErrNoJob) {
			t.Errorf("Wait for %q: %v", id, err)
		}
		if _, err := Results(t.Context(), h.Fleet, id, Watch{}); !errors.Is(err, fleet.ErrNoJob) {
			t.Errorf("Results of %q: %v", id, err)
		}
	}
	if _, err := Submit(t.Context(), h.Fleet, submission("a.b", "1"), Watch{}, func(string) {}); err == nil {
		t.Error("a job of a bad id was submitted")
	}
}

// TestServerRestarts: all that wait go on when the server is back.
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
