package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHandler: the answer to each request, by method, path and Host header.
func TestHandler(t *testing.T) {
	broken := errors.New("not connected")
	for _, test := range []struct {
		method, path, host string
		health             error
		code               int
		body               string
	}{
		{"GET", "/healthz", "127.0.0.1:8222", nil, 200, "ok\n"},
		{"GET", "/healthz", "localhost", nil, 200, "ok\n"},
		{"GET", "/healthz", "[::1]:8222", nil, 200, "ok\n"},
		{"GET", "/healthz", "[::1]", nil, 200, "ok\n"},
		{"GET", "/healthz", "localhost:8222", broken, 503, "not connected\n"},
		{"GET", "/healthz", "evil.example:8222", nil, 403, ""},
		{"GET", "/healthz", "evil.example", nil, 403, ""},
		{"GET", "/healthz", "127.0.0.1.evil.example", nil, 403, ""},
		{"GET", "/healthz", "10.0.0.1:8222", nil, 403, ""},
		{"GET", "/healthz", "", nil, 403, ""},
		{"POST", "/healthz", "localhost", nil, 405, ""},
		{"GET", "/", "localhost", nil, 404, ""},
	} {
		r := httptest.NewRequest(test.method, test.path, nil)
		r.Host = test.host
		w := httptest.NewRecorder()
		handler(func() error { return test.health }).ServeHTTP(w, r)
		if w.Code != test.code || test.body != "" && w.Body.String() != test.body {
			t.Errorf("%s %s, host %q: %d %q", test.method, test.path, test.host, w.Code, w.Body)
		}
	}
}

// TestListen: a loopback address is served until Close, and every other one is refused.
func TestListen(t *testing.T) {
	s, err := Listen("127.0.0.1:0", func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get("http://" + s.Addr() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(answer.Body); string(body) != "ok\n" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	answer.Body.Close()
	if _, err := Listen(s.Addr(), nil); err == nil || errors.Is(err, ErrNotLoopback) {
		t.Errorf("a second server on one address: %v", err)
	}
	s.Close()
	if _, err := http.Get("http://" + s.Addr() + "/healthz"); err == nil {
		t.Error("it answers after Close")
	}
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "example.org:80", "192.0.2.1:0"} {
		if _, err := Listen(address, nil); !errors.Is(err, ErrNotLoopback) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
