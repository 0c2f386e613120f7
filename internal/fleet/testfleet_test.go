package fleet

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/puller"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

func TestMain(m *testing.M) { fleettest.Main(m) }

// A testFleet is a server in this process with the fleet's streams, as one producer sees it.
type testFleet struct {
	t      testing.TB
	server *fleettest.Server
	nc     *nats.Conn
	js     jetstream.JetStream
	*Fleet
}

// serve starts a server without streams.
func serve(t testing.TB, c natsserver.Config) *testFleet {
	t.Helper()
	h := &testFleet{t: t, server: fleettest.NewServer(t, c)}
	h.nc, h.js = h.connect()
	return h
}

func (h *testFleet) start(c natsserver.Config) {
	h.t.Helper()
	h.server.Start(c)
}

func (h *testFleet) stop() { h.server.Stop() }

// connect returns a connection of its own.
func (h *testFleet) connect(options ...nats.Option) (*nats.Conn, jetstream.JetStream) {
	h.t.Helper()
	return h.server.Connect(options...)
}

// newTestFleet starts a server with all streams.
func newTestFleet(t testing.TB, p Provision) *testFleet {
	t.Helper()
	h := serve(t, natsserver.Config{})
	h.provision(p)
	return h
}

func (h *testFleet) provision(p Provision) {
	h.t.Helper()
	if _, err := Init(h.t.Context(), h.js, p); err != nil {
		h.t.Fatal(err)
	}
	h.Fleet = h.open(h.nc, h.js)
}

func (h *testFleet) open(nc *nats.Conn, js jetstream.JetStream) *Fleet {
	h.t.Helper()
	f, err := Open(h.t.Context(), nc, js, stream.Options{Log: zerolog.Nop()})
	if err != nil {
		h.t.Fatal(err)
	}
	return f
}

// A station is a worker's access with its connection.
type station struct {
	*puller.Client
	nc *nats.Conn
}

// station opens a worker's access on a connection of its own.
func (h *testFleet) station(name string) *station {
	h.t.Helper()
	nc, js := h.connect()
	s, err := puller.Open(h.t.Context(), nc, js, name, stream.Options{Log: zerolog.Nop()})
	if err != nil {
		h.t.Fatal(err)
	}
	return &station{s, nc}
}

// job creates an open job whose input is the numbers 0, 1, ..., count-1.
func (h *testFleet) job(id string, class task.Class, count int) (*task.Job, *Inputs) {
	h.t.Helper()
	j := &task.Job{ID: id, Kind: task.KindSquare, Class: class, State: task.Open, Created: time.Now()}
	if err := h.CreateJob(h.t.Context(), j); err != nil {
		h.t.Fatal(err)
	}
	in, err := h.Inputs(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	for first := 0; first < count; first += task.MaxCount {
		if err := in.Append(h.t.Context(), uint64(first), numbers(first, min(task.MaxCount, count-first))); err != nil {
			h.t.Fatal(err)
		}
	}
	return j, in
}

// numbers returns first, first+1, ...
func numbers(first, count int) []nat.Nat { return fleettest.Numbers(first, count) }

// put publishes a message and fails the test if it is not stored.
func (h *testFleet) put(subject string, payload []byte) uint64 {
	h.t.Helper()
	return fleettest.Put(h.t, h.js, subject, payload)
}

// queue puts a task of a job made by testFleet.job into the queue.
func (h *testFleet) queue(j *task.Job, r task.Range) uint64 {
	h.t.Helper()
	return fleettest.PutTask(h.t, h.js, j, r)
}

// subjects returns the subjects of a stream, sorted, without the prefix "FACTOR.".
func (h *testFleet) subjects(stream string) []string {
	h.t.Helper()
	list := fleettest.Subjects(h.t, h.js, stream, ">")
	for i := range list {
		list[i] = strings.TrimPrefix(list[i], "FACTOR.")
	}
	slices.Sort(list)
	return list
}

// ranges returns the ranges of the job's tasks, as text, in order.
func (h *testFleet) ranges(job string) string {
	h.t.Helper()
	return fleettest.Ranges(h.t, h.js, job)
}

func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	fleettest.Await(t, what, ok)
}

func background(t testing.TB, f func(context.Context) error) (stop func()) {
	return fleettest.Background(t, f)
}

// pull pulls once and returns the deliveries, each also as "class job range attempt".
func pull(t testing.TB, s *station, n int) (text []string, deliveries []*worker.Delivery) {
	t.Helper()
	return fleettest.Pull(t, s, n)
}

// pullAll pulls until it has n deliveries: one pull may come before the durable has seen all tasks.
func pullAll(t testing.TB, s *station, n int) (deliveries []*worker.Delivery) {
	t.Helper()
	await(t, "all tasks", func() bool {
		_, more := pull(t, s, n-len(deliveries))
		deliveries = append(deliveries, more...)
		return len(deliveries) == n
	})
	return deliveries
}

func ack(t testing.TB, deliveries []*worker.Delivery) {
	t.Helper()
	fleettest.Ack(t, deliveries)
}
