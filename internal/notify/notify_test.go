package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestParse(t *testing.T) {
	for value, want := range map[string]string{ // "-" = refused
		"https://hooks.example/T0/SECRET?token=x": "https://hooks.example",
		"http://user:secret@127.0.0.1:8080/":      "http://127.0.0.1:8080",
		"HTTPS://h/":                              "https://h",
		"mail -s done me":                         "command mail",
		"curl http://x/":                          "command curl",
		"TOKEN=secret B='x y' post\tjob":          "command post",
		"curl\thttps://x/SECRET":                  "command curl",
		" \thttps://h/SECRET\n":                   "https://h",
		"$POST":                                   "command",
		strings.Repeat("x", 1000):                 "command " + strings.Repeat("x", 57) + "...",
		"":                                        "-", " ": "-", "ftp://h/x": "-", "https://": "-", "http://[::1": "-", "https:///path": "-", "file:///etc/passwd": "-",
	} {
		target, err := Parse(value, false)
		switch {
		case want == "-":
			if err == nil || strings.Contains(err.Error(), "passwd") {
				t.Errorf("%q: %v, %v", value, target, err)
			}
		case err != nil || target.String() != want:
			t.Errorf("%q: %v, %v", value, target, err)
		}
	}
	if c, err := Parse("TOKEN=secret X=y curl -d @- https://example.org", false); err != nil || c.String() != "command curl" {
		t.Errorf("%v, %v", c, err)
	}
	if d, err := Parse("notify-send done", true); err != nil || len(d.words) != 2 || d.String() != "command notify-send" {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestPauses: five attempts, with pauses of 2, 4, 8 and 16 s.
func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		err := deliver(t.Context(), "x", func(context.Context) error {
			at = append(at, time.Since(began))
			return errors.New("busy\nnow")
		})
		want := []time.Duration{0, 2 * time.Second, 6 * time.Second, 14 * time.Second, 30 * time.Second}
		if len(at) != len(want) {
			t.Fatalf("attempts at %v", at)
		}
		for i := range want {
			if at[i] != want[i] {
				t.Errorf("attempts at %v", at)
			}
		}
		if err == nil || err.Error() != "notify x: busy now (5 attempts)" {
			t.Errorf("%v", err)
		}

		calls := 0
		if err := deliver(t.Context(), "x", func(context.Context) error {
			if calls++; calls < 3 {
				return errors.New("busy")
			}
			return nil
		}); err != nil || calls != 3 {
			t.Errorf("%d calls: %v", calls, err)
		}
		calls = 0
		if err := deliver(t.Context(), "x", func(context.Context) error { calls++; return finalError{errors.New("no")} }); err == nil || calls != 1 {
			t.Errorf("final: %d calls: %v", calls, err)
		}
	})
}

// TestBounds: attempts that hang end, and all of it lasts two minutes at most; the end of the context ends it at once.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		began := time.Now()
		err := deliver(t.Context(), "x", hang)
		if lasted := time.Since(began); lasted > Longest || lasted < Longest-attemptTimeout || err == nil {
			t.Errorf("%v: %v", lasted, err)
		}
		stopped := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(3*time.Second, func() { cancel(stopped) })
		began = time.Now()
		err = deliver(ctx, "x", hang)
		if lasted := time.Since(began); lasted != 3*time.Second || !errors.Is(err, stopped) {
			t.Errorf("%v: %v", lasted, err)
		}
	})
}

var event = Event{ID: "j-1", Event: JobEnded, Job: "j", State: Done, Numbers: 3, Verified: 2, Dead: 1, Reason: "a\nb", Kind: "factor", Program: "test"}

// once makes one attempt.
func once(t *testing.T, target *Target) error {
	t.Helper()
	e := event
	e.Complete()
	if target.url != nil {
		return target.post(t.Context(), &e, e.body())
	}
	return target.run(t.Context(), &e, e.body())
}

// parse returns a target.
func parse(t *testing.T, value string) *Target {
	t.Helper()
	target, err := Parse(value, false)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func TestPost(t *testing.T) {
	var got Event
	var header http.Header
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		if b, err := io.ReadAll(r.Body); err != nil || r.Method != "POST" || json.Unmarshal(b, &got) != nil {
			w.WriteHeader(400)
		}
	}))
	defer s.Close()
	if err := parse(t, s.URL+"/hook?x=1").Deliver(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	if got.V != 1 || got.Job != "j" || got.Reason != "a b" || got.Text != "job j is done: 2 of 3 answered, 1 given up: a b" {
		t.Errorf("%+v", got)
	}
	if header.Get("Content-Type") != "application/json" || header.Get("Idempotency-Key") != "j-1" {
		t.Errorf("%v", header)
	}
}

// TestAnswers: which answers are a success, which are final, and what is said of them.
func TestAnswers(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect to another host was followed") }))
	defer other.Close()
	var posts atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ok", func(_ http.ResponseWriter, r *http.Request) {
		if b, _ := io.ReadAll(r.Body); len(b) > 0 {
			posts.Add(1)
		}
	})
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503); io.WriteString(w, "try\x1b later") })
	mux.HandleFunc("/gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) })
	mux.HandleFunc("/hooks/", func(w http.ResponseWriter, r *http.Request) { // as many servers do
		user, password, _ := r.BasicAuth()
		w.WriteHeader(404)
		fmt.Fprintf(w, "Cannot POST %s: %s, %s, %s %s", r.RequestURI, r.URL.Path, r.URL.Query().Get("token"), user, password)
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusTemporaryRedirect) })
	mux.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/ok", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/round", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/huge", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(500)
		for block := make([]byte, 1<<20); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	for path, want := range map[string]struct {
		final bool
		text  string // "" = success
	}{
		"/ok":    {},
		"/moved": {},
		"/busy":  {false, "the server answers 503 Service Unavailable: try later"},
		"/gone":  {true, "the server answers 404 Not Found"},
		"/get":   {true, "redirects without the request body"},
		"/away":  {true, "redirects to another host"},
		"/round": {true, "too many redirects"},
		"/huge":  {false, "the server answers 500 Internal Server Error"},
	} {
		err := once(t, parse(t, s.URL+path+"?secret"))
		if want.text == "" {
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want.text) || strings.Contains(err.Error(), "secret") || errors.As(err, new(finalError)) != want.final {
			t.Errorf("%s: %v, want %+v", path, err, want)
		}
	}
	hook := strings.Replace(s.URL, "://", "://user:passw-secret@", 1) + "/hooks/T-secret/%73ecret%2Fx?token=a-secret"
	if err := once(t, parse(t, hook)); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "Cannot POST") {
		t.Errorf("an answer that quotes the address: %v", err)
	}
	if posts.Load() != 2 {
		t.Errorf("%d posts with a body, not 2", posts.Load())
	}
}

// TestTLS: a certificate that nobody trusts is refused.
func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") }))
	s.Config.ErrorLog = nil
	s.StartTLS()
	defer s.Close()
	if err := once(t, parse(t, s.URL+"/secret")); err == nil || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	t.Setenv("OUT", out)
	if err := once(t, parse(t, `cat >"$OUT"; printf '%s %s %s %s' "$FACTORFLEET_JOB" "$FACTORFLEET_STATE" "$FACTORFLEET_DEAD" "$FACTORFLEET_REASON" >>"$OUT"; echo noise; yes | head -c 100000`)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	line, rest, _ := strings.Cut(string(b), "\n")
	var got Event
	if err != nil || json.Unmarshal([]byte(line), &got) != nil || got.Job != "j" || rest != "j done 1 a b" {
		t.Errorf("%s, %v", b, err)
	}
	for command, want := range map[string]struct {
		final bool
		text  string
	}{
		"echo no luck >&2; exit 3":         {false, "exit status 3: no luck"},
		"/nonexistent/command":             {true, "exit status 127"},
		"yes x | head -c 100000 >&2;false": {false, "exit status 1: "},
	} {
		err := once(t, parse(t, command))
		if err == nil || !strings.Contains(err.Error(), want.text) || errors.As(err, new(finalError)) != want.final || len(err.Error()) > 400 {
			t.Errorf("%s: %v", command, err)
		}
	}
	direct, err := Parse("/nonexistent/command a", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := once(t, direct); err == nil || !errors.As(err, new(finalError)) {
		t.Errorf("%v", err)
	}
	// A command that does not read its standard input succeeds, and one that leaves a process behind does not hold up.
	if err := once(t, parse(t, "true")); err != nil {
		t.Error(err)
	}
}

// TestCommandEnds: all processes of a command end with the context.
func TestCommandEnds(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	ctx, cancel := context.WithCancel(t.Context())
	target := parse(t, "mkfifo "+ready+"; (sleep 1000 & echo >"+ready+"; wait) >/dev/null; true")
	ended := make(chan error, 1)
	go func() { ended <- target.run(ctx, &event, nil) }()
	for {
		if f, err := os.Open(ready); err == nil {
			f.Close()
			break
		}
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("no error")
	}
}
