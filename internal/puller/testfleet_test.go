package puller

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

func TestMain(m *testing.M) { fleettest.Main(m) }

// A testFleet is a server in this process with all streams, as one producer sees it.
type testFleet struct {
	t testing.TB
	*fleettest.Server
	nc *nats.Conn
	js jetstream.JetStream
	*fleet.Fleet
}

func newTestFleet(t testing.TB, p fleet.Provision) *testFleet {
	t.Helper()
	return provision(t, fleettest.NewServer(t, natsserver.Config{}), p)
}

// newRestartable returns a fleet whose server can be restarted.
func newRestartable(t testing.TB) *testFleet {
	t.Helper()
	return provision(t, fleettest.NewRestartable(t), fleet.Provision{})
}

func provision(t testing.TB, s *fleettest.Server, p fleet.Provision) *testFleet {
	t.Helper()
	h := &testFleet{t: t, Server: s}
	h.nc, h.js = s.Connect()
	if _, err := fleet.Init(t.Context(), h.js, p); err != nil {
		t.Fatal(err)
	}
	var err error
	if h.Fleet, err = fleet.Open(t.Context(), h.nc, h.js, stream.Options{Log: zerolog.Nop()}); err != nil {
		t.Fatal(err)
	}
	return h
}

// client opens a worker's access on a connection of its own.
func (h *testFleet) client(name string) *Client {
	h.t.Helper()
	nc, js := h.Connect()
	c, err := Open(h.t.Context(), nc, js, name, stream.Options{Log: zerolog.Nop()})
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// job creates an open job whose input is the numbers 0, 1, ..., count-1.
func (h *testFleet) job(id string, class task.Class, count int) *task.Job {
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
		if err := in.Append(h.t.Context(), uint64(first), fleettest.Numbers(first, min(task.MaxCount, count-first))); err != nil {
			h.t.Fatal(err)
		}
	}
	return j
}

// queue queues the task of a range of a job.
func (h *testFleet) queue(j *task.Job, r task.Range) {
	h.t.Helper()
	fleettest.PutTask(h.t, h.js, j, r)
}

// ranges returns the ranges of the job's tasks, as text, in order.
func (h *testFleet) ranges(job string) string {
	h.t.Helper()
	return fleettest.Ranges(h.t, h.js, job)
}

// durable returns the server's information about the durable of a class.
func (h *testFleet) durable(class task.Class) *jetstream.ConsumerInfo {
	h.t.Helper()
	c, err := h.js.Consumer(h.t.Context(), schema.StreamTasks, schema.Durable(class))
	if err != nil {
		h.t.Fatal(err)
	}
	return c.CachedInfo()
}

// pull pulls once and returns the deliveries, each also as "class job range attempt".
func pull(t testing.TB, c *Client, n int) (text []string, deliveries []*worker.Delivery) {
	t.Helper()
	return fleettest.Pull(t, c, n)
}
