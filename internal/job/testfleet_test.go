package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/kind"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/puller"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

func TestMain(m *testing.M) { fleettest.Main(m) }

// A testFleet is a server in this process with the fleet's streams, as one producer sees it.
type testFleet struct {
	t      *testing.T
	server *fleettest.Server
	js     jetstream.JetStream
	*fleet.Fleet
}

func newTestFleet(t *testing.T) *testFleet { return build(t, natsserver.Config{}, time.Second) }

// newPatient returns a fleet in which no delivery lapses because the machine is busy.
func newPatient(t *testing.T) *testFleet { return build(t, natsserver.Config{}, time.Minute) }

// newLasting returns a fleet whose server can be restarted.
func newLasting(t *testing.T) *testFleet {
	return build(t, natsserver.Config{Listen: "127.0.0.1:0"}, time.Second)
}

// restart stops the server and starts it at the same address.
func (h *testFleet) restart() {
	h.t.Helper()
	h.server.Restart()
}

func build(t *testing.T, c natsserver.Config, ackWait time.Duration) *testFleet {
	t.Helper()
	h := &testFleet{t: t, server: fleettest.NewServer(t, c)}
	var nc *nats.Conn
	nc, h.js = h.connect()
	p := fleet.Provision{AckWait: ackWait}
	if c.Limit > 0 {
		p.TaskBytes = -1 // else the queue would reserve the whole store
	}
	if _, err := fleet.Init(t.Context(), h.js, p); err != nil {
		t.Fatal(err)
	}
	h.Fleet = h.open(nc, h.js)
	return h
}

func (h *testFleet) connect() (*nats.Conn, jetstream.JetStream) {
	h.t.Helper()
	return h.server.Connect()
}

func (h *testFleet) open(nc *nats.Conn, js jetstream.JetStream) *fleet.Fleet {
	h.t.Helper()
	f, err := fleet.Open(h.t.Context(), nc, js, stream.Options{Log: zerolog.Nop(), Timeout: 2 * time.Second})
	if err != nil {
		h.t.Fatal(err)
	}
	return f
}

// other returns the access of another process.
func (h *testFleet) other() *fleet.Fleet { return h.open(h.connect()) }

// fill fills the store with records that belong to a job.
func (h *testFleet) fill(job string) {
	h.t.Helper()
	payload := make([]byte, 100<<10)
	for i := range 200 {
		_, err := h.js.Publish(h.t.Context(), fmt.Sprintf("FACTOR.failed.%s.%d-1.0.1.w", job, i), payload)
		var refused *jetstream.APIError
		switch {
		case errors.As(err, &refused) && refused.ErrorCode == 10023:
			return
		case err != nil:
			h.t.Error(err)
			return
		}
	}
	h.t.Error("the store takes more than 20 MB")
}

// worker runs a worker until stop is called. outbox may wrap what it publishes to.
func (h *testFleet) worker(name string, outbox func(*puller.Client) worker.Outbox) (stop func()) {
	return h.workerOf(name, 2, kind.All(), outbox)
}

// workerOf is worker with so many slots and other kinds.
func (h *testFleet) workerOf(name string, slots int, kinds map[string]worker.Kind, outbox func(*puller.Client) worker.Outbox) (stop func()) {
	h.t.Helper()
	nc, js := h.connect()
	client, err := puller.Open(h.t.Context(), nc, js, name, stream.Options{Log: zerolog.Nop()})
	if err != nil {
		h.t.Fatal(err)
	}
	var out worker.Outbox = client
	if outbox != nil {
		out = outbox(client)
	}
	offers := fleettest.Offers(kinds)
	client.Offer(offers)
	_, parts, _ := kind.AllOn(slots, 0)
	w := worker.New(worker.Config{
		Parts: parts, Name: name, Slots: slots, AckWait: client.AckWait(), DrainTimeout: 2 * time.Second, Kinds: kinds, Log: zerolog.Nop(),
	}, client, out)
	ctx, cancel := context.WithCancel(context.Background())
	if err := client.Listen(ctx, puller.Orders{Cancel: w.Cancel, Finish: w.Finish, Quarantine: w.Quarantine, Release: w.Release, Hint: w.Hint}); err != nil {
		h.t.Fatal(err)
	}
	go client.PollRoutes(ctx)
	var group sync.WaitGroup
	group.Go(func() {
		if err := w.Run(ctx); err != nil {
			h.t.Errorf("worker %s: %v", name, err)
		}
	})
	group.Go(func() {
		for ctx.Err() == nil {
			client.Beat(worker.Status{Sieves: true, Offers: offers, Stats: w.Stats(), Holding: w.Holding()})
			select {
			case <-ctx.Done():
			case <-time.After(300 * time.Millisecond):
			}
		}
		client.Leave()
	})
	stop = sync.OnceFunc(func() { cancel(); group.Wait() })
	h.t.Cleanup(stop)
	return stop
}

// put publishes a message, as every client of an open server can.
func (h *testFleet) put(subject string, payload []byte) {
	h.t.Helper()
	fleettest.Put(h.t, h.js, subject, payload)
}

// held returns how many messages of the job a stream holds.
func (h *testFleet) held(stream, job string) int {
	h.t.Helper()
	n := 0
	for _, subject := range fleettest.Subjects(h.t, h.js, stream, ">") {
		if slices.Contains(strings.Split(subject, "."), job) {
			n++
		}
	}
	return n
}
