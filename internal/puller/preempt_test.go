package puller

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A waitingPart completes a position each 10 ms until it is stopped, whatever time the task has.
type waitingPart struct{ begun, ended chan task.Range }

func (waitingPart) Limit(*task.Task) time.Duration { return task.MaxSieveTime }

func (k waitingPart) RunPart(ctx context.Context, _ *task.Task, r task.Range, o worker.PartOptions) error {
	k.begun <- r
	defer func() { k.ended <- r }()
	for stop := false; !stop && ctx.Err() == nil; stop = o.Stop() {
		select {
		case <-ctx.Done(): // on a busy machine a position takes so long that the worker does not wait for its end
		case <-time.After(10 * time.Millisecond):
			o.Tick()
		}
	}
	o.Yield(task.Range{First: r.First, Count: 1}, task.Yield{Params: 7, Relations: []byte("relations")})
	return context.Cause(ctx)
}

// squares answers each number as a prime.
type squares struct{}

func (squares) Run(_ context.Context, numbers []nat.Nat, _ worker.RunOptions, done *[]task.Factorization) error {
	for _, n := range numbers {
		*done = append(*done, task.Factorization{Factors: []task.Factor{{P: n, Exp: 1, Status: task.Prime}}})
	}
	return nil
}

// TestPreempt: sieve tasks that would never end end when ordinary tasks are queued, and all of these are answered, some
// of them before the next sieve task begins.
func TestPreempt(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	p := &task.Part{ID: "cpart", Parent: "parent", Params: []byte("p")}
	ranges := []task.Range{{First: 4096, Count: 4096}, {First: 8192, Count: 4096}}
	if err := h.IssueSieve(t.Context(), p, ranges, task.SieveTask{Params: p.Params, Time: time.Minute}, false); err != nil {
		t.Fatal(err)
	}
	c := h.client("w")
	part := waitingPart{make(chan task.Range, 2), make(chan task.Range, 2)}
	w := worker.New(worker.Config{
		Name: "w", Slots: 1, AckWait: c.AckWait(), Log: zerolog.Nop(),
		Kinds: map[string]worker.Kind{task.KindSquare: squares{}}, Parts: map[string]worker.PartKind{task.KindSieve: part},
	}, c, c)
	stop := fleettest.Background(t, w.Run)
	<-part.begun
	j := h.job("j", task.ClassNorm, 10)
	for i := range 10 {
		h.queue(j, fleettest.Single(i))
	}
	fleettest.Await(t, "the sieve task ends", func() bool { return len(part.ended) > 0 })
	<-part.begun
	if left := h.ranges("j"); len(strings.Fields(left)) == 10 {
		t.Errorf("queued when the next sieve task began: %s", left)
	}
	fleettest.Await(t, "all are answered", func() bool { return h.ranges("j") == "" })
	yield := schema.ResultSubject(p.ID, task.Range{First: ranges[0].First, Count: 1}, "w")
	fleettest.Await(t, "its yield is stored", func() bool { return len(fleettest.Subjects(t, h.js, schema.StreamResults, yield)) == 1 })
	stop()
}

// TestPullOthers: a worker whose slots all run tasks of parts gets no task of the class that has them, and then ordinary
// ones first.
func TestPullOthers(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	hi, norm := h.job("j-hi", task.ClassHi, 10), h.job("j-norm", task.ClassNorm, 10)
	h.queue(hi, fleettest.Single(0))
	h.queue(norm, fleettest.Single(0))
	h.queue(norm, fleettest.Single(1))
	w := h.client("w")
	var got []task.Class
	deliver := func(d *worker.Delivery) { got = append(got, d.Class) }
	if err := w.PullOthers(t.Context(), deliver); err != nil || len(got) != 1 || got[0] != task.ClassNorm {
		t.Errorf("pulled %v, %v", got, err)
	}
	began := w.puller.hiChecked.Add(-deferHi)
	for i, want := range []task.Class{task.ClassNorm, task.ClassHi} {
		classes := w.puller.order(began.Add(hiInterval + deferHi*time.Duration(i)))
		if classes[0] != want {
			t.Errorf("then it requests %v", classes)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.PullOthers(ctx, deliver); err != nil || len(got) > 2 {
		t.Errorf("pulled %v after the end, %v", got, err)
	}
}
