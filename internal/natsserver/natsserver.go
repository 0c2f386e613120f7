// Package natsserver runs nats-server inside this process. It is the only package
// that imports nats-server.
//
// What the library does not do is done here: a store directory is locked against a
// second server, a failing start returns its reason, and signals stay the
// program's own.
package natsserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
)

// Sync says when the store writes to disk for good.
type Sync struct {
	Always   bool          // before each acknowledgement: survives a power cut
	Interval time.Duration // else as often as this; 0 = the operating system's business
}

// ParseSync reads the value of --sync: "always", "never" or a duration such as 1s.
func ParseSync(s string) (Sync, error) {
	switch s {
	case "always":
		return Sync{Always: true}, nil
	case "never":
		return Sync{}, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return Sync{}, fmt.Errorf("--sync %q is neither always, never nor a duration such as 1s", s)
	}
	return Sync{Interval: d}, nil
}

// Config of a server.
type Config struct {
	Store  string // directory of the streams; "" = a temporary one, removed by Stop
	Sync   Sync
	Limit  int64  // bytes that the streams may take; 0 = by the space that is free
	Listen string // host:port for other machines; "" = none, this process only
	Log    zerolog.Logger

	Security *Security // nil = everybody is let in
}

// A Server is a running NATS server with JetStream.
type Server struct {
	ns    *server.Server
	store *store
	log   *logger

	security *Security // nil = everybody is let in
}

// readyTimeout bounds the start, which replays the store: some seconds for a large one.
const readyTimeout = 30 * time.Second

// Start starts a server and returns once it is ready and its store is healthy.
func Start(c Config) (*Server, error) {
	st, err := openStore(c.Store)
	if err != nil {
		return nil, err
	}
	s, err := start(c, st)
	if err != nil {
		if disk := st.check(); disk != nil {
			err = fmt.Errorf("%w: %w", err, disk)
		}
		st.close()
		return nil, err
	}
	return s, nil
}

func start(c Config, st *store) (*Server, error) {
	if err := checkLimit(c.Limit); err != nil {
		return nil, err
	}
	if c.Limit == 0 {
		c.Limit = storeLimit(st.dir)
	}
	if err := checkAccount(st.dir, c.Security.account()); err != nil {
		return nil, err
	}
	dropIndexes(st.dir)
	opts, err := options(c, st.dir)
	if err != nil {
		return nil, err
	}
	ns, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("start the nats server: %w", err)
	}
	log := &logger{log: c.Log}
	ns.SetLoggerV2(log, false, false, false)
	go ns.Start()
	s := &Server{ns: ns, store: st, log: log, security: c.Security}
	if err := s.awaitReady(log); err != nil {
		s.shutdown()
		return nil, err
	}
	return s, nil
}

func options(c Config, dir string) (*server.Options, error) {
	opts := &server.Options{
		ServerName:             "factorfleet",
		DontListen:             c.Listen == "",
		NoSigs:                 true, // else the library ends the process on SIGINT and SIGTERM
		JetStream:              true,
		StoreDir:               dir,
		SyncAlways:             c.Sync.Always,
		SyncInterval:           c.Sync.Interval,
		MaxPayload:             1 << 20,
		DisableJetStreamBanner: true,
		JetStreamMaxMemory:     256 << 20,
		JetStreamMaxStore:      c.Limit,
	}
	if !c.Sync.Always && c.Sync.Interval == 0 {
		opts.SyncInterval = 24 * time.Hour
	}
	if c.Security != nil {
		if err := c.Security.apply(opts); err != nil {
			return nil, err
		}
	}
	if c.Listen == "" {
		return opts, nil
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen %q is not host:port", c.Listen)
	}
	opts.Host = host
	if opts.Port, err = strconv.Atoi(port); err != nil || opts.Port < 0 || opts.Port > 65535 {
		return nil, fmt.Errorf("--listen %q has no port number", c.Listen)
	}
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	return opts, nil
}

// awaitReady returns nil once clients can connect and the store is whole. The
// library reports why it can't only to its logger.
func (s *Server) awaitReady(log *logger) error {
	deadline := time.Now().Add(readyTimeout)
	for !s.ns.ReadyForConnections(10 * time.Millisecond) {
		if why := log.fatal(); why != "" {
			return fmt.Errorf("start the nats server: %s", lowerFirst(why))
		}
		if time.Now().After(deadline) {
			return errors.New("start the nats server: not ready after " + readyTimeout.String())
		}
	}
	return s.Health()
}

// Health returns nil while the server and every stream in its store are whole.
func (s *Server) Health() error {
	err := health(func() *server.HealthStatus { return s.ns.Healthz(&server.HealthzOptions{}) })
	if err != nil {
		return fmt.Errorf("the nats server's store in %s is not healthy: %w", s.store.dir, err)
	}
	return nil
}

// The library gives itself one millisecond to see that its listeners are open, and on a
// busy machine may not come to look at all. That must be so for a while to be believed.
const (
	busyTries = 50
	busyPause = 100 * time.Millisecond
	busySays  = "failed to be ready for connections"
)

// health returns what look finds to be wrong.
func health(look func() *server.HealthStatus) error {
	for try := 1; ; try++ {
		h := look()
		if h.StatusCode == http.StatusOK {
			return nil
		}
		why := h.Error
		for _, e := range h.Errors {
			why += "; " + e.Error
		}
		if !strings.Contains(why, busySays) || try == busyTries {
			return errors.New(strings.TrimPrefix(why, "; "))
		}
		time.Sleep(busyPause)
	}
}

// InProcessConn makes a connection without a network; nats.InProcessServer takes s.
func (s *Server) InProcessConn() (net.Conn, error) { return s.ns.InProcessConn() }

// URL is where other machines reach the server; "" if it does not listen.
func (s *Server) URL() string { return s.URLAt("") }

// URLAt is URL with a name or address of this machine that the caller knows better.
func (s *Server) URLAt(host string) string {
	addr, ok := s.ns.Addr().(*net.TCPAddr)
	if !ok {
		return ""
	}
	if host == "" {
		host = addr.IP.String()
		if name, err := os.Hostname(); addr.IP.IsUnspecified() && err == nil {
			host = name // all addresses: none of them is one to connect to
		}
	}
	scheme := "nats://"
	if s.security != nil {
		scheme = "tls://"
	}
	return scheme + net.JoinHostPort(host, strconv.Itoa(addr.Port))
}

// Stop ends the server. Connections of this process must be closed before, else
// they try to reconnect for ever. It waits at most until ctx ends.
func (s *Server) Stop(ctx context.Context) error {
	stopped := make(chan struct{})
	go func() { s.shutdown(); close(stopped) }()
	select {
	case <-stopped:
		return s.store.close()
	case <-ctx.Done():
		return fmt.Errorf("stop the nats server: %w", context.Cause(ctx))
	}
}

// Discard removes a temporary store under the running server, for a process that is
// about to end: an orderly shutdown takes a tenth of a second and would save nothing.
// A server with a store to keep is stopped.
func (s *Server) Discard(ctx context.Context) error {
	if !s.store.temporary {
		return s.Stop(ctx)
	}
	s.log.mute() // it will complain
	if err := s.store.close(); err != nil {
		return s.Stop(ctx)
	}
	return nil
}

// CheckDisk returns why the store's directory cannot take another file, or nil if it can. The
// library itself does not tell its clients why it could not write.
func (s *Server) CheckDisk() error { return s.store.check() }

func (s *Server) shutdown() {
	s.ns.Shutdown()
	s.ns.WaitForShutdown()
}
