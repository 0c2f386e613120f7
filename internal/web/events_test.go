package web

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/observe"
)

// serve starts a server with an Observer that observes nothing.
func serve(t *testing.T, c Config) (*Server, *observe.Observer) {
	t.Helper()
	o := observe.New()
	c.Address, c.Health, c.Observer = "127.0.0.1:0", func() error { return nil }, o
	s, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, o
}

// nextView returns the next View of a stream of events.
func nextView(t *testing.T, r *bufio.Reader) (v observe.View) {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(data), &v); err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
}

// TestEvents: a client gets the present View and each new one, for longer than a request may take.
func TestEvents(t *testing.T) {
	s, o := serve(t, Config{requestTimeout: 200 * time.Millisecond})
	answer, err := http.Get(s.URL() + "api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" || answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", answer.Header)
	}
	r := bufio.NewReader(answer.Body)
	if v := nextView(t, r); v.Connected || v.Reason == "" {
		t.Errorf("the first view: %+v", v)
	}
	timer := time.NewTimer(2 * s.config.requestTimeout) // the timeouts of a request must not end the stream
	defer timer.Stop()
	<-timer.C
	o.Offline("no server answers")
	if v := nextView(t, r); v.Reason != "no server answers" {
		t.Errorf("the next view: %+v", v)
	}
}

// TestViewers: only so many clients are served at a time, and one that leaves makes room.
func TestViewers(t *testing.T) {
	s, _ := serve(t, Config{})
	var answers []*http.Response
	for i := range maxViewers + 1 {
		answer, err := http.Get(s.URL() + "api/v1/events")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if want := i < maxViewers; (answer.StatusCode == 200) != want {
			t.Fatalf("client %d: %s", i, answer.Status)
		}
		answers = append(answers, answer)
	}
	if last := answers[maxViewers]; last.StatusCode != 429 || last.Header.Get("Retry-After") == "" {
		t.Errorf("too many clients: %s %v", last.Status, last.Header)
	}
	if answer, err := http.Get(s.URL() + "healthz"); err != nil || answer.StatusCode != 200 {
		t.Errorf("the health with all clients: %v, %v", answer, err)
	}
	answers[0].Body.Close()
	for deadline := time.Now().Add(time.Minute); ; {
		answer, err := http.Get(s.URL() + "api/v1/events")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode == 200 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a client that has left keeps its place")
		}
	}
}

// TestSlowViewer: a client that does not read is dropped, and does not hold up others.
func TestSlowViewer(t *testing.T) {
	s, o := serve(t, Config{sendEvent: 100 * time.Millisecond})
	slow, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	slow.(*net.TCPConn).SetReadBuffer(1 << 10)
	fmt.Fprintf(slow, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	for deadline := time.Now().Add(time.Minute); s.events.viewers.Load() == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the client is not served")
		}
	}
	deadline := time.Now().Add(2 * time.Minute)
	for i := 0; s.events.viewers.Load() > 0; i++ {
		o.Offline(strings.Repeat("x", 1<<20+i%2)) // a change each time; more than the buffers of a connection hold, in time
		if time.Now().After(deadline) {
			t.Fatal("a client that does not read is still served")
		}
	}
	answer, err := http.Get(s.URL() + "api/v1/events")
	if err != nil || answer.StatusCode != 200 {
		t.Fatalf("%v, %v", answer, err)
	}
	defer answer.Body.Close()
	nextView(t, bufio.NewReader(answer.Body))
}

// TestShort: an event has a bounded part of a View.
func TestShort(t *testing.T) {
	v := &observe.View{
		Lines: make([]observe.JobLine, 10_000), Names: make([]observe.Worker, 1000), Running: make([]observe.Running, 1000),
		History: []observe.Sample{{Busy: 1}, {Busy: 2}}, Total: 10_000,
	}
	s := short(v)
	if len(s.Lines) != maxEvent || len(s.Names) != maxEvent || len(s.Running) != maxEvent || len(s.History) != 1 || s.History[0].Busy != 2 || s.Total != 10_000 {
		t.Errorf("%d jobs, %d workers, %d running, history %v", len(s.Lines), len(s.Names), len(s.Running), s.History)
	}
	if len(v.Lines) != 10_000 {
		t.Error("the View itself was changed")
	}
}

// TestClose: the end of the server ends the streams.
func TestClose(t *testing.T) {
	s, _ := serve(t, Config{})
	answer, err := http.Get(s.URL() + "api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	began := time.Now()
	s.Close()
	if _, err := bufio.NewReader(answer.Body).ReadString('!'); err == nil {
		t.Error("the stream goes on after Close")
	}
	t.Logf("closed in %v", time.Since(began))
}

// TestShortNames: of very many workers an event has those that need attention, and leaves the View as it is.
func TestShortNames(t *testing.T) {
	v := &observe.View{}
	for i := range 2 * maxEvent {
		var w observe.Worker
		w.Name = fmt.Sprintf("w%04d", i)
		v.Names = append(v.Names, w)
	}
	v.Names[maxEvent+3].Lost = 1
	v.Names[maxEvent+7].Quarantined = new(time.Time)
	got := short(v).Names
	if len(got) != maxEvent || got[0].Name != "w0207" || got[1].Name != "w0203" || got[2].Name != "w0000" || got[maxEvent-1].Name != "w0197" {
		t.Errorf("%d workers: %s, %s, %s to %s", len(got), got[0].Name, got[1].Name, got[2].Name, got[len(got)-1].Name)
	}
	if v.Names[0].Name != "w0000" || len(v.Names) != 2*maxEvent {
		t.Error("the View was changed")
	}
}
