package fleet

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// startServer starts a server that ends with the test.
func startServer(t testing.TB, o *server.Options) *server.Server {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, true, true
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	return s
}

// startLeaf starts a hub with JetStream in the domain "hub", and a leaf node without JetStream. It returns the
// address of the leaf node.
func startLeaf(t testing.TB) (address string) {
	t.Helper()
	hub := startServer(t, &server.Options{
		ServerName: "hub", JetStream: true, StoreDir: t.TempDir(), JetStreamDomain: "hub",
		LeafNode: server.LeafNodeOpts{Host: "127.0.0.1", Port: server.RANDOM_PORT},
	})
	state, err := hub.Varz(nil)
	if err != nil {
		t.Fatal(err)
	}
	remote := &url.URL{Scheme: "nats-leaf", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(state.LeafNode.Port))}
	leaf := startServer(t, &server.Options{
		ServerName: "leaf",
		LeafNode:   server.LeafNodeOpts{Remotes: []*server.RemoteLeafOpts{{URLs: []*url.URL{remote}}}, ReconnectInterval: 100 * time.Millisecond},
	})
	await(t, "the leaf node is connected", func() bool { return leaf.NumLeafNodes() == 1 && hub.NumLeafNodes() == 1 })
	return leaf.ClientURL()
}

// TestDomain: all that this program publishes passes a leaf node into the JetStream domain of its hub.
func TestDomain(t *testing.T) {
	t.Parallel()
	address, ctx := startLeaf(t), t.Context()
	connect := func() (*nats.Conn, jetstream.JetStream) {
		nc, err := nats.Connect(address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		js, err := jetstream.NewWithDomain(nc, "hub")
		if err != nil {
			t.Fatal(err)
		}
		return nc, js
	}
	h := &testFleet{t: t}
	h.nc, h.js = connect()
	await(t, "the hub answers", func() bool { _, err := h.js.AccountInfo(ctx); return err == nil })
	h.provision(Provision{AckWait: 2 * time.Second})
	nc, js := connect()
	client, err := puller.Open(ctx, nc, js, "w", stream.Options{Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	w := &station{client, nc}

	if err := w.Beat(worker.Status{}); err != nil {
		t.Fatal(err)
	}
	await(t, "the worker is listed", func() bool { list, err := h.Workers(ctx); return err == nil && len(list) == 1 })

	h.leaseTTL = testTTL
	background(t, func(ctx context.Context) error {
		return h.Hold(ctx, "j", "a", func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) })
	})
	await(t, "the lease is held", func() bool { return h.Holds("j") })
	_, first, err := h.readLease(ctx, "j")
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the lease is renewed", func() bool { _, now, err := h.readLease(ctx, "j"); return err == nil && now > first })

	j, _ := h.job("j", task.ClassNorm, 3000)
	h.queueAll(j)
	background(t, h.Sweep)
	cancelled := make(chan string, 1)
	if err := w.Listen(ctx, puller.Orders{Cancel: func(job string) { cancelled <- job }}); err != nil {
		t.Fatal(err)
	}
	deliveries := pullAll(t, w, 3)
	if len(deliveries) != 3 {
		t.Fatalf("%d tasks of 3", len(deliveries))
	}
	answered, returned, lost := deliveries[0], deliveries[1], deliveries[2]
	for _, d := range deliveries {
		if err := d.Handle.InProgress(); err != nil {
			t.Error(err)
		}
	}
	if err := w.Result(ctx, "j", answered.Range, []byte("x")); err != nil {
		t.Error(err)
	}
	if err := w.Return(ctx, returned.Address, (&task.Return{Reason: task.Drained}).Encode()); err != nil {
		t.Error(err)
	}
	if err := w.Failed(ctx, lost.Address, 1, failure("try")); err != nil {
		t.Error(err)
	}
	if err := h.GiveUp(ctx, "j", single(2999), failure("all")); err != nil {
		t.Error(err)
	}
	ack(t, deliveries[:2])
	await(t, "the returned range is queued again", func() bool {
		queued := h.subjects(schema.StreamTasks)
		return len(queued) == 2 && slices.ContainsFunc(queued, func(s string) bool { return strings.Contains(s, returned.Range.String()) })
	})
	results := make(chan uint64, 1)
	background(t, func(ctx context.Context) error {
		return h.FollowResults(ctx, "j", func(_ []collect.Arrival, last uint64) error { results <- last; return nil }, func() {})
	})
	<-results
	if _, err := h.Cancel(ctx, "j"); err != nil {
		t.Error(err)
	}
	if job := <-cancelled; job != "j" {
		t.Errorf("job %s is cancelled", job)
	}
	if got := h.subjects(schema.StreamTasks); len(got) > 0 {
		t.Errorf("queued after the cancellation: %q", got)
	}
	if err := w.Leave(); err != nil {
		t.Error(err)
	}
	await(t, "the worker has left", func() bool { list, err := h.Workers(ctx); return err == nil && len(list) == 0 })
}

// queueAll queues a job of 3000 numbers in three chunks, as one batch.
func (h *testFleet) queueAll(j *task.Job) {
	h.t.Helper()
	var messages []*nats.Msg
	for first := 0; first < 3000; first += 1000 {
		r := task.Range{First: uint64(first), Count: 1000}
		content := task.Task{Kind: j.Kind, Numbers: numbers(first, 1000)}
		messages = append(messages, message(schema.TaskSubject(task.Address{Class: j.Class, Job: j.ID, Range: r, Round: task.FirstRound}), content.Encode()))
	}
	if err := h.link.StoreAll(h.t.Context(), messages, nil); err != nil {
		h.t.Fatal(err)
	}
}
