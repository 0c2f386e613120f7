package fleet

import (
	"context"
	"reflect"
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestCurvesPart: tasks of curves are queued, their yields are removed up to a sequence, and a part of curves uses slots
// until it is done.
func TestCurvesPart(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fill("j")
	p := newPart("j", 3)
	p.State, p.Params, p.Seed = task.PartCurves, nil, 7
	if _, err := h.CreatePart(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	want := task.CurvesTask{Composite: p.Composite, B1: 11e3, B2: 1100e3, Seed: 7, Time: time.Second, Flush: time.Second}
	r := task.Range{First: 512, Count: 512}
	if err := h.IssueCurves(t.Context(), p, []task.Range{r, {First: 1024, Count: 512}}, want); err != nil {
		t.Fatal(err)
	}
	subject := schema.TaskSubject(task.Address{Class: SieveClass, Job: p.ID, Range: r, Round: task.FirstRound})
	m, err := h.tasks.GetLastMsgForSubject(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := task.DecodeTask(m.Data); err != nil || got.Kind != task.KindECM || !reflect.DeepEqual(got.Curves, &want) {
		t.Errorf("task: %+v, %v", got, err)
	}
	if q, err := h.SieveQueue(t.Context(), p.ID); err != nil || q.Tasks != 2 {
		t.Errorf("queue: %+v, %v", q, err)
	}
	children, active, err := h.AllParts(t.Context())
	if err != nil || len(children) != 1 || len(active) != 1 {
		t.Errorf("parts: %v, %v, %v", children, active, err)
	}
	h.purgeYields(p.ID)
}

// purgeYields stores yields of a part, and has all but the last one removed.
func (h *testFleet) purgeYields(child string) {
	h.t.Helper()
	var seqs []uint64
	for i := range uint64(5) {
		h.put(schema.ResultSubject(child, task.Range{First: i, Count: 1}, "w"), []byte("x"))
	}
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	err := h.FollowResults(ctx, child, func(list []collect.Arrival, _ uint64) error {
		for _, a := range list {
			seqs = append(seqs, a.Seq)
		}
		return nil
	}, cancel)
	if len(seqs) != 5 {
		h.t.Fatalf("%d yields, %v", len(seqs), err)
	}
	before := len(fleettest.Subjects(h.t, h.js, schema.StreamResults, ">"))
	if err := h.PurgeYields(h.t.Context(), child, seqs[3]); err != nil {
		h.t.Fatal(err)
	}
	if left := fleettest.Subjects(h.t, h.js, schema.StreamResults, resultsFilter(child)); len(left) != 1 {
		h.t.Errorf("left: %v", left)
	}
	if after := len(fleettest.Subjects(h.t, h.js, schema.StreamResults, ">")); after != before-4 {
		h.t.Errorf("%d results before, %d after", before, after)
	}
}

// TestCurveSlots: only workers that run curves count, and the registry says what an owner has run.
func TestCurveSlots(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	beat := func(name string, s worker.Status) {
		s.State = worker.StateRunning
		if err := h.station(name).Beat(s); err != nil {
			t.Fatal(err)
		}
	}
	number := "1" + time.Unix(0, 0).UTC().Format("20060102150405")
	progress := worker.NumberProgress{Method: "ecm", B1: 11e3, Done: 8, Total: 80, Cores: 2, Budget: time.Minute, Composite: number}
	other := progress
	other.Method, other.Budget = "p-1", -1
	beat("a", worker.Status{ECM: true, Stats: worker.Stats{Slots: 4, Activities: []worker.Activity{{Job: "j", NumberProgress: progress}}}})
	beat("b", worker.Status{Sieves: true, Stats: worker.Stats{Slots: 3, Activities: []worker.Activity{{Job: "k", NumberProgress: other}}}})
	r, err := h.Registry(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	await(t, "all workers", func() bool { return len(r.Workers()) == 2 })
	if got := r.CurveSlots(nil); got.All != 3 || got.Old != 3 || got.OldWorker != "b" || got.Of["a"] != 3 {
		t.Errorf("curves: %+v", got)
	}
	if got := r.SieveSlots(nil); got.All != 2 || got.Old != 4 || got.OldWorker != "a" {
		t.Errorf("sieve: %+v", got)
	}
	for _, c := range r.Composites(nil) {
		want := Composite{Worker: "a", Job: "j", Cores: 2, Budget: time.Minute, B1: 11e3, Done: 8}
		if c.Worker == "b" {
			want = Composite{Worker: "b", Job: "k", Cores: 2}
		}
		if c.Number.String() != number {
			t.Errorf("number %v", c.Number)
		}
		if c.Number = (nat.Nat{}); c != want {
			t.Errorf("%+v, want %+v", c, want)
		}
	}
}
