package stream

import (
	"context"
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/natsserver"
)

// TestMain lets many tests run at once: most of them wait for a server most of the time.
func TestMain(m *testing.M) {
	flag.Parse()
	if p := flag.Lookup("test.parallel").Value; p.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) { // its default
		p.Set(strconv.Itoa(max(8, runtime.GOMAXPROCS(0))))
	}
	os.Exit(m.Run())
}

// A testFleet is a server in this process, and a connection to it.
type testFleet struct {
	t      testing.TB
	server *natsserver.Server
	nc     *nats.Conn
	js     jetstream.JetStream
}

// serve starts a server in this process.
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

// message returns a message with a header, to which others can be added.
func message(subject string, payload []byte) *nats.Msg {
	return &nats.Msg{Subject: subject, Header: nats.Header{"Factor-Schema": {"1"}}, Data: payload}
}

// await waits until ok, which it asks again and again.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
