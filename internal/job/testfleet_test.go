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

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/input"
	"factorfleet/internal/kind"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/plan"
	"factorfleet/internal/puller"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
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

func newTestFleet(t *testing.T) *testFleet { return build(t, natsserver.Config{}) }

// newLasting returns a fleet whose server can be restarted.
func newLasting(t *testing.T) *testFleet { return build(t, natsserver.Config{Listen: "127.0.0.1:0"}) }

// restart stops the server and starts it at the same address.
func (h *testFleet) restart() {
	h.t.Helper()
	h.server.Restart()
}

func build(t *testing.T, c natsserver.Config) *testFleet {
	t.Helper()
	h := &testFleet{t: t, server: fleettest.NewServer(t, c)}
	var nc *nats.Conn
	nc, h.js = h.connect()
	p := fleet.Provision{AckWait: time.Second}
	if c.Limit > 0 {
		p.TaskBytes = -1 // else FACTOR_TASKS would reserve the whole store
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

// other is another producer's access.
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

// put publishes a message, as any client may.
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

// text returns the numbers from first on, a line each.
func text(first, count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintln(&b, first+i)
	}
	return b.String()
}

// submission is one of numbers to be squared, kept at its end.
func submission(id, numbers string) Submission {
	chunking, err := plan.ParseChunking("43")
	if err != nil {
		panic(err)
	}
	return Submission{
		ID: id, Kind: task.KindSquare, Class: task.ClassNorm, Chunking: chunking, Keep: time.Hour,
		Sources: []input.Source{input.From("-", strings.NewReader(numbers))},
	}
}

// An output is what a process printed.
type output struct {
	mu    sync.Mutex
	items []collect.Item
}

func (o *output) emit(item *collect.Item) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	kept := *item
	kept.Factors = slices.Clone(item.Factors) // they are the collector's
	o.items = append(o.items, kept)
	return nil
}

func (o *output) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.items)
}

// watch prints into o, in order.
func (o *output) watch() Watch { return Watch{Emit: o.emit, Ordered: true, Log: zerolog.Nop()} }

// check checks that the squares of first, first+1, ... were printed, once each and
// in order.
func (o *output) check(t *testing.T, first, count int) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.items) != count {
		t.Errorf("%d answers were printed, want %d", len(o.items), count)
	}
	for i, item := range o.items {
		n := uint64(first + i)
		if item.Position != uint64(i) || item.Dead != "" || len(item.Factors) != 1 || item.N.String() != fmt.Sprint(n) || item.Factors[0].P.String() != fmt.Sprint(n*n) {
			t.Errorf("line %d is %+v", i, item)
			return
		}
	}
}

// A running is a process that takes part in a job.
type running struct {
	t      *testing.T
	out    output
	cancel context.CancelCauseFunc
	id     chan string // of a submit, once it has begun
	ended  chan struct{}
	sum    *Summary
	err    error
}

var errStopped = errors.New("stopped by the test")

func (h *testFleet) begin(run func(ctx context.Context, w Watch, started func(string)) (*Summary, error)) *running {
	r := &running{t: h.t, id: make(chan string, 1), ended: make(chan struct{})}
	ctx, cancel := context.WithCancelCause(context.Background())
	r.cancel = cancel
	h.t.Cleanup(func() { cancel(errStopped); <-r.ended })
	go func() {
		defer close(r.ended)
		r.sum, r.err = run(ctx, r.out.watch(), func(id string) { r.id <- id })
	}()
	return r
}

func (h *testFleet) submit(f *fleet.Fleet, s Submission) *running {
	return h.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
		return Submit(ctx, f, s, w, started)
	})
}

func (h *testFleet) wait(f *fleet.Fleet, id string) *running {
	return h.begin(func(ctx context.Context, w Watch, _ func(string)) (*Summary, error) { return Wait(ctx, f, id, w) })
}

// end waits for the process to end by itself.
func (r *running) end() (*Summary, error) {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(2 * time.Minute): // the race detector takes its time on a busy machine
		r.t.Fatalf("the job does not end; %d answers printed", r.out.len())
	}
	return r.sum, r.err
}

// clean checks that it ended without a defect.
func (r *running) clean() *Summary {
	r.t.Helper()
	s, err := r.end()
	if err != nil {
		r.t.Fatal(err)
	}
	if !s.Clean() {
		r.t.Errorf("not clean: %+v", s)
	}
	return s
}

// kill ends the process at once.
func (r *running) kill() {
	r.t.Helper()
	r.cancel(errStopped)
	if _, err := r.end(); err != nil && !errors.Is(err, errStopped) {
		r.t.Errorf("stopped: %v", err)
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	fleettest.Await(t, what, ok)
}
