package fleet_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleettest"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestWorkerLimits: the server enforces the limits of workers, and a worker that does everything that workers
// do needs far less.
func TestWorkerLimits(t *testing.T) {
	t.Parallel()
	c := newCastle(t)
	limits := schema.WorkerLimits()
	w := c.enter(schema.RoleWorker, "w", schema.PermissionsOf(schema.RoleWorker, "w"))
	client, err := puller.Open(w.ctx, w.nc, w.js, "w", stream.Options{Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(client.Listen(w.ctx, puller.Orders{}), client.Serve(w.ctx, func() worker.Status { return worker.Status{Version: "1.0.0"} }))
	if err != nil {
		t.Fatal(err)
	}
	fleettest.Pull(t, client, 1)
	const needed = 13 // WorkerLimits says so
	if n := w.nc.NumSubscriptions(); n != needed {
		t.Errorf("a worker has %d subscriptions, want %d", n, needed)
	}
	if n := w.nc.MaxPayload(); n != limits.Payload {
		t.Errorf("the server announces a limit of %d B, want %d", n, limits.Payload)
	}
	// A message of the limit, with its header. nats.go refuses a larger one.
	const job = "20260101-000000-aaaaaaaa"
	header := len("NATS/1.0\r\n" + task.SchemaHeader + ": " + task.Schema + "\r\n\r\n")
	if err := client.Result(w.ctx, job, fleettest.Single(0), make([]byte, int(limits.Payload)-header)); err != nil {
		t.Errorf("the largest result: %v", err)
	}
	if refused := w.leave(); len(refused) > 0 {
		t.Errorf("refused: %q", refused)
	}

	greedy := c.enter(schema.RoleWorker, "greedy", schema.PermissionsOf(schema.RoleWorker, "greedy"))
	ended := make(chan error, 1)
	greedy.nc.SetErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { ended <- err })
	for i := range limits.Subscriptions + 1 {
		if _, err := greedy.nc.SubscribeSync(fmt.Sprint(schema.InboxOf("greedy"), ".", i)); err != nil {
			t.Fatal(err)
		}
	}
	greedy.nc.Flush()
	select {
	case err := <-ended:
		if !errors.Is(err, nats.ErrMaxSubscriptionsExceeded) {
			t.Errorf("one subscription too many: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Errorf("%d subscriptions are accepted", greedy.nc.NumSubscriptions())
	}
}
