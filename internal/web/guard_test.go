package web

import (
	"net/http"
	"testing"

	"factorfleet/internal/observe"
)

const token = "0123456789abcdef"

// TestToken: with a token, the API and what is mounted need it; the page and the health do not.
func TestToken(t *testing.T) {
	c := Config{Token: token, Observer: observe.New(), Page: http.NotFoundHandler()}
	for _, test := range []struct {
		path, authorization string
		code                int
	}{
		{"/healthz", "", 200},
		{"/readyz", "", 200},
		{"/", "", 404}, // of the handler of the page
		{"/assets/a.js", "", 404},
		{"/api/v1/view", "", 401},
		{"/api/v1/view?token=" + token, "", 401},
		{"/api/v1/events", "", 401},
		{"/api/v1/jobs", "Bearer " + token[1:], 401},
		{"/api/v1/jobs", "Bearer " + token + "0", 401},
		{"/api/v1/jobs", "Bearer ", 401},
		{"/api/v1/jobs", token, 401},
		{"/api/v1/jobs?sort=x", "Bearer " + token, 503}, // nothing is known yet
		{"/api/v1/jobs?limit=x", "Bearer " + token, 400},
		{"/metrics", "", 401},
		{"/api/v1/nothing", "Bearer " + token, 404},
	} {
		w := get(c, "GET", test.path, "fleet.example", "Authorization", test.authorization)
		if w.Code != test.code {
			t.Errorf("%s with %q: %d %s", test.path, test.authorization, w.Code, w.Body)
		}
		if test.code == 401 && w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: 401 without WWW-Authenticate", test.path)
		}
	}
}

// TestHosts: with a token any Host is accepted, unless names are configured.
func TestHosts(t *testing.T) {
	for _, test := range []struct {
		token string
		hosts []string
		host  string
		code  int
	}{
		{"", nil, "fleet.example", 403},
		{"", []string{"fleet.example"}, "fleet.example:443", 200},
		{"", []string{"fleet.example"}, "Fleet.Example", 200},
		{"", []string{"fleet.example"}, "evil.example", 403},
		{"", []string{"fleet.example"}, "127.0.0.1", 200},
		{token, nil, "fleet.example", 200},
		{token, []string{"fleet.example"}, "evil.example", 403},
	} {
		if w := get(Config{Token: test.token, Hosts: test.hosts}, "GET", "/healthz", test.host); w.Code != test.code {
			t.Errorf("%+v: %d", test, w.Code)
		}
	}
}

// TestSite: what a browser requests for a page of another site is refused; a link to the page is not.
func TestSite(t *testing.T) {
	for _, test := range []struct {
		site, mode, dest string
		code             int
	}{
		{"", "", "", 200}, {"none", "navigate", "document", 200}, {"same-origin", "cors", "empty", 200}, {"cross-site", "navigate", "document", 200},
		{"cross-site", "navigate", "iframe", 403}, {"cross-site", "no-cors", "image", 403}, {"same-site", "cors", "empty", 403}, {"cross-site", "", "", 403},
	} {
		if w := get(Config{}, "GET", "/healthz", "localhost", "Sec-Fetch-Site", test.site, "Sec-Fetch-Mode", test.mode, "Sec-Fetch-Dest", test.dest); w.Code != test.code {
			t.Errorf("%+v: %d", test, w.Code)
		}
	}
}

// TestHandle: what is mounted is behind all checks, also if it is mounted late.
func TestHandle(t *testing.T) {
	s, err := Listen(Config{Address: "127.0.0.1:0", Token: token, Health: func() error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Handle("GET /metrics", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("up 1\n")) }))
	for authorization, code := range map[string]int{"": 401, "Bearer " + token: 200} {
		r, err := http.NewRequest("GET", "http://"+s.Addr()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", authorization)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != code {
			t.Errorf("with %q: %s", authorization, answer.Status)
		}
	}
}

// TestGzip: which Accept-Encoding accepts gzip.
func TestGzip(t *testing.T) {
	for header, want := range map[string]bool{"": false, "gzip": true, "br, gzip;q=0.5": true, "gzip;q=0": false, "gzip; q=0.0": false, "GZIP": true, "x-gzip": false} {
		r := &http.Request{Header: http.Header{"Accept-Encoding": {header}}}
		if got := acceptsGzip(r); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
