package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// permitTTL lets FACTOR_JOBS have a time to live of single messages, or not, which a server permits only for a
// new stream.
func (h *testFleet) permitTTL(permit bool) {
	h.t.Helper()
	name := schema.BucketStream(schema.BucketJobs)
	s, err := h.js.Stream(h.t.Context(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	config := s.CachedInfo().Config
	if config.AllowMsgTTL == permit {
		return
	}
	config.AllowMsgTTL = permit
	if err = h.js.DeleteStream(h.t.Context(), name); err == nil {
		_, err = h.js.CreateStream(h.t.Context(), config)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// keyMessages returns the messages of a job's key, in their order.
func (h *testFleet) keyMessages(id string) (list []*jetstream.RawStreamMsg) {
	h.t.Helper()
	s, err := h.jobsStream(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	info, err := s.Info(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for seq := info.State.FirstSeq; seq <= info.State.LastSeq; seq++ {
		m, err := s.GetMsg(h.t.Context(), seq)
		if err == nil && m.Subject == schema.KeyPrefix(schema.BucketJobs)+id {
			list = append(list, m)
		}
	}
	return list
}

// apiRequests returns how many requests to JetStream the server has answered. Direct gets do not count.
func (h *testFleet) apiRequests() uint64 {
	h.t.Helper()
	a, err := h.js.AccountInfo(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return a.API.Total
}

// dueTombstones stores n tombstones that are due.
func (h *testFleet) dueTombstones(n int) {
	h.t.Helper()
	past := time.Now().Add(-time.Minute)
	for i := range n {
		j := &task.Job{ID: fmt.Sprint("t", i), Kind: task.KindSquare, Class: task.ClassNorm, State: task.Removed, Created: past, Ended: &past, Expires: &past}
		if _, err := h.js.PublishAsync(schema.KeyPrefix(schema.BucketJobs)+j.ID, j.Encode()); err != nil {
			h.t.Fatal(err)
		}
	}
	<-h.js.PublishAsyncComplete()
}

// tombstones returns how many keys of FACTOR_JOBS are left.
func (h *testFleet) tombstones() int {
	h.t.Helper()
	return len(h.subjects(schema.BucketStream(schema.BucketJobs)))
}

// TestTombstoneIsOneMessage: a tombstone replaces all revisions of its manifest, and the server removes it by
// itself if the bucket permits that.
func TestTombstoneIsOneMessage(t *testing.T) {
	t.Parallel()
	for name, permit := range map[string]bool{"server removes": true, "bucket of an earlier release": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t, Provision{})
			h.permitTTL(permit)
			for range 2 { // the second time it is known that the bucket does not permit it
				j, _ := h.job(task.NewJobID(time.Now()), task.ClassNorm, 3)
				if _, err := h.ChangeJob(t.Context(), j.ID, func(j *task.Job) error { j.State = task.Sealed; return nil }); err != nil {
					t.Fatal(err)
				}
				if err := h.Remove(t.Context(), j.ID); err != nil {
					t.Fatal(err)
				}
				m := h.keyMessages(j.ID)
				if len(m) != 1 {
					t.Fatalf("%d messages of the key, not 1", len(m))
				}
				want := ""
				if permit {
					want = "48h0m0s"
				}
				if got := m[0].Header.Get(jetstream.MsgTTLHeader); got != want {
					t.Errorf("time to live %q, not %q", got, want)
				}
				if j, err := h.Job(t.Context(), j.ID); err != nil || j.State != task.Removed {
					t.Errorf("%+v, %v", j, err)
				}
			}
		})
	}
}

// TestTombstoneConflict: a tombstone does not replace a manifest that was changed meanwhile.
func TestTombstoneConflict(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 1)
	changes := 0
	j, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error {
		if changes++; changes == 1 {
			if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.Note = "other"; return nil }); err != nil {
				return err
			}
		}
		j.State = task.Removed
		return nil
	})
	if err != nil || changes != 2 || j.Note != "other" {
		t.Errorf("%d changes, %+v, %v", changes, j, err)
	}
}

// TestTombstoneOfReusedID: the removal of a tombstone leaves a job that has the id again.
func TestTombstoneOfReusedID(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fill("other")
	h.dueTombstones(1)
	h.put(schema.ResultSubject("t0", single(3), "late"), nil)
	extents, err := h.extents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tombstone, revision, err := h.jobRevision(t.Context(), "t0")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.RemoveExpired(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := h.left("t0"); len(got) > 0 || h.tombstones() != 1 {
		t.Fatalf("left %q, %d keys", got, h.tombstones())
	}
	h.fill("t0")
	want := h.left("t0")
	if err := h.removeTombstone(t.Context(), tombstone, revision, extents); err != nil { // by a process that is late
		t.Fatal(err)
	}
	if got := h.left("t0"); !slices.Equal(got, want) {
		t.Errorf("left %q of %q", got, want)
	}
	if _, err := h.Job(t.Context(), "t0"); err != nil {
		t.Error(err)
	}
	// In a cluster a replica that is behind may show the tombstone after the new job has stored its input.
	if confirmed, err := h.confirmTombstone(t.Context(), tombstone, revision); confirmed != 0 || err != nil {
		t.Errorf("a tombstone that is gone is confirmed as revision %d, %v", confirmed, err)
	}
	if j, err := h.Job(t.Context(), "t0"); err != nil || j.State == task.Removed {
		t.Errorf("%+v, %v", j, err)
	}
}

// TestConfirmTombstone: a tombstone that is confirmed is not due, so that no other supervisor confirms it again, and
// can be removed.
func TestConfirmTombstone(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.dueTombstones(1)
	j, revision, err := h.jobRevision(t.Context(), "t0")
	if err != nil || !expired(j, h.Now(t.Context())) {
		t.Fatal(j, err)
	}
	confirmed, err := h.confirmTombstone(t.Context(), j, revision)
	if err != nil || confirmed <= revision {
		t.Fatalf("confirmed as revision %d, %v", confirmed, err)
	}
	if again, _, err := h.jobRevision(t.Context(), "t0"); err != nil || expired(again, h.Now(t.Context())) {
		t.Errorf("%+v, %v", again, err)
	}
	if err := h.removeTombstone(t.Context(), j, confirmed, nil); err != nil || h.tombstones() != 0 {
		t.Errorf("%d keys, %v", h.tombstones(), err)
	}
}

// TestManyTombstones: an Expiry removes a tombstone by one request if nothing is stored of its job.
func TestManyTombstones(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	const n = 500
	h.dueTombstones(n)
	before := h.apiRequests()
	e := h.NewExpiry()
	background(t, func(ctx context.Context) error {
		return h.FollowJobs(ctx, e.Put)
	})
	background(t, func(ctx context.Context) error {
		e.Run(ctx, func(string) bool { return false })
		return nil
	})
	var requests uint64
	var looks uint64
	await(t, "all tombstones are removed", func() bool {
		requests, looks = h.apiRequests()-before, looks+1
		return h.tombstones() == 0
	})
	if most := n + 3*looks + 60; requests > most { // a look is two requests, or three
		t.Errorf("%d requests for %d tombstones, not at most %d", requests, n, most)
	}
}

// TestSomeTombstones: without a supervisor each producer removes a bounded number, also of those behind jobs that
// are kept, and all are removed in the end.
func TestSomeTombstones(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	now := time.Now()
	future := now.Add(time.Hour)
	kept := 0
	for ; kept < sampleSize+10; kept++ {
		j := &task.Job{ID: fmt.Sprint("kept", kept), Kind: task.KindSquare, Class: task.ClassNorm, State: task.Done, Created: now, Ended: &now, Expires: &future}
		h.put(schema.KeyPrefix(schema.BucketJobs)+j.ID, j.Encode())
	}
	h.dueTombstones(400)
	for calls := 1; h.tombstones() > kept; calls++ {
		had, before := h.tombstones(), h.apiRequests()
		if err := h.RemoveExpired(t.Context()); err != nil {
			t.Fatal(err)
		}
		if removed := had - h.tombstones(); removed > 2*sampleSize {
			t.Errorf("%d are removed at once", removed)
		}
		if requests := h.apiRequests() - before; requests > 2*sampleSize+30 {
			t.Errorf("%d requests", requests)
		}
		if calls > 300 {
			t.Fatalf("%d are left after %d calls", h.tombstones()-kept, calls)
		}
	}
	for _, name := range h.subjects(schema.BucketStream(schema.BucketJobs)) {
		if !strings.Contains(name, "kept") {
			t.Error(name)
		}
	}
}

// TestInitPermitsTTL: init permits a time to live of single messages in a bucket of an earlier release, and in no
// other way than that: an expired tombstone leaves no marker.
func TestInitPermitsTTL(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 1)
	for _, earlier := range []bool{false, true} {
		if earlier {
			h.permitTTL(false)
			if _, err := Init(t.Context(), h.js, Provision{}); err != nil {
				t.Fatal(err)
			}
		}
		s, err := h.js.Stream(t.Context(), schema.BucketStream(schema.BucketJobs))
		if err != nil {
			t.Fatal(err)
		}
		if c := s.CachedInfo().Config; !c.AllowMsgTTL || c.SubjectDeleteMarkerTTL != 0 {
			t.Errorf("earlier %v: %+v", earlier, c)
		}
	}
}
