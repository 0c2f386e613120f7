package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// orphanSweep returns a sweep that does not wait.
func (h *testFleet) orphanSweep() *orphanSweep {
	s := h.newOrphanSweep("s", OrphanPace{})
	s.max, s.share = 100, 0
	return s
}

// sweepOrphans makes one sweep.
func (h *testFleet) sweepOrphans(s *orphanSweep) (more bool) {
	h.t.Helper()
	more, err := s.sweep(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return more
}

// TestOrphans: what is stored of jobs that do not exist is removed, and nothing else.
func TestOrphans(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	for _, id := range []string{"open", "done", "removed", "unreadable", "lost"} {
		h.fill(id)
	}
	for id, state := range map[string]task.State{"done": task.Done, "removed": task.Removed} {
		if _, err := h.ChangeJob(t.Context(), id, func(j *task.Job) error { j.State = state; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	h.put(schema.KeyPrefix(schema.BucketJobs)+"unreadable", []byte("no manifest"))
	bucket, err := h.jobsStream(t.Context())
	if err == nil {
		err = bucket.Purge(t.Context(), jetstream.WithPurgeSubject(schema.KeyPrefix(schema.BucketJobs)+"lost"))
	}
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, id := range []string{"open", "done", "removed", "unreadable", "lost"} {
		want = append(want, h.left(id)...)
	}
	orphan := []string{
		schema.ResultSubject("o1", single(1), "w"), schema.ResultSubject("o1", single(2), "v"), "FACTOR.results.o1.x.w",
		schema.DeadPrefix + "o1.1-1.w", schema.FailedPrefix + "o2.1-1.0.1.w", "FACTOR.results.a:b.0-1.w", "FACTOR.results." + strings.Repeat("x", 100) + ".0-1.w",
	}
	for _, subject := range orphan {
		h.put(subject, nil)
	}
	stuck := []string{"FACTOR.results.*.0-1.w", "FACTOR.results.>.0-1.w", "FACTOR.results.\xc3\xa9.0-1.w"}
	for _, subject := range stuck {
		h.put(subject, nil)
	}
	s := h.orphanSweep()
	if h.sweepOrphans(s) {
		t.Error("orphans are left")
	}
	var got []string
	for _, id := range []string{"open", "done", "removed", "unreadable", "lost"} {
		got = append(got, h.left(id)...)
	}
	if !slices.Equal(got, want) {
		t.Errorf("of jobs that exist, or may have lost their manifest: %q, not %q", got, want)
	}
	left := append(h.subjects(schema.StreamResults), h.subjects(schema.StreamDead)...)
	for _, subject := range orphan {
		if slices.Contains(left, strings.TrimPrefix(subject, "FACTOR.")) {
			t.Errorf("left: %s", subject)
		}
	}
	for _, subject := range stuck {
		if !slices.Contains(left, strings.TrimPrefix(subject, "FACTOR.")) {
			t.Errorf("removed: %q", subject)
		}
	}
	s.since["lost"] = time.Now().Add(-TombstoneAge)
	if h.sweepOrphans(s); len(h.left("lost")) > 1 { // the sweeper drops its return
		t.Errorf("left of a job without a manifest: %q", h.left("lost"))
	}
	if h.sweepOrphans(s); s.clean == nil || len(s.since) > 0 {
		t.Errorf("clean: %v, since: %v", s.clean, s.since)
	}
}

// TestOrphansOfNewJob: a job with the name of an orphan that is created while a sweep runs keeps what it stores,
// also if the sweep does not see its manifest. A sweep that sees it leaves all of it.
func TestOrphansOfNewJob(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.put(schema.ResultSubject("j", single(7), "liar"), nil)
	h.put(schema.ResultSubject("k", single(7), "liar"), nil)
	s := h.orphanSweep()
	extents, _, err := s.look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.list(t.Context(), extents)
	if err != nil || len(found.found) != 2 {
		t.Fatal(found, err)
	}
	h.fill("j")
	if err := s.remove(t.Context(), found, extents); err != nil {
		t.Fatal(err)
	}
	if got := h.left("j"); len(got) != 7 {
		t.Errorf("left of the new job: %q", got)
	}
	if got := h.left("k"); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
	if err := h.purge(t.Context(), "j", s.purges(found.found["j"], extents)); err != nil {
		t.Fatal(err)
	}
	if got := h.left("j"); len(got) != 6 || slices.Contains(got, "results.j.7-1.liar") {
		t.Errorf("left of the new job: %q", got)
	}
	h.put(schema.ResultSubject("j", single(7), "liar"), nil)
	if h.sweepOrphans(s); len(h.left("j")) != 7 {
		t.Errorf("left: %q", h.left("j"))
	}
}

// TestManyOrphans: a worker that makes up many jobs is named, a sweep is bounded, and a sweep costs a few small
// requests while nothing changes.
func TestManyOrphans(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	if _, err := h.Trust(t.Context()); err != nil {
		t.Fatal(err)
	}
	publish := func(subject string) {
		if _, err := h.js.PublishAsync(subject, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range manyOrphans {
		publish(fmt.Sprintf("FACTOR.results.big.%d-1.liar", i))
	}
	s := h.orphanSweep()
	for i := range s.max + 50 {
		publish(fmt.Sprintf("FACTOR.results.small%d.0-1.honest", i))
	}
	<-h.js.PublishAsyncComplete()
	for sweeps := 1; h.sweepOrphans(s); sweeps++ {
		if left := len(h.subjects(schema.StreamResults)); left < 50 && sweeps == 1 || sweeps > 3 {
			t.Errorf("%d are left after %d sweeps", left, sweeps)
		}
	}
	if left := h.subjects(schema.StreamResults); len(left) > 0 {
		t.Errorf("%d are left", len(left))
	}
	h.sweepOrphans(s)
	before := h.apiRequests()
	h.sweepOrphans(s)
	if n := h.apiRequests() - before; n > 10 {
		t.Errorf("%d requests of a sweep without a change", n)
	}
	h.complained("liar", ComplaintOrphans)
	if s, err := h.standing(t.Context(), "honest"); err != nil || len(s.Complaints) > 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestOrphansOfOneMessage: a worker that makes up a new job for each message is named, too, but not the workers of
// jobs that may have lost their manifests.
func TestOrphansOfOneMessage(t *testing.T) {
	t.Parallel()
	list := func(lost bool) map[string]int {
		o := &orphans{max: 100, found: make(map[string]*orphan), stuck: make(map[string]int)}
		for i := range 3 * manyOrphans {
			if lost {
				o.add(schema.StreamInputs, fmt.Sprintf("FACTOR.inputs.j%d.0-1", i))
			}
		}
		for i := range 3 * manyOrphans {
			o.add(schema.StreamResults, fmt.Sprintf("FACTOR.results.j%d.0-1.w", i))
		}
		if !o.more || len(o.found) != o.max {
			t.Errorf("lost %v: %d jobs, more: %v", lost, len(o.found), o.more)
		}
		return o.stuck
	}
	if n := list(false)["w"]; n < manyOrphans {
		t.Errorf("%d messages of made-up jobs", n)
	}
	if by := list(true); len(by) > 0 {
		t.Errorf("messages of jobs without manifest: %v", by)
	}
}

// TestOrphansAndNewKeys: a job whose key the listing of keys has left out is not touched.
func TestOrphansAndNewKeys(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fill("j")
	s := h.orphanSweep()
	extents, _, err := s.look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := &orphans{max: 100, found: make(map[string]*orphan), stuck: make(map[string]int)}
	found.add(schema.StreamResults, schema.ResultSubject("j", single(3), "w"))
	want := h.left("j")
	if err := s.remove(t.Context(), found, extents); err != nil || !slices.Equal(h.left("j"), want) {
		t.Errorf("left %q of %q, %v", h.left("j"), want, err)
	}
}

// TestOrphansOfOtherSupervisor: the supervisor with the first name sweeps.
func TestOrphansOfOtherSupervisor(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.put(schema.ResultSubject("o", single(1), "w"), nil)
	first, err := h.acquire(t.Context(), SupervisorLease("a"), "a")
	if err == nil {
		_, err = h.acquire(t.Context(), SupervisorLease("s"), "s")
	}
	if err != nil {
		t.Fatal(err)
	}
	s := h.orphanSweep()
	if h.sweepOrphans(s); len(h.left("o")) != 1 {
		t.Error("the second supervisor sweeps")
	}
	h.release(lease{job: SupervisorLease("a"), revision: first})
	if h.sweepOrphans(s); len(h.left("o")) != 0 {
		t.Error("the only supervisor does not sweep")
	}
}
