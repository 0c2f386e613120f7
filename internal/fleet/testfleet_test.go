package fleet

import (
	"context"
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

	"factorfleet/internal/nat"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestMain lets many tests run at once: most of them wait for a server most of the time.
// No test sees the contexts of the machine's user.
func TestMain(m *testing.M) {
	flag.Parse()
	if p := flag.Lookup("test.parallel").Value; p.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) { // its default
		p.Set(strconv.Itoa(max(8, runtime.GOMAXPROCS(0))))
	}
	dir, err := os.MkdirTemp("", "factorfleet-test-")
	if err != nil {
		panic(err)
	}
	os.Setenv("XDG_CONFIG_HOME", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// A testFleet is a server in this process with the fleet's streams, seen by one producer.
type testFleet struct {
	t      testing.TB
	server *natsserver.Server
	nc     *nats.Conn
	js     jetstream.JetStream
	*Fleet
}

// serve starts a server without streams.
func serve(t testing.TB, c natsserver.Config) *testFleet {
	t.Helper()
	if c.Store == "" {
		c.Store = t.TempDir()
	}
	c.Log = zerolog.Nop()
	h := &testFleet{t: t}
	h.start(c)
	t.Cleanup(h.stop)
	h.nc, h.js = h.connect()
	return h
}

func (h *testFleet) start(c natsserver.Config) {
	h.t.Helper()
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

// connect returns a connection of its own.
func (h *testFleet) connect(options ...nats.Option) (*nats.Conn, jetstream.JetStream) {
	h.t.Helper()
	options = append(options, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	if url := h.server.URL(); url == "" {
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

// A station is a worker's client with its connection.
type station struct {
	*puller.Client
	nc *nats.Conn
}

// station opens a worker's client on a connection of its own.
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
		if _, err := in.Append(h.t.Context(), numbers(first, min(task.MaxCount, count-first))); err != nil {
			h.t.Fatal(err)
		}
	}
	return j, in
}

// numbers returns first, first+1, ...
func numbers(first, count int) []nat.Nat {
	list := make([]nat.Nat, count)
	for i := range list {
		list[i] = nat.New(uint64(first + i))
	}
	return list
}

// put publishes a message and fails the test if it is not stored.
func (h *testFleet) put(subject string, payload []byte) uint64 {
	h.t.Helper()
	ack, err := h.js.PublishMsg(h.t.Context(), message(subject, payload))
	if err != nil {
		h.t.Fatalf("%s: %v", subject, err)
	}
	return ack.Sequence
}

// queue stores a task of a job that was created by testFleet.job.
func (h *testFleet) queue(j *task.Job, r task.Range) uint64 {
	h.t.Helper()
	t := task.Task{Kind: j.Kind, Numbers: numbers(int(r.First), int(r.Count))}
	return h.put(schema.TaskSubject(task.Address{Class: j.Class, Job: j.ID, Range: r, Round: task.FirstRound}), t.Encode())
}

// subjects returns what a stream holds, sorted, without the prefix "FACTOR.".
func (h *testFleet) subjects(stream string) []string {
	h.t.Helper()
	s, err := h.js.Stream(h.t.Context(), stream)
	if err != nil {
		h.t.Fatal(err)
	}
	info, err := s.Info(h.t.Context(), jetstream.WithSubjectFilter(">"))
	if err != nil {
		h.t.Fatal(err)
	}
	var list []string
	for subject := range info.State.Subjects {
		list = append(list, strings.TrimPrefix(subject, "FACTOR."))
	}
	slices.Sort(list)
	return list
}

// ranges returns the ranges of the job's tasks, as text, in order.
func (h *testFleet) ranges(job string) string {
	h.t.Helper()
	places, err := h.list(h.t.Context(), h.tasks, schema.TasksPrefix+"*."+job+".*.*")
	if err != nil {
		h.t.Fatal(err)
	}
	slices.SortFunc(places, func(a, b schema.Place) int { return int(a.Range.First) - int(b.Range.First) })
	var text []string
	for _, p := range places {
		text = append(text, p.Range.String())
	}
	return strings.Join(text, " ")
}

// await calls ok every 5 ms until it returns true.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// background runs f until the end of the test, and fails the test if it fails.
func background(t testing.TB, f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			t.Errorf("background: %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); group.Wait() })
	t.Cleanup(stop)
	return stop
}

// pull pulls once and returns what came, as "class job range attempt".
func pull(t testing.TB, s *station, n int) (text []string, deliveries []*worker.Delivery) {
	t.Helper()
	err := s.Pull(t.Context(), n, func(d *worker.Delivery) {
		deliveries = append(deliveries, d)
		text = append(text, fmt.Sprintf("%s %s %v %d", d.Class, d.Job, d.Range, d.Attempt))
	})
	if err != nil {
		t.Fatal(err)
	}
	return text, deliveries
}

// ack acks all.
func ack(t testing.TB, deliveries []*worker.Delivery) {
	t.Helper()
	for _, d := range deliveries {
		if err := d.Handle.Ack(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
