package fleet

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// makeOldHeartbeats makes the bucket of heartbeats as the first releases did, with a heartbeat.
func (h *testFleet) makeOldHeartbeats() {
	h.t.Helper()
	if err := h.js.DeleteKeyValue(h.t.Context(), schema.BucketWorkers); err != nil {
		h.t.Fatal(err)
	}
	_, err := h.js.CreateKeyValue(h.t.Context(), jetstream.KeyValueConfig{
		Bucket: schema.BucketWorkers, Description: "heartbeats of workers", History: 1, TTL: 30 * time.Second,
		LimitMarkerTTL: time.Minute, MaxValueSize: 16 << 10, Storage: jetstream.FileStorage, Replicas: 1,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.put(schema.KeyPrefix(schema.BucketWorkers)+"old.i", []byte("{}"))
}

// TestOldHeartbeats: a bucket of heartbeats of an earlier release is replaced, unless something else differs, and
// a registry sees the heartbeats that come then.
func TestOldHeartbeats(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	ctx := t.Context()
	bucket := func() jetstream.StreamConfig {
		t.Helper()
		s, err := h.js.Stream(ctx, schema.BucketStream(schema.BucketWorkers))
		if err != nil {
			t.Fatal(err)
		}
		return s.CachedInfo().Config
	}
	for _, p := range []Provision{{}, {Adopt: true}, {Adopt: true, Restricted: true}} {
		replace := func() ([]Change, error) { return Init(ctx, h.js, p) }
		h.makeOldHeartbeats()
		if would, err := Init(ctx, h.js, Provision{DryRun: true}); err != nil || len(would) != 1 || !bucket().AllowMsgTTL {
			t.Errorf("dry run: %v, %v", would, err)
		}
		if _, err := Init(ctx, h.js, Provision{AckWait: time.Second}); !errors.Is(err, ErrDiffers) || !bucket().AllowMsgTTL {
			t.Errorf("with another difference: %v", err)
		}
		snapshot, err := Inspect(ctx, h.js, false)
		if list := Findings(snapshot, Provision{}); err != nil || len(list) != 1 || list[0].Kind != Outdated {
			t.Errorf("findings %v, %v", list, err)
		}
		made, err := replace()
		if err != nil || len(made) != 1 || !strings.HasPrefix(made[0].What, "bucket FACTOR_WORKERS again: ") {
			t.Errorf("replaced %v, %v", made, err)
		}
		if c := bucket(); c.AllowRollup || c.AllowMsgTTL || c.SubjectDeleteMarkerTTL > 0 || c.MaxMsgSize != 4096 || c.MaxAge != 30*time.Second || c.MaxMsgsPerSubject != 1 {
			t.Errorf("replaced by %+v", c)
		}
		if made, err := replace(); err != nil || len(made) != 0 {
			t.Errorf("again: %v, %v", made, err)
		}
	}
	if err := h.js.DeleteKeyValue(ctx, schema.BucketWorkers); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Workers(ctx); !errors.Is(err, stream.ErrNotProvisioned) {
		t.Errorf("without the bucket: %v", err)
	}
	if made, err := Init(ctx, h.js, Provision{}); err != nil || len(made) != 1 {
		t.Errorf("created again: %v, %v", made, err)
	}
	w := h.station("w")
	if err := w.Beat(worker.Status{}); err != nil {
		t.Fatal(err)
	}
	await(t, "the new bucket has a heartbeat", func() bool {
		list, err := h.Workers(ctx)
		return err == nil && len(list) == 1 && list[0].Name == "w"
	})
}

// TestRegistrySurvivesReplacement: a registry whose bucket is replaced sees the heartbeats of the new one before its
// workers expire, and has not forgotten since when they hold their tasks.
func TestRegistrySurvivesReplacement(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.makeOldHeartbeats()
	r, err := h.Registry(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := h.station("w")
	beat := func(task string) {
		t.Helper()
		if err := w.Beat(worker.Status{Stats: worker.Stats{Slots: 2}, Holding: []string{"j.0-1.0", task}}); err != nil {
			t.Fatal(err)
		}
	}
	beat("j.1-1.0")
	await(t, "the heartbeat", func() bool { return len(r.Holders("j.1-1.0")) == 1 })
	since := r.Holders("j.0-1.0")[0].Since
	if made, err := Init(t.Context(), h.js, Provision{}); err != nil || len(made) != 1 {
		t.Fatal(made, err)
	}
	beat("j.2-1.0")
	await(t, "the heartbeat in the new bucket", func() bool { return len(r.Holders("j.2-1.0")) == 1 })
	if got := r.Holders("j.0-1.0")[0].Since; !got.Equal(since) {
		t.Errorf("held since %v, before it was since %v", got, since)
	}
	if r.Observed() < time.Since(since) {
		t.Errorf("observed for %v only", r.Observed())
	}
}
