package stream

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/fleettest"
	"factorfleet/internal/natsserver"
)

func TestMain(m *testing.M) { fleettest.Main(m) }

// A testServer is a server in this process, and a connection to it.
type testServer struct {
	*fleettest.Server
	nc *nats.Conn
	js jetstream.JetStream
}

func serve(t testing.TB, c natsserver.Config) *testServer {
	t.Helper()
	return connected(fleettest.NewServer(t, c))
}

func connected(s *fleettest.Server) *testServer {
	nc, js := s.Connect()
	return &testServer{s, nc, js}
}
