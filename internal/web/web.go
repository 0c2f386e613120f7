// Package web serves the state of a process over HTTP, to programs on the same machine. It is read-only:
// GET /healthz is the only request that it answers.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
)

// ErrNotLoopback is wrapped when other machines could reach an address.
var ErrNotLoopback = errors.New("other machines can reach it, and there is no token or TLS yet: use a loopback address such as 127.0.0.1:8222")

const (
	headerTimeout  = 2 * time.Second
	requestTimeout = 5 * time.Second
	idleTimeout    = 30 * time.Second
	maxHeaderBytes = 8 << 10
	maxConnections = 64 // further ones wait until one of these is closed
)

// A Server answers requests until Close.
type Server struct {
	listener net.Listener
	http     *http.Server
}

// Listen starts a server on address, which is host:port; port 0 is a free one. The host must be localhost or
// a loopback address in digits, else the error wraps ErrNotLoopback. health returns nil while the process
// works, else a reason of one line. It is called by several goroutines and must not block.
func Listen(address string, health func() error) (*Server, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if !IsLoopback(host) {
		return nil, fmt.Errorf("listen on %s: %w", address, ErrNotLoopback)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err // it names the address
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() { // localhost may be any address
		l.Close()
		return nil, fmt.Errorf("listen on %s: %w", l.Addr(), ErrNotLoopback)
	}
	s := &Server{listener: l, http: &http.Server{
		Handler: handler(health), ErrorLog: log.New(io.Discard, "", 0), MaxHeaderBytes: maxHeaderBytes,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout, IdleTimeout: idleTimeout,
	}}
	go s.http.Serve(netutil.LimitListener(l, maxConnections))
	return s, nil
}

// Addr returns the address on which the server listens, as host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close stops the server. It waits for a second at most for requests that run.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
}

// handler answers GET /healthz.
func handler(health func() error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if err := health(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, err)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return checkHost(mux)
}

// checkHost refuses requests whose Host header is not this machine. A web page whose name resolves to a loopback
// address could otherwise read the answers (DNS rebinding).
func checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil { // without a port
			host = r.Host
		}
		if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
			host = host[1 : len(host)-1]
		}
		if !IsLoopback(host) {
			http.Error(w, "the Host header must be localhost or a loopback address", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// IsLoopback reports whether host is localhost or a loopback address in digits.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
