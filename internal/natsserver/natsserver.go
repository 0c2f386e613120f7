// Package natsserver runs nats-server inside this process. It is the only package that imports
// nats-server. It adds what the library lacks:
//
//	store.go      the directory of the store is locked, so that no second server destroys it, and closed to other users
//	log.go        a start that fails returns the reason; the library only logs it
//	flood.go      a bounded number of log lines a minute, whoever connects
//	files.go      a limit of connections, below the limit of open files
//	space.go      a limit for the store, below the free space of the disk
//	security.go   logins over TLS only, and revocations without a restart
//	guard.go      users with far too many open requests are found, named and refused
//	halfmade.go   streams and durables that were being created or changed are completed, or removed if they are empty
//	health.go     whether the server and its streams work
package natsserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// A Server is a running NATS server with JetStream. Its methods are safe for concurrent use.
type Server struct {
	ns    *server.Server
	store *store
	log   *logger

	security *Security  // nil = every client is accepted
	updating sync.Mutex // held while the claims of an account are put in force
	updates  atomic.Int64
	refused  refusals
	stopped  chan struct{} // closed by shutdown; its goroutines then end
	stop     func()        // closes stopped; may be called several times
}

// readyTimeout is the longest start. A start reads the whole store, which takes some seconds for a large
// one.
const readyTimeout = 30 * time.Second

// Start starts a server. The steps, of which each needs the one before:
//
//	lock the store       or another process may be using it
//	check and repair it  free space, what is half-made, account, indexes
//	start the library    its log is kept: the reason of a failure is only there
//	wait                 until clients can connect and all streams can be read
//
// It returns once clients can connect and the store is healthy. After an error
// nothing is left: the store is unlocked, and a temporary one is removed.
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

// start starts a server on a store that is locked. Whatever can be refused without a server comes first: the
// library creates files as soon as it starts.
func start(c Config, st *store) (*Server, error) {
	if err := checkLimit(c.Limit); err != nil {
		return nil, err
	}
	if c.Limit == 0 {
		c.Limit = storeLimit(st.dir)
	}
	if err := checkPlain(st.dir); err != nil {
		return nil, err
	}
	repair(st.dir, c.Log)
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
	s := &Server{ns: ns, store: st, log: log, security: c.Security, stopped: make(chan struct{})}
	s.stop = sync.OnceFunc(func() { close(s.stopped) })
	if err := s.awaitReady(log); err != nil {
		s.shutdown()
		return nil, err
	}
	return s, s.startGuard()
}

// startGuard starts the guard of a server with logins.
func (s *Server) startGuard() error {
	if s.security == nil {
		return nil
	}
	g, err := newGuard(s)
	if err != nil {
		s.shutdown()
		return err
	}
	if g != nil {
		go g.run(s.stopped)
	}
	return nil
}

// An inUseError says that another process has the store or the port. It wraps private.ErrLocked or
// syscall.EADDRINUSE.
type inUseError struct {
	text  string
	cause error
}

func (e *inUseError) Error() string { return e.text }
func (e *inUseError) Unwrap() error { return e.cause }

// awaitReady returns nil once clients can connect and the store is healthy. The library reports the
// reason of a failure only to its logger.
func (s *Server) awaitReady(log *logger) error {
	deadline := time.Now().Add(readyTimeout)
	for !s.ns.ReadyForConnections(10 * time.Millisecond) {
		if why := log.fatal(); why != "" {
			why = "start the nats server: " + lowerFirst(why)
			if strings.Contains(why, syscall.EADDRINUSE.Error()) {
				return &inUseError{why, syscall.EADDRINUSE}
			}
			return errors.New(why)
		}
		if time.Now().After(deadline) {
			return errors.New("start the nats server: not ready after " + readyTimeout.String())
		}
	}
	return s.Health()
}

// InProcessConn returns a connection without a network. It makes s an argument of nats.InProcessServer.
func (s *Server) InProcessConn() (net.Conn, error) { return s.ns.InProcessConn() }

// URL returns the address for other processes and machines; "" if the server does not listen.
func (s *Server) URL() string { return s.URLAt("") }

// URLAt is URL with the given name or address of this machine. "" = the address on which the server
// listens, or the name of the machine if it listens on all addresses.
func (s *Server) URLAt(host string) string {
	addr, ok := s.ns.Addr().(*net.TCPAddr)
	if !ok {
		return ""
	}
	if host == "" {
		host = addr.IP.String()
		if name, err := os.Hostname(); addr.IP.IsUnspecified() && err == nil {
			host = name // no client can connect to the unspecified address
		}
	}
	scheme := "nats://"
	if s.security != nil {
		scheme = "tls://"
	}
	return scheme + net.JoinHostPort(host, strconv.Itoa(addr.Port))
}

// Stop ends the server, unlocks its store, and removes a temporary store. Connections of this process
// must be closed before, because they would try to reconnect for ever. If ctx ends first, Stop returns
// an error while the server is still stopping. To stop a server twice is harmless.
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

// Discard removes a temporary store while the server still runs, for a process that ends right after: an
// orderly stop takes 0.1 s and would keep nothing. A server with a permanent store is stopped.
func (s *Server) Discard(ctx context.Context) error {
	if !s.store.temporary {
		return s.Stop(ctx)
	}
	s.log.mute() // the server logs errors when its files disappear
	if err := s.store.close(); err != nil {
		return s.Stop(ctx)
	}
	return nil
}

// CheckDisk returns nil if new files can be written into the store's directory, and else the reason. The
// library does not tell its clients why a write has failed.
func (s *Server) CheckDisk() error { return s.store.check() }

// shutdown stops the server and waits until it has stopped.
func (s *Server) shutdown() {
	s.stop()
	s.ns.Shutdown()
	s.ns.WaitForShutdown()
}
