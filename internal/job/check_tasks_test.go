package job

import (
	"context"
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestDoubts: a worker that alone answers other numbers, while others verify, lies. Workers that share such
// answers were given wrong tasks.
func TestDoubts(t *testing.T) {
	var d doubts
	add := func(workers ...string) {
		for _, w := range workers {
			d.add(refusal{Refused: &collect.Refused{Worker: w}})
		}
	}
	verify := func(worker string, n int) {
		for range n {
			d.verify(worker, 0)
		}
	}
	want := func(what string, n int) {
		t.Helper()
		if list := d.lies(); len(list) != n {
			t.Errorf("%s: %d strikes, want %d; %+v", what, len(list), n, d)
		}
	}
	verify("b", 10*otherAnswers)
	for range otherAnswers + 2 {
		add("a")
	}
	verify("a", 10*otherAnswers)
	want("others had no result since", 0)
	verify("b", otherAnswers-1)
	want("others had too few", 0)
	verify("c", 1)
	want("others had enough", fleet.MaxStrikes)
	want("each is a strike once", 0)
	add("a", "a")
	want("two more", 2)
	add("a", "b")
	verify("b", 10*otherAnswers)
	verify("c", 10*otherAnswers)
	want("another has one, too", 0)
	for range 2 * otherAnswers {
		add("a")
	}
	want("the tasks are known to be wrong", 0)
}

// TestDoubtsOfParts: the partial results of a few long tasks that are wrong are no strikes, those of very many are.
func TestDoubtsOfParts(t *testing.T) {
	var d doubts
	part := refusal{Refused: &collect.Refused{Worker: "a", Elapsed: 5 * time.Second}}
	for range 3 * otherAnswers {
		d.add(part)
		d.verify("b", 0)
	}
	if list := d.lies(); len(list) != 0 {
		t.Errorf("%d strikes", len(list))
	}
	for range partialShare * otherAnswers {
		d.add(part)
	}
	if list := d.lies(); len(list) != fleet.MaxStrikes {
		t.Errorf("%d strikes", len(list))
	}
}

// TestOtherTasks: tasks whose numbers or whose kind are not those of the job cost it time, and no honest worker a
// strike.
func TestOtherTasks(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	const count = 1000
	r := h.queued(count)
	if err := h.PurgeQueue(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	for first := 0; first < count; first += 40 {
		chunk := task.Range{First: uint64(first), Count: 40}
		wrong := &task.Task{Kind: task.KindSquare, Numbers: []nat.Nat{}}
		for i := range 40 {
			wrong.Numbers = append(wrong.Numbers, nat.New(uint64(5000+first+i)))
		}
		if first%80 == 0 {
			wrong = &task.Task{Kind: task.KindFactor, Numbers: fleettest.Numbers(first, 40)}
		}
		h.putTask(task.Address{Job: "j", Class: task.ClassNorm, Range: chunk, Round: "x"}, wrong)
	}
	h.worker("honest", nil)
	h.worker("other", nil)
	sum := r.clean()
	r.out.check(t, 0, count)
	if sum.Refused == 0 {
		t.Error("no task was wrong")
	}
	for _, name := range []string{"honest", "other"} {
		if s := h.standing(name); len(s.Strikes) > 0 || s.Quarantined != nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// putTask queues a task as a producer does.
func (h *testFleet) putTask(a task.Address, work *task.Task) {
	h.t.Helper()
	h.put(schema.TaskSubject(a), work.Encode())
}

// A displaced is an outbox that answers other numbers than those of the task, and says so.
type displaced struct{ *puller.Client }

func (d *displaced) Result(ctx context.Context, job string, r task.Range, _ []byte) error {
	lie := squares("liar", 1_000_000, int(r.Count))
	lie.Asked = task.HashNumbers(fleettest.Numbers(1_000_000, int(r.Count)))
	return d.Client.Result(ctx, job, r, lie.Encode())
}

// TestOtherNumbersLie: a worker that claims wrong tasks, while others have right ones, is quarantined.
func TestOtherNumbersLie(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	const count = 60_000
	a := h.queued(count)
	h.worker("liar", func(c *puller.Client) worker.Outbox { return &displaced{c} })
	h.worker("honest", nil)
	a.clean()
	a.out.check(t, 0, count)
	if s := h.standing("honest"); len(s.Strikes) > 0 {
		t.Errorf("honest: %+v", s)
	}
	if s := h.standing("liar"); s.Quarantined == nil || len(s.Strikes) < fleet.MaxStrikes {
		t.Errorf("liar: %+v", s)
	}
}

// TestExcused: a refused result that is excused is removed, and is no strike, the first time for its range.
func TestExcused(t *testing.T) {
	c := &checker{streams: &streams{fleet: new(fleet.Fleet)}, trust: new(fleet.Trust)} // which cannot write strikes
	arrivals := make([]collect.Arrival, 2*maxRefusals)
	outcomes := make([]outcome, len(arrivals))
	for i := range outcomes {
		outcomes[i].err = &collect.Refused{Range: task.Range{First: uint64(i), Count: 1}, Worker: "old", Excused: true}
	}
	if verified, refused, err := c.sort(t.Context(), arrivals, outcomes); err != nil || len(verified) > 0 || len(refused) != len(arrivals) {
		t.Errorf("%v, %v, %v", verified, refused, err)
	}
	if n := c.streams.fleet.Rejected(); n != uint64(len(arrivals)) {
		t.Errorf("%d results count as rejected, want %d", n, len(arrivals))
	}
	if !c.excused.Contains(task.Span(0, uint64(len(arrivals)))) {
		t.Error("a range can be excused again")
	}
}
