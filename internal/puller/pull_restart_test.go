package puller

import (
	"context"
	"errors"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// TestRestartSpendsNothing: a task that has waited in the queue for longer than the ack
// wait, and was handed out a moment before the server ends, is not handed out again
// when that is back. The server's own record of when it was handed out says when it was
// queued.
func TestRestartSpendsNothing(t *testing.T) {
	t.Parallel()
	const ackWait = 4 * time.Second
	h, again := newLasting(t)
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
	h.queue(j, single(0))
	w := h.station("w")
	<-time.After(ackWait + 100*time.Millisecond)
	text, d := pull(t, w, 1)
	if len(text) != 1 || text[0] != "norm j 0-1 1" {
		t.Fatalf("pulled %q", text)
	}
	until := time.Now().Add(ackWait - 1500*time.Millisecond) // the server counts in whole seconds
	if err := w.link.NC.Flush(); err != nil {
		t.Fatal(err)
	}
	h.stop()
	h.start(again)
	for time.Now().Before(until) { // it looks for overdue tasks half a second to one and a half after it starts
		w.puller.wait = minWait
		if text, _ := pull(t, w, 1); len(text) > 0 {
			t.Fatalf("pulled %q once more", text)
		}
	}
	ack(t, d)
	if got := h.ranges("j"); got != "" {
		t.Errorf("queued: %s", got)
	}
}

// TestOpenEnded: who is told to end while it opens says why it did, not what the
// library makes of it.
func TestOpenEnded(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	ctx, cancel := context.WithCancelCause(t.Context())
	because := errors.New("a signal")
	cancel(because)
	if _, err := Open(ctx, h.nc, h.js, "w", stream.Options{}); err != because {
		t.Errorf("a station: %v", err)
	}
	if _, err := fleet.Open(ctx, h.nc, h.js, stream.Options{}); err != because {
		t.Errorf("a fleet: %v", err)
	}
}
