package fleet

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsserver"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// TestInit: a dry run creates nothing, a run creates everything, a second one nothing.
func TestInit(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	ctx := t.Context()
	if _, err := Open(ctx, h.nc, h.js, stream.Options{}); !errors.Is(err, stream.ErrNotProvisioned) || !strings.Contains(err.Error(), "the server has no ") {
		t.Errorf("Open of an empty server: %v", err)
	}
	if _, err := puller.Open(ctx, h.nc, h.js, "w", stream.Options{}); !errors.Is(err, stream.ErrNotProvisioned) {
		t.Errorf("OpenStation of an empty server: %v", err)
	}
	would, err := Init(ctx, h.js, Provision{DryRun: true})
	if err != nil || len(would) != 6+4+3 {
		t.Errorf("dry run: %v, %v", would, err)
	}
	if _, err := Open(ctx, h.nc, h.js, stream.Options{}); !errors.Is(err, stream.ErrNotProvisioned) {
		t.Errorf("Open after a dry run: %v", err)
	}
	made, err := Init(ctx, h.js, Provision{})
	if err != nil || !slices.Equal(made, would) {
		t.Errorf("made %v, %v, the dry run said %v", made, err, would)
	}
	for _, p := range []Provision{{}, {DryRun: true}} {
		if made, err := Init(ctx, h.js, p); err != nil || len(made) != 0 {
			t.Errorf("again, %+v: %v, %v", p, made, err)
		}
	}
	h.Fleet = h.open(h.nc, h.js)
	if wait, err := h.AckWait(ctx); err != nil || wait != schema.DefaultAckWait {
		t.Errorf("ack wait %v, %v", wait, err)
	}
	if err := h.js.DeleteConsumer(ctx, schema.StreamTasks, schema.Durable(task.ClassLow)); err != nil {
		t.Fatal(err)
	}
	if _, err := puller.Open(ctx, h.nc, h.js, "w", stream.Options{}); !errors.Is(err, stream.ErrNotProvisioned) || !strings.Contains(err.Error(), schema.Durable(task.ClassLow)) {
		t.Errorf("OpenStation without a durable: %v", err)
	}
	if made, err := Init(ctx, h.js, Provision{}); err != nil || len(made) != 1 {
		t.Errorf("made %v, %v, one durable was missing", made, err)
	}
}

// TestDifferences: what exists is not changed, and every difference is reported.
func TestDifferences(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: 2 * time.Second})
	ctx := t.Context()
	stream, err := h.js.Stream(ctx, schema.StreamResults)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.MaxAge, config.MaxMsgs = time.Hour, 17
	if _, err := h.js.UpdateStream(ctx, config); err != nil {
		t.Fatal(err)
	}
	if err := h.js.DeleteKeyValue(ctx, schema.BucketLeases); err != nil {
		t.Fatal(err)
	}
	if _, err := h.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: schema.BucketLeases, History: 3}); err != nil {
		t.Fatal(err)
	}
	for _, dryRun := range []bool{true, false} {
		_, err = Init(ctx, h.js, Provision{DryRun: dryRun})
		if !errors.Is(err, ErrDiffers) {
			t.Fatalf("%v", err)
		}
		for _, want := range []string{
			"FACTOR_RESULTS has max age 1h0m0s, not 0s", "FACTOR_RESULTS has max messages 17, not -1",
			"FACTOR_TASKS > workers-hi, FACTOR_TASKS > workers-norm, FACTOR_TASKS > workers-low have ack wait 2s, not 30s",
			"FACTOR_LEASES has history 3, not 1",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q is missing in: %v", want, err)
			}
		}
	}
	if stream, err = h.js.Stream(ctx, schema.StreamResults); err != nil || stream.CachedInfo().Config.MaxMsgs != 17 {
		t.Errorf("the stream was changed: %+v, %v", stream.CachedInfo().Config, err)
	}
}
