package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/collect"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// newPart returns a part of the number at a position of a job.
func newPart(parent string, position uint64) *task.Part {
	c := nat.FromBytes(slices.Repeat([]byte{0x5b}, 33))
	return &task.Part{
		ID: task.ChildID(parent, position, c), Parent: parent, Position: position, Class: task.ClassNorm,
		Composite: c, State: task.PartSieve, Params: []byte("params"), Created: time.Unix(1e9, 0).UTC(),
	}
}

// part creates a part with a task, a yield, a return, a dead letter and a failure record.
func (h *testFleet) part(parent string, position uint64) *task.Part {
	h.t.Helper()
	p, err := h.CreatePart(h.t.Context(), newPart(parent, position))
	if err == nil {
		err = h.IssueSieve(h.t.Context(), p, []task.Range{{First: 4096, Count: 4096}, {First: 8192, Count: 4096}}, task.SieveTask{Params: p.Params}, false)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	at := task.Address{Job: p.ID, Range: task.Range{First: 0, Count: 4096}, Round: task.FirstRound}
	for _, subject := range []string{
		schema.ResultSubject(p.ID, task.Range{First: 0, Count: 3}, "w"), schema.ReturnSubject(p.ID, at.Range, at.Round, "w"),
		schema.DeadSubject(p.ID, at.Range, "w"), schema.FailedSubject(at, 1, "w"),
	} {
		h.put(subject, []byte("x"))
	}
	return p
}

// TestParts: two processes create one part, and it is not among the jobs. It goes with all that is stored of it.
func TestParts(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fill("j")
	want := h.left("j")
	p := h.part("j", 3)
	again := newPart("j", 3)
	again.Note = "of another supervisor"
	if got, err := h.CreatePart(t.Context(), again); err != nil || got.Note != "" {
		t.Errorf("created twice: %+v, %v", got, err)
	}
	_, err := h.ChangePart(t.Context(), "j", p.ID, func(p *task.Part) error {
		p.State, p.Divisors = task.PartDone, []nat.Nat{nat.New(7)}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := h.Part(t.Context(), "j", p.ID); err != nil || got.State != task.PartDone || got.Divisors[0].Cmp(nat.New(7)) != 0 {
		t.Errorf("changed: %+v, %v", got, err)
	}
	if jobs, err := h.Jobs(t.Context()); err != nil || len(jobs) != 1 {
		t.Errorf("%d jobs are listed, %v", len(jobs), err)
	}
	other := h.part("other", 3)
	if names, err := h.PartsOf(t.Context(), ""); err != nil || len(names) != 2 {
		t.Errorf("parts: %v, %v", names, err)
	}
	if err := h.RemoveParts(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Part(t.Context(), "j", p.ID); !errors.Is(err, ErrNoPart) {
		t.Errorf("removed: %v", err)
	}
	if left := h.left(p.ID); len(left) > 0 {
		t.Errorf("left of the part: %q", left)
	}
	if got := h.left("j"); !slices.Equal(got, want) {
		t.Errorf("of its job: %q, not %q", got, want)
	}
	if left := h.left(other.ID); len(left) != 6 {
		t.Errorf("left of a part of another job: %q", left)
	}
}

// TestUnreadableParts: a key that no program has written is no part, and is removed with its job.
func TestUnreadableParts(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 1)
	p := newPart("j", 3)
	stolen := newPart("other", 3)
	for _, value := range [][]byte{nil, []byte("{"), []byte(`{"schema":99}`), stolen.Encode()} {
		h.put(schema.KeyPrefix(schema.BucketJobs)+partKey("j", p.ID), value)
		if _, err := h.Part(t.Context(), "j", p.ID); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%q: %v", value, err)
		}
	}
	if err := h.Remove(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	if names, err := h.PartsOf(t.Context(), ""); err != nil || len(names) > 0 {
		t.Errorf("left: %v, %v", names, err)
	}
}

// TestPartsEndWithJob: whatever ends a job removes its parts.
func TestPartsEndWithJob(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("kept", task.ClassNorm, 1)
	h.queue(j, single(0))
	kept := h.part("kept", 0)
	for name, end := range map[string]func(job string) error{
		"cancel":   func(job string) error { _, err := h.Cancel(t.Context(), job); return err },
		"remove":   func(job string) error { return h.Remove(t.Context(), job) },
		"answered": func(job string) error { return h.PurgeAnswered(t.Context(), job) },
		"expired": func(job string) error {
			_, err := h.ChangeJob(t.Context(), job, func(j *task.Job) error { j.State, j.Expires = task.Done, &time.Time{}; return nil })
			if err != nil {
				return err
			}
			return h.removeExpired(t.Context(), job)
		},
		"lost": func(job string) error {
			_, err := h.ChangeJob(t.Context(), job, func(j *task.Job) error { j.State = task.Done; return nil })
			if err != nil {
				return err
			}
			return h.RemoveLostParts(t.Context())
		},
	} {
		h.job(name, task.ClassNorm, 1)
		p := h.part(name, 0)
		if err := end(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if left := h.left(p.ID); len(left) > 0 {
			t.Errorf("%s: left: %q", name, left)
		}
		if names, err := h.PartsOf(t.Context(), name); err != nil || len(names) > 0 {
			t.Errorf("%s: left: %v, %v", name, names, err)
		}
		if len(h.left(kept.ID)) != 6 {
			t.Errorf("%s removes the part of another job", name)
		}
	}
}

// TestOrphansOfParts: what is stored of a part is no orphan while its manifest is there.
func TestOrphansOfParts(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 1)
	p := h.part("j", 0)
	want := h.left(p.ID)
	h.put(schema.ResultSubject("c000000000000", single(1), "w"), nil)
	s := h.orphanSweep()
	h.sweepOrphans(s)
	if got := h.left(p.ID); !slices.Equal(got, want) {
		t.Errorf("left of the part: %q, not %q", got, want)
	}
	if left := h.left("c000000000000"); len(left) > 0 {
		t.Errorf("left of no part: %q", left)
	}
	if err := h.RemoveParts(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	h.put(schema.ResultSubject(p.ID, single(5), "w"), nil)
	if h.sweepOrphans(s); len(h.left(p.ID)) > 0 {
		t.Errorf("left of a removed part: %q", h.left(p.ID))
	}
}

// TestReturnOfPart: the sweeper drops the return of a sieve task, and blames its worker only if there is no such part.
func TestReturnOfPart(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 1)
	p, err := h.CreatePart(t.Context(), newPart("j", 0))
	if err != nil {
		t.Fatal(err)
	}
	background(t, h.Sweep)
	back := (&task.Return{Reason: task.Drained}).Encode()
	h.put(schema.ReturnSubject(p.ID, task.Range{First: 0, Count: 4096}, "0", "honest"), back)
	h.put(schema.ReturnSubject("c000000000000", task.Range{First: 0, Count: 4096}, "0", "liar"), back)
	await(t, "no return is left", func() bool { return len(h.subjects(schema.StreamReturns)) == 0 })
	h.complained("liar", ComplaintReturn)
	trust, _ := h.trust.current()
	trust.mu.Lock()
	defer trust.mu.Unlock()
	if s := trust.standings["honest"]; len(s.Complaints) > 0 {
		t.Errorf("complaints about an honest worker: %v", s.Complaints)
	}
	if left := h.subjects(schema.StreamTasks); len(left) > 0 {
		t.Errorf("queued: %q", left)
	}
}

// TestExhaustedSieveTask: a sieve task whose deliveries are exhausted is dropped.
func TestExhaustedSieveTask(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 1)
	p := h.part("j", 0)
	s := newSweeper(&Failures{f: h.Fleet})
	for _, r := range []task.Range{{First: 4096, Count: 4096}, {First: 8192, Count: 4096}} {
		at := schema.Place{Address: task.Address{Class: SieveClass, Job: p.ID, Range: r, Round: task.FirstRound}}
		m, err := h.tasks.GetLastMsgForSubject(t.Context(), schema.TaskSubject(at.Address))
		if err != nil {
			t.Fatal(err)
		}
		if wait, err := s.conclude(t.Context(), m, at); wait > 0 || err != nil {
			t.Errorf("%v: %v, %v", r, wait, err)
		}
	}
	if left := h.subjects(schema.StreamTasks); len(left) > 0 {
		t.Errorf("queued: %q", left)
	}
	for _, subject := range h.subjects(schema.StreamDead) {
		if strings.HasSuffix(subject, schema.Sweeper) {
			t.Errorf("given up: %s", subject)
		}
	}
}

// TestSieveQueue: the tasks of a part are told from those of others.
func TestSieveQueue(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 10)
	h.queue(j, single(1))
	p := h.part("j", 0)
	if q, err := h.SieveQueue(t.Context(), p.ID); err != nil || q.Tasks != 2 || q.Other != 1 || len(q.Ranges) != q.Tasks {
		t.Errorf("%+v, %v", q, err)
	}
	for position, want := range map[uint64]bool{0: false, 1: true} {
		if got, err := h.Outstanding(t.Context(), "j", position); err != nil || got != want {
			t.Errorf("position %d: %v, %v", position, got, err)
		}
	}
	var first []collect.Arrival
	err := h.FollowResults(t.Context(), p.ID, func(list []collect.Arrival, _ uint64) error { first = list; return errCaughtUp }, nil)
	if err != errCaughtUp || len(first) != 1 || first[0].Worker != "w" || first[0].Range != (task.Range{First: 0, Count: 3}) {
		t.Errorf("yields: %+v, %v", first, err)
	}
}

// TestHint: a hint is an order, to one worker.
func TestHint(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	got := make(chan *nats.Msg, 1)
	nc, _ := h.connect()
	if _, err := nc.ChanSubscribe(schema.OrderSubject, got); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	p := newPart("j", 3)
	want := &task.Hint{Job: "j", Position: 3, Composite: p.Composite, Child: p.ID, Params: p.Params}
	if err := h.Hint("w", want); err != nil {
		t.Fatal(err)
	}
	m := <-got
	if hint, err := task.DecodeHint(m.Data); err != nil || hint.Child != p.ID || m.Subject != "FACTOR.ctl.hint.w" || m.Header.Get(schema.OrderHeader) == "" {
		t.Errorf("%s: %+v, %v", m.Subject, hint, err)
	}
	if err := h.Hint("*", want); err == nil {
		t.Error("a hint is sent to a name with a wildcard")
	}
}

// TestLeftParts: a part is removed whose number has its answer while no process conducts it. Others of the job stay.
func TestLeftParts(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 4)
	h.queue(j, single(1))
	queued, answered, held := h.part("j", 1), h.part("j", 2), h.part("j", 3)
	holding := make(chan struct{})
	background(t, func(ctx context.Context) error {
		return h.Hold(ctx, held.ID, "other", func(ctx context.Context) error { close(holding); <-ctx.Done(); return nil })
	})
	<-holding
	if all, sieving, err := h.AllParts(t.Context()); err != nil || len(all) != 3 || len(sieving) != 3 {
		t.Errorf("of %v %v sieve, %v", all, sieving, err)
	}
	_, err := h.ChangePart(t.Context(), "j", queued.ID, func(p *task.Part) error { p.State = task.PartDone; return nil })
	if err == nil {
		err = h.RemoveLostParts(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if left := h.left(answered.ID); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	for _, p := range []*task.Part{queued, held} {
		if _, err := h.Part(t.Context(), "j", p.ID); err != nil || len(h.left(p.ID)) != 6 {
			t.Errorf("position %d: %q, %v", p.Position, h.left(p.ID), err)
		}
	}
	if all, sieving, err := h.AllParts(t.Context()); err != nil || len(all) != 2 || !slices.Equal(sieving, []string{held.ID}) {
		t.Errorf("of %v %v sieve, %v", all, sieving, err)
	}
}

// TestOrphanSieveTasks: a sieve task of a part that is gone is removed at once. Nobody waits for a job to be submitted
// again.
func TestOrphanSieveTasks(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	p := newPart("j", 0)
	if err := h.IssueSieve(t.Context(), p, []task.Range{{First: 0, Count: 4096}}, task.SieveTask{Params: p.Params}, false); err != nil {
		t.Fatal(err)
	}
	s := h.orphanSweep()
	h.sweepOrphans(s)
	if left := h.subjects(schema.StreamTasks); len(left) > 0 || len(s.since) > 0 {
		t.Errorf("left: %q", left)
	}
}
