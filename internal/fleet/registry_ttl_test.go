package fleet

import (
	"testing"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/worker"
)

// TestDeadWorkerLeaves: a worker that died leaves the list when its last heartbeat is as old as the bucket keeps
// one, and soon after that. A listing that starts while the heartbeat expires ends soon, too.
func TestDeadWorkerLeaves(t *testing.T) {
	t.Parallel()
	const ttl = 2 * time.Second
	h := newTestFleet(t, Provision{})
	s, err := h.js.Stream(t.Context(), schema.BucketStream(schema.BucketWorkers))
	if err != nil {
		t.Fatal(err)
	}
	config := s.CachedInfo().Config
	if config.MaxAge != 3*schema.BeatInterval {
		t.Errorf("heartbeats are kept for %v, not for three of %v", config.MaxAge, schema.BeatInterval)
	}
	config.MaxAge, config.Duplicates = ttl, ttl
	if _, err := h.js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	w := h.station("w")
	began := time.Now()
	if err := w.Beat(worker.Status{}); err != nil {
		t.Fatal(err)
	}
	listed := func() bool {
		list, err := h.Workers(t.Context())
		return err == nil && len(list) > 0
	}
	await(t, "it is listed", listed)
	last := time.Now()
	w.nc.Close() // it says nothing
	await(t, "it has left", func() bool { return !listed() })
	if took := time.Since(began); took < ttl {
		t.Errorf("it left %v after its last heartbeat, which is kept for %v", took, ttl)
	}
	if took := time.Since(last); took > ttl+3*time.Second { // much less without load
		t.Errorf("it left %v after its last heartbeat, which is kept for %v", took, ttl)
	} else {
		t.Logf("it left %v after its last heartbeat", took)
	}
}
