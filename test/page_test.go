package test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pageOf waits until p serves a page, and returns its address.
func pageOf(p *program) string {
	p.t.Helper()
	p.await(&p.stderr, "page of the fleet is")
	url := regexp.MustCompile(`http://[^ ]*:\d+/`).FindString(p.stderr.String())
	if url == "" {
		p.t.Fatalf("no address: %s", p.stderr.String())
	}
	return url
}

// fetch requests a document of the API; token is "" for none.
func fetch(t testing.TB, url, token string, document any) (code int) {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if document != nil && answer.StatusCode == 200 {
		if err := json.Unmarshal(body, document); err != nil {
			t.Fatalf("%s: %v in %.200q", url, err, body)
		}
	}
	return answer.StatusCode
}

// A viewed is the part of a View that tests look at.
type viewed struct {
	Connected bool
	Workers   int
	Lines     []struct {
		ID, State string
		Answered  int
	} `json:"job_list"`
}

// TestPageOfServe: `producer serve` shows the jobs and workers of the fleet, also after the server was away.
func TestPageOfServe(t *testing.T) {
	t.Parallel()
	s := newFaultFleet(t, time.Second)
	p := s.supervise("--listen 127.0.0.1:0")
	url := pageOf(p)
	s.consumer("-n 1")
	s.run("producer", "submit --id j 15 77").wantCode(0)
	shows := func(what string, ok func(v *viewed) bool) {
		t.Helper()
		eventually(t, what, func() bool {
			var v viewed
			return fetch(t, url+"api/v1/view", "", &v) == 200 && ok(&v)
		})
	}
	shows("the job and the worker", func(v *viewed) bool {
		return v.Connected && v.Workers == 1 && len(v.Lines) == 1 && v.Lines[0].State == "done" && v.Lines[0].Answered == 2
	})
	if code := fetch(t, url+"api/v1/jobs/nosuch", "", nil); code != 404 {
		t.Errorf("a job that there is not: %d", code)
	}
	var page struct{ Slowest []struct{ N string } }
	eventually(t, "the page of the job", func() bool { return fetch(t, url+"api/v1/jobs/j", "", &page) == 200 && len(page.Slowest) == 2 })
	s.stopServer(syscall.SIGTERM)
	shows("the server is away", func(v *viewed) bool { return !v.Connected && len(v.Lines) == 1 })
	s.restartServer()
	shows("the server is back", func(v *viewed) bool { return v.Connected && len(v.Lines) == 1 })
}

// TestPageOfEmbedded: `embedded run --web` shows its fleet, to those who have the token, which it makes if there is none.
func TestPageOfEmbedded(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	p := start(t, "embedded", "run --listen 127.0.0.1:0 --web=127.0.0.1:0 -n 1 --web-token-file "+file)
	url := pageOf(p)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(string(text))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode of the file: %v, %v", info.Mode(), err)
	}
	if code := fetch(t, url+"api/v1/view", "", nil); code != 401 {
		t.Errorf("without the token: %d", code)
	}
	if code := fetch(t, url+"healthz", "", nil); code != 200 {
		t.Errorf("the health: %d", code)
	}
	eventually(t, "the worker is shown", func() bool {
		var v viewed
		return fetch(t, url+"api/v1/view", token, &v) == 200 && v.Connected && v.Workers == 1
	})
	if strings.Contains(p.stderr.String(), token) {
		t.Error("the token is in the log")
	}
	p.signal(os.Interrupt)
	p.wait()
}

// TestPageRefused: what would let others read the page is refused in one line.
func TestPageRefused(t *testing.T) {
	t.Parallel()
	open := filepath.Join(t.TempDir(), "open")
	if err := os.WriteFile(open, []byte("0123456789abcdef0123\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		program, args string
		code          int
		said          string
	}{
		{"producer", "serve --listen 0.0.0.0:0", 2, "other machines can reach it: set --web-token-file"},
		{"producer", "serve --listen 127.0.0.1:0 --web-cert x", 2, "--web-cert and --web-key must be set together"},
		{"producer", "serve --listen 127.0.0.1:0 --web-token-file " + open, 1, "chmod 600"},
		{"producer", "serve --listen 127.0.0.1:0 --web-token-file " + short, 1, "at least 16 printable ASCII characters"},
		{"embedded", "run --listen 127.0.0.1:0 --web=0.0.0.0:0", 2, "--web 0.0.0.0:0: other machines can reach it"},
		{"embedded", "run --web=x", 2, `--web "x" is not host:port`},
		{"embedded", "submit --web-host a 15", 2, "--web-host needs --web"},
	} {
		p := run(t, test.program, test.args).wantCode(test.code)
		if said := p.stderr.String(); !strings.Contains(said, test.said) || strings.Count(said, "error:") != 1 {
			t.Errorf("%s %s: %s", test.program, test.args, said)
		}
	}
}
