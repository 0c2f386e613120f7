package job

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/kind"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/puller"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestMain lets many tests run at once: most of them wait for a server most of the time.
func TestMain(m *testing.M) {
	flag.Parse()
	if p := flag.Lookup("test.parallel").Value; p.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) { // its default
		p.Set(strconv.Itoa(max(8, runtime.GOMAXPROCS(0))))
	}
	os.Exit(m.Run())
}

// A testFleet is a fleet in this process.
type testFleet struct {
	t      *testing.T
	config natsserver.Config
	server *natsserver.Server
	js     jetstream.JetStream
	*fleet.Fleet
}

func newTestFleet(t *testing.T) *testFleet { return build(t, natsserver.Config{Store: t.TempDir()}) }

// newLasting returns a fleet whose server can be restarted.
func newLasting(t *testing.T) *testFleet {
	return build(t, natsserver.Config{Store: t.TempDir(), Listen: "127.0.0.1:0"})
}

// restart stops the server and starts it at the same address.
func (h *testFleet) restart() {
	h.t.Helper()
	h.stop()
	h.start(h.config)
}

func build(t *testing.T, c natsserver.Config) *testFleet {
	t.Helper()
	h := &testFleet{t: t, config: c}
	h.start(c)
	if url := h.server.URL(); url != "" {
		h.config.Listen = strings.TrimPrefix(url, "nats://")
	}
	t.Cleanup(h.stop)
	var nc *nats.Conn
	nc, h.js = h.connect()
	p := fleet.Provision{AckWait: time.Second}
	if c.Limit > 0 {
		p.TaskBytes = -1 // else the queue would reserve the whole store
	}
	if _, err := fleet.Init(t.Context(), h.js, p); err != nil {
		t.Fatal(err)
	}
	h.Fleet = h.open(nc, h.js)
	return h
}

func (h *testFleet) start(c natsserver.Config) {
	h.t.Helper()
	c.Log = zerolog.Nop()
	server, err := natsserver.Start(c)
	if err != nil {
		h.t.Fatal(err)
	}
	h.server = server
}

func (h *testFleet) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := h.server.Stop(ctx); err != nil {
		h.t.Error(err)
	}
}

func (h *testFleet) connect() (*nats.Conn, jetstream.JetStream) {
	h.t.Helper()
	options := []nats.Option{nats.MaxReconnects(-1), nats.ReconnectWait(20 * time.Millisecond)}
	if h.config.Listen == "" {
		options = append(options, nats.InProcessServer(h.server))
	}
	nc, err := nats.Connect(h.server.URL(), options...)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		h.t.Fatal(err)
	}
	return nc, js
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
	h.t.Helper()
	nc, js := h.connect()
	station, err := puller.Open(h.t.Context(), nc, js, name, stream.Options{Log: zerolog.Nop()})
	if err != nil {
		h.t.Fatal(err)
	}
	var out worker.Outbox = station
	if outbox != nil {
		out = outbox(station)
	}
	w := worker.New(worker.Config{
		Name: name, Slots: 2, AckWait: station.AckWait(), DrainTimeout: 2 * time.Second, Kinds: kind.All(), Log: zerolog.Nop(),
	}, station, out)
	ctx, cancel := context.WithCancel(context.Background())
	if err := station.Listen(ctx, puller.Orders{Cancel: w.Cancel, Quarantine: w.Quarantine, Release: w.Release}); err != nil {
		h.t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		if err := w.Run(ctx); err != nil {
			h.t.Errorf("worker %s: %v", name, err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); group.Wait() })
	h.t.Cleanup(stop)
	return stop
}

// put publishes a message, as every client of an open server can.
func (h *testFleet) put(subject string, payload []byte) {
	h.t.Helper()
	m := nats.NewMsg(subject)
	m.Header.Set(task.SchemaHeader, task.Schema)
	m.Data = payload
	if _, err := h.js.PublishMsg(h.t.Context(), m); err != nil {
		h.t.Fatalf("%s: %v", subject, err)
	}
}

// held returns how many messages of the job a stream holds.
func (h *testFleet) held(stream, job string) int {
	h.t.Helper()
	s, err := h.js.Stream(h.t.Context(), stream)
	if err != nil {
		h.t.Fatal(err)
	}
	info, err := s.Info(h.t.Context(), jetstream.WithSubjectFilter(">"))
	if err != nil {
		h.t.Fatal(err)
	}
	n := 0
	for subject := range info.State.Subjects {
		if slices.Contains(strings.Split(subject, "."), job) {
			n++
		}
	}
	return n
}
