package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// get returns the answer of a server that does not listen.
func get(c Config, method, path, host string, headers ...string) *httptest.ResponseRecorder {
	if c.Health == nil {
		c.Health = func() error { return nil }
	}
	r := httptest.NewRequest(method, path, nil)
	r.Host = host
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	newServer(c).http.Handler.ServeHTTP(w, r)
	return w
}

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
		{"GET", "/readyz", "localhost:8222", nil, 200, "ok\n"},
		{"GET", "/readyz", "localhost:8222", broken, 503, "not connected\n"},
		{"GET", "/healthz", "evil.example:8222", nil, 403, ""},
		{"GET", "/healthz", "evil.example", nil, 403, ""},
		{"GET", "/healthz", "127.0.0.1.evil.example", nil, 403, ""},
		{"GET", "/healthz", "10.0.0.1:8222", nil, 403, ""},
		{"GET", "/healthz", "", nil, 403, ""},
		{"POST", "/healthz", "localhost", nil, 405, ""},
		{"DELETE", "/api/v1/jobs/a", "localhost", nil, 405, ""},
		{"OPTIONS", "/api/v1/view", "localhost", nil, 405, ""},
		{"GET", "/", "localhost", nil, 404, ""},
		{"GET", "/", "evil.example", nil, 403, ""},
		{"GET", "/api/v1/view", "localhost", nil, 404, ""}, // there is no observer
	} {
		w := get(Config{Health: func() error { return test.health }}, test.method, test.path, test.host)
		if w.Code != test.code || test.body != "" && w.Body.String() != test.body {
			t.Errorf("%s %s, host %q: %d %q", test.method, test.path, test.host, w.Code, w.Body)
		}
		for name, want := range securityHeaders {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s %s: header %s is %q", test.method, test.path, name, got)
			}
		}
		if len(w.Header()["Set-Cookie"]) > 0 {
			t.Errorf("%s %s sets a cookie", test.method, test.path)
		}
	}
}

// TestReady: /readyz says what is missing, each reason in a line.
func TestReady(t *testing.T) {
	w := get(Config{Ready: func() []string { return []string{"no lease", "no view"} }}, "GET", "/readyz", "localhost")
	if w.Code != 503 || w.Body.String() != "no lease\nno view\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if w := get(Config{Ready: func() []string { return nil }}, "GET", "/readyz", "localhost"); w.Code != 200 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

// TestListen: a loopback address is served until Close, and every other one is refused.
func TestListen(t *testing.T) {
	s, err := Listen(Config{Address: "127.0.0.1:0", Health: func() error { return nil }})
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
	if _, err := Listen(Config{Address: s.Addr()}); err == nil || errors.Is(err, ErrNotLoopback) {
		t.Errorf("a second server on one address: %v", err)
	}
	s.Close()
	if _, err := http.Get("http://" + s.Addr() + "/healthz"); err == nil {
		t.Error("it answers after Close")
	}
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "example.org:80", "192.0.2.1:0"} {
		if _, err := Listen(Config{Address: address}); !errors.Is(err, ErrNotLoopback) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
