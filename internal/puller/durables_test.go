package puller

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A logText is a log that a test reads while it is written.
type logText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logText) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

// TestMissingDurables: a worker says once that durables or streams are gone, and gets tasks when they are there again.
func TestMissingDurables(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	ctx := t.Context()
	if _, err := h.js.PauseConsumer(ctx, schema.StreamTasks, schema.Durable(task.ClassLow), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	log := new(logText)
	nc, js := h.Connect()
	c, err := Open(ctx, nc, js, "w", stream.Options{Log: zerolog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	if n := log.count("durable workers-low is paused until "); n != 1 {
		t.Errorf("%d lines about the durable that is paused", n)
	}
	for round, gone := range []struct {
		what   string
		remove func() error
	}{
		{"durable workers-norm", func() error { return h.js.DeleteConsumer(ctx, schema.StreamTasks, schema.Durable(task.ClassNorm)) }},
		{"stream FACTOR_TASKS", func() error { return h.js.DeleteStream(ctx, schema.StreamTasks) }},
	} {
		if err := gone.remove(); err != nil {
			t.Fatal(err)
		}
		line := "not set up: the server has no " + gone.what + "; run `producer init`"
		for range 4 {
			c.puller.missing.checked = time.Time{} // as if 5 s had passed
			if err := c.Pull(ctx, 1, func(*worker.Delivery) {}); err == nil {
				t.Errorf("%s is gone, and Pull has no error", gone.what)
			}
		}
		if n := log.count(line); n != 1 {
			t.Errorf("%s: %d lines", gone.what, n)
		}
		if _, err := fleet.Init(ctx, h.js, fleet.Provision{}); err != nil {
			t.Fatal(err)
		}
		id := []string{"a", "b"}[round]
		j := h.job(id, task.ClassNorm, 1)
		h.queue(j, fleettest.Single(0))
		got := 0
		for got == 0 {
			if err := c.Pull(ctx, 1, func(d *worker.Delivery) { got++; d.Handle.Ack(ctx) }); err != nil {
				t.Fatal(err)
			}
		}
	}
}
