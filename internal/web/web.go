// Package web serves the state of a process over HTTP: whether it works, and what an observer sees of the fleet, with a page
// that shows it. It is read-only: GET and HEAD are the only methods.
//
//	web.go      addresses, limits, start and end
//	guard.go    what a request must satisfy before it is answered: method, Host, origin, token
//	health.go   /healthz and /readyz
//	api.go      /api/v1/...
//	send.go     bounds and bytes of the answers of the API
//	events.go   /api/v1/events
//
// Who may read. On a loopback address everybody on the machine may. A web page of others must not: its browser would send
// requests to a loopback address, too. So the Host header must name this machine (DNS rebinding), and requests that a
// browser says are for another site are refused. On another address there must be a token, or TLS. Then any Host is accepted
// unless names are configured: a page of another site has no token, and a browser does not accept the certificate for its
// name.
package web

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"

	"factorfleet/internal/observe"
)

// ErrNotLoopback is wrapped when other machines could reach an address without a token and without TLS.
var ErrNotLoopback = errors.New("other machines can reach it: set --web-token-file, or --web-cert and --web-key, or use a loopback address such as 127.0.0.1:8222")

const (
	headerTimeout  = 2 * time.Second
	requestTimeout = 5 * time.Second
	idleTimeout    = 30 * time.Second
	maxHeaderBytes = 8 << 10
	maxConnections = 256 // further ones wait until one of these is closed
)

// MinToken is the least length of a token, in bytes.
const MinToken = 16

// A Config says what a Server serves, and to whom.
type Config struct {
	Address string           // host:port; port 0 is a free one
	Token   string           // that requests must have, at least MinToken bytes; "" = none
	TLS     *tls.Certificate // nil = no TLS
	Hosts   []string         // names that the Host header may have besides those of this machine

	// Health returns nil while the process works, else a reason of one line. Ready returns why the process does not do its work
	// yet, each in one line; nil means that Health says it. Several goroutines call them, and they must not block.
	Health func() error
	Ready  func() []string

	Observer *observe.Observer // of the API; nil = none is served
	Page     http.Handler      // serves / and /assets/; nil = no page

	requestTimeout, sendEvent, wait time.Duration // 0 = the constants of these names; less in tests
}

// A Server answers requests until Close.
type Server struct {
	config   Config
	listener net.Listener
	http     *http.Server
	end      context.CancelFunc // of the requests that last
	guarded  *http.ServeMux     // that need the token
	events   events
	views    documents
	answers  chan struct{} // of capacity maxAnswers; each answer of the API that is made or sent has one entry
}

// Listen starts a server. Without a token and without TLS the host must be localhost or a loopback address in digits, else the
// error wraps ErrNotLoopback.
func Listen(c Config) (*Server, error) {
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, err
	}
	if !c.Protected() && !IsLoopback(host) {
		return nil, fmt.Errorf("listen on %s: %w", c.Address, ErrNotLoopback)
	}
	l, err := net.Listen("tcp", c.Address)
	if err != nil {
		return nil, err // it names the address
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); !c.Protected() && (!ok || !tcp.IP.IsLoopback()) { // localhost may be any address
		l.Close()
		return nil, fmt.Errorf("listen on %s: %w", l.Addr(), ErrNotLoopback)
	}
	s := newServer(c)
	s.listener = l
	l = netutil.LimitListener(l, maxConnections)
	if c.TLS != nil {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*c.TLS}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	go s.http.Serve(l)
	return s, nil
}

// newServer returns a Server that does not listen yet.
func newServer(c Config) *Server {
	c.requestTimeout, c.sendEvent = cmp.Or(c.requestTimeout, requestTimeout), cmp.Or(c.sendEvent, sendEvent)
	c.wait = cmp.Or(c.wait, wait)
	s := &Server{config: c, guarded: http.NewServeMux(), answers: make(chan struct{}, maxAnswers)}
	ctx, end := context.WithCancel(context.Background())
	s.end = end
	s.http = &http.Server{
		Handler: s.handler(), ErrorLog: log.New(io.Discard, "", 0), MaxHeaderBytes: maxHeaderBytes,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: c.requestTimeout, WriteTimeout: c.requestTimeout, IdleTimeout: idleTimeout,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	return s
}

// Protected reports whether other machines may reach the server.
func (c *Config) Protected() bool { return c.Token != "" || c.TLS != nil }

// Handle has the server answer requests that match a pattern of http.ServeMux, such as "GET /metrics", behind the checks
// of the API: they need the token if there is one. It may be called at any time, once for a pattern.
func (s *Server) Handle(pattern string, h http.Handler) { s.guarded.Handle(pattern, h) }

// Addr returns the address on which the server listens, as host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL returns the address of the page for a browser on this machine, without the token.
func (s *Server) URL() string {
	scheme := "http"
	if s.config.TLS != nil {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(s.Addr())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if len(s.config.Hosts) > 0 && s.config.TLS != nil {
		host = s.config.Hosts[0]
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/"
}

// Close stops the server. It waits for a second at most for requests that run.
func (s *Server) Close() {
	s.end()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
}

// IsLoopback reports whether host is localhost or a loopback address in digits.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
