package test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/cli"
	"factorfleet/internal/collect"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	source "factorfleet/internal/input"
	"factorfleet/internal/job"
	"factorfleet/internal/nat"
	"factorfleet/internal/output"
	"factorfleet/internal/plan"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// BenchmarkQueue measures the queue alone, end to end. Tasks of one number that is squared are
// submitted, delivered, answered, verified and printed in order. The server and two slots run in this
// process, and the store is synced once a second.
func BenchmarkQueue(b *testing.B) {
	for _, tasks := range []uint64{20_000, 200_000} {
		b.Run(fmt.Sprintf("tasks=%d", tasks), func(b *testing.B) {
			benchmarkJob(b, tasks, "1", task.KindSquare, nat.New(1))
		})
	}
	b.Run("chunk=43", func(b *testing.B) { benchmarkJob(b, 430_000, "43", task.KindSquare, nat.New(1)) })
	b.Run("chunk=4096", func(b *testing.B) { benchmarkJob(b, 2_000_000, "4096", task.KindSquare, nat.New(1)) })
}

// BenchmarkFactor measures lists of numbers through the whole fleet.
func BenchmarkFactor(b *testing.B) {
	b.Run("to-1e6", func(b *testing.B) { benchmarkJob(b, 1_000_000, "auto", task.KindFactor, nat.New(1)) })
	b.Run("from-1e12", func(b *testing.B) {
		benchmarkJob(b, 200_000, "auto", task.KindFactor, nat.New(999_999_999_999))
	})
}

func benchmarkJob(b *testing.B, numbers uint64, chunk, kind string, from nat.Nat) {
	chunking, err := plan.ParseChunking(chunk)
	if err != nil {
		b.Fatal(err)
	}
	cli.Tune() // as the programs do
	h := newBenchFleet(b, benchServers["inside"](b), 2)
	var total benchTime
	for b.Loop() {
		total.add(h.job(numbers, chunking, kind, from))
	}
	total.report(b, numbers)
}

// job submits numbers, waits for the answers, and returns what that took.
func (h *benchFleet) job(numbers uint64, chunking plan.Chunking, kind string, from nat.Nat) benchTime {
	t := h.server.t
	first, _ := from.Word()
	steps, err := source.Steps(from, nat.New(first+numbers-1), nat.New(1))
	if err != nil {
		t.Fatal(err)
	}
	began := h.server.now()
	w := output.New(io.Discard, output.Factor, false)
	s, err := job.Submit(t.Context(), h.fleet, job.Submission{
		Kind: kind, Class: task.ClassNorm, Chunking: chunking, Sources: []source.Source{steps},
	}, job.Watch{
		Emit:    func(item *collect.Item) error { return w.Write((*output.Record)(item)) },
		Flush:   w.Flush,
		Ordered: true,
	}, func(string) {})
	if err != nil || s.Verified != numbers {
		t.Fatalf("verified %d of %d: %v", s.Verified, numbers, err)
	}
	return began.until(h.server.now())
}

// A benchFleet is a worker in this process, and a producer's access to its server.
type benchFleet struct {
	server *benchServer
	js     jetstream.JetStream
	fleet  *fleet.Fleet
	worker *worker.Worker
}

// newBenchFleet starts a worker that ends with the test.
func newBenchFleet(t testing.TB, server *benchServer, slots int) *benchFleet {
	t.Helper()
	log := zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
	nc, js, err := server.connect(schema.RoleAdmin, "submitter")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if _, err := fleet.Init(ctx, js, fleet.Provision{}); err != nil {
		t.Fatal(err)
	}
	h := &benchFleet{server: server, js: js}
	if h.fleet, err = fleet.Open(ctx, nc, js, stream.Options{Log: log}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	h.worker = h.startWorker("w", slots)
	return h
}

// startWorker starts a worker that ends with the test.
func (h *benchFleet) startWorker(name string, slots int) (w *worker.Worker) {
	t := h.server.t
	t.Helper()
	nc, js, err := h.server.connect(schema.RoleWorker, name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- command.RunWorker(ctx, nc, js, command.WorkerOptions{
			Name: name, Slots: slots, DrainTimeout: 5 * time.Second,
			Log:   zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel),
			Ready: func(started *worker.Worker, _ string) { w = started; close(ready) },
		})
	}()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		nc.Close()
	})
	return w
}
