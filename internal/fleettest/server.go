// Package fleettest has what the tests of several packages need to test against a real server: a
// server in the test's process, connections to it, tasks, and waiting. Its functions fail the test
// instead of returning errors. Only tests import it.
package fleettest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/natsserver"
)

// A Server is a server in the test's process. It is stopped at the end of the test.
type Server struct {
	t      testing.TB
	server *natsserver.Server
	config natsserver.Config
}

// NewServer starts a server without streams. Without c.Store its store is a directory of the test.
func NewServer(t testing.TB, c natsserver.Config) *Server {
	t.Helper()
	if c.Store == "" {
		c.Store = t.TempDir()
	}
	s := &Server{t: t}
	s.Start(c)
	t.Cleanup(s.Stop)
	return s
}

// NewRestartable starts a server on a port of the loopback interface, which Restart uses again.
func NewRestartable(t testing.TB) *Server {
	t.Helper()
	return NewServer(t, natsserver.Config{Listen: "127.0.0.1:0"})
}

// Start starts a server that was stopped, perhaps with other settings.
func (s *Server) Start(c natsserver.Config) {
	s.t.Helper()
	c.Log = zerolog.Nop()
	server, err := natsserver.Start(c)
	if err != nil {
		s.t.Fatal(err)
	}
	if url := server.URL(); url != "" {
		c.Listen = strings.TrimPrefix(url, "nats://")
	}
	s.server, s.config = server, c
}

// Stop stops the server. To stop it twice is harmless.
func (s *Server) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.server.Stop(ctx); err != nil {
		s.t.Error(err)
	}
}

// Restart stops the server and starts it on the same store and port.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.Start(s.config)
}

// Config returns the settings with which the server was started; Listen has the port that it got.
func (s *Server) Config() natsserver.Config { return s.config }

// URL returns the address of the server; "" if it does not listen.
func (s *Server) URL() string { return s.server.URL() }

// Connect returns a connection of its own. It reconnects for ever, and is closed at the end of the test.
func (s *Server) Connect(options ...nats.Option) (*nats.Conn, jetstream.JetStream) {
	s.t.Helper()
	options = append(options, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	if s.URL() == "" {
		options = append(options, nats.InProcessServer(s.server))
	}
	nc, err := nats.Connect(s.URL(), options...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		s.t.Fatal(err)
	}
	return nc, js
}
