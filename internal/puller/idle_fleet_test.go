package puller

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

var (
	idleURL     = flag.String("idle-url", "", "URL of a server with the streams, for TestIdleFleet")
	idleWorkers = flag.Int("idle-workers", 1000, "workers of TestIdleFleet")
	idleTime    = flag.Duration("idle-time", time.Minute, "duration of TestIdleFleet")
)

// TestIdleFleet lets many workers without work pull from a server and beat, so that the cost for the server can be read.
func TestIdleFleet(t *testing.T) {
	if *idleURL == "" {
		t.Skip("needs -idle-url")
	}
	ctx, cancel := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for i := range *idleWorkers {
		nc, err := nats.Connect(*idleURL, nats.PingInterval(10*time.Second), nats.Timeout(10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Open(ctx, nc, js, fmt.Sprint("idle", i), stream.Options{Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		status := worker.Status{Stats: worker.Stats{State: worker.StateRunning, Slots: 1}, Version: "test", Host: "host", PID: 12345, Started: time.Now()}
		if err := c.Serve(ctx, func() worker.Status { return status }); err != nil {
			t.Fatal(err)
		}
		if err := c.Listen(ctx, Orders{}); err != nil {
			t.Fatal(err)
		}
		workers.Go(func() {
			for ctx.Err() == nil {
				if err := c.Pull(ctx, 1, func(*worker.Delivery) { t.Error("a task") }); err != nil {
					t.Error(err)
				}
			}
		})
		workers.Go(func() {
			for stream.Sleep(ctx, schema.BeatInterval) == nil {
				if err := c.Beat(status); err != nil {
					t.Error(err)
				}
			}
		})
	}
	t.Logf("%d workers idle", *idleWorkers)
	stream.Sleep(ctx, *idleTime)
	cancel()
	workers.Wait()
}
