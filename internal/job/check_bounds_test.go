package job

import (
	"context"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// complaints waits until a worker has a complaint about its results, and returns its standing.
func (h *testFleet) complaints(name string) (s fleet.Standing) {
	h.t.Helper()
	await(h.t, "a complaint about "+name, func() bool {
		s = h.standing(name)
		return s.Complaints[fleet.ComplaintResults] > 0
	})
	return s
}

// TestUselessResults: of results for numbers that an open job does not have, all are removed and most are
// not read. The same worker's results for stored numbers count, as do those of others.
func TestUselessResults(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.feed("j")
	if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.State, j.Count = task.Open, 0; return nil }); err != nil {
		t.Fatal(err)
	}
	h.holdLease(feedLease("j"))
	const useless = 1000
	nc, _ := h.connect()
	for i := range useless {
		r := task.Range{First: 100_000 + uint64(i), Count: 1}
		if err := nc.Publish(schema.ResultSubject("j", r, "liar"), squares("liar", int(r.First), 1).Encode()); err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	h.put(schema.ResultSubject("j", task.Range{First: 0, Count: 43}, "liar"), squares("liar", 0, 43).Encode())
	h.put(schema.ResultSubject("j", task.Range{First: 43, Count: 17}, "w"), squares("w", 43, 17).Encode())
	r := h.wait(h.other(), "j")
	await(t, "the useless results are removed", func() bool { return h.held(schema.StreamResults, "j") == 2 })
	if s := h.complaints("liar"); len(s.Strikes) > 0 {
		t.Errorf("%+v", s)
	}
	if s := h.standing("w"); len(s.Complaints) > 0 {
		t.Errorf("honest worker: %+v", s)
	}
	await(t, "the others are accepted", func() bool { return r.out.len() == 60 })
}

// A fakeCoverage has the positions of a set.
type fakeCoverage struct{ task.Set }

func (c *fakeCoverage) Covers(r task.Range) bool { return c.Contains(r) }

// TestOverlapsAreBounded: a worker whose results overlap answered positions has its verification time
// bounded; after that its results are removed unread, unless they overlap nothing.
func TestOverlapsAreBounded(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.feed("j")
	in, err := h.Inputs(t.Context(), "j")
	if err != nil {
		t.Fatal(err)
	}
	var covered fakeCoverage
	covered.Add(task.Range{First: 0, Count: 20})
	c := &checker{streams: newStreams(h.Fleet, "j", in), trust: new(fleet.Trust), collector: &covered, audits: newAuditor(new(task.Job), nil)}
	c.check = func(_ context.Context, a collect.Arrival) (collect.Checked, error) {
		time.Sleep(time.Millisecond)
		return collect.Checked{Arrival: a}, nil
	}
	dropped := func(workers ...string) (list []bool) {
		var arrivals []collect.Arrival
		for i, w := range workers {
			arrivals = append(arrivals, collect.Arrival{Range: task.Range{First: 19 + 2*uint64(i%2), Count: 2}, Worker: w, Seq: uint64(i + 1)})
		}
		outcomes, _ := c.verify(t.Context(), arrivals)
		for _, o := range outcomes {
			list = append(list, o.dropped)
		}
		c.recent = task.Set{}
		return list
	}
	if got := dropped("liar", "liar", "w", "w"); slices.Contains(got, true) {
		t.Errorf("dropped at once: %v", got)
	}
	if u := c.of("liar"); u.overlap == 0 || u.other == 0 {
		t.Errorf("verification is not counted: %+v", u)
	}
	for _, other := range []time.Duration{0, time.Hour} { // a day of an honest worker, read again in a second
		*c.of("liar") = usefulness{overlap: overlapFree + other, other: other}
		if got := dropped("liar", "liar", "w"); !slices.Equal(got, []bool{true, false, false}) {
			t.Errorf("dropped %v", got)
		}
	}
	*c.of("w") = usefulness{overlap: 30 * time.Minute, other: time.Hour}
	if got := dropped("w"); got[0] {
		t.Error("overlaps of a worker with many useful results are removed")
	}
}

// TestDuplicatesAreNamed: a worker with nothing but results for answered positions has a complaint, and one
// with some of them has none.
func TestDuplicatesAreNamed(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.feed("j")
	in, err := h.Inputs(t.Context(), "j")
	if err != nil {
		t.Fatal(err)
	}
	trust, err := h.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var covered fakeCoverage
	covered.Add(task.Range{First: 0, Count: 20})
	c := &checker{streams: newStreams(h.Fleet, "j", in), trust: trust, collector: &covered, audits: newAuditor(new(task.Job), nil)}
	c.check = func(_ context.Context, a collect.Arrival) (collect.Checked, error) { return collect.Duplicate(a), nil }
	var arrivals []collect.Arrival
	for i := range uint64(2 * manyDuplicates) {
		arrivals = append(arrivals, collect.Arrival{Range: task.Range{First: i % 20, Count: 1}, Worker: "liar"})
		arrivals = append(arrivals, collect.Arrival{Range: task.Range{First: i % 25, Count: 1}, Worker: "w"})
	}
	outcomes, _ := c.verify(t.Context(), arrivals)
	for _, o := range outcomes {
		if o.dropped {
			t.Fatal("a duplicate is removed")
		}
	}
	h.complaints("liar")
	if s := h.standing("w"); len(s.Complaints) > 0 {
		t.Errorf("honest worker: %+v", s)
	}
}
