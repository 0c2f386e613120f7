package puller

import (
	"context"
	"errors"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// TestRestartSpendsNothing: a restart of the server does not redeliver a task that was queued for
// longer than AckWait and then delivered. The server's record of the delivery has the time of
// publication; the worker's first heartbeat corrects it.
func TestRestartSpendsNothing(t *testing.T) {
	t.Parallel()
	const ackWait = 4 * time.Second
	h := newRestartable(t)
	c, err := h.js.Consumer(t.Context(), schema.StreamTasks, schema.Durable(task.ClassNorm))
	if err != nil {
		t.Fatal(err)
	}
	config := c.CachedInfo().Config
	config.AckWait = ackWait
	if _, err := h.js.UpdateConsumer(t.Context(), schema.StreamTasks, config); err != nil {
		t.Fatal(err)
	}
	j := h.job("j", task.ClassNorm, 10)
	h.queue(j, fleettest.Single(0))
	w := h.client("w")
	<-time.After(ackWait + 100*time.Millisecond)
	text, d := pull(t, w, 1)
	if len(text) != 1 || text[0] != "norm j 0-1 1" {
		t.Fatalf("pulled %q", text)
	}
	until := time.Now().Add(ackWait - 1500*time.Millisecond) // the server counts in whole seconds
	if err := w.link.NC.Flush(); err != nil {
		t.Fatal(err)
	}
	h.Restart()
	for time.Now().Before(until) { // it looks for overdue tasks 0.5 to 1.5 s after its start
		if text, _ := pull(t, w, 1); len(text) > 0 {
			t.Fatalf("redelivered: %q", text)
		}
	}
	fleettest.Ack(t, d)
	if got := h.ranges("j"); got != "" {
		t.Errorf("queued: %s", got)
	}
}

// TestOpenEnded: if its context ends, Open returns the cause and not the client library's error.
func TestOpenEnded(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	ctx, cancel := context.WithCancelCause(t.Context())
	because := errors.New("a signal")
	cancel(because)
	if _, err := Open(ctx, h.nc, h.js, "w", stream.Options{}); err != because {
		t.Errorf("a worker: %v", err)
	}
	if _, err := fleet.Open(ctx, h.nc, h.js, stream.Options{}); err != because {
		t.Errorf("a fleet: %v", err)
	}
}
