package test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/notify"
	"factorfleet/internal/schema"
)

// A hook is an address that counts notifications.
type hook struct {
	t   testing.TB
	url string

	mu     sync.Mutex
	events []notify.Event // guarded by mu
	refuse bool           // guarded by mu; it answers 404
}

func newHook(t testing.TB) *hook {
	h := &hook{t: t}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	h.url = s.URL
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var e notify.Event
	if err != nil || json.Unmarshal(body, &e) != nil {
		w.WriteHeader(400)
		return
	}
	wantSchema(h.t, "notification", string(body))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
	if h.refuse {
		w.WriteHeader(404)
	}
}

// of returns the notifications about a job.
func (h *hook) of(job string) (list []notify.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if e.Job == job {
			list = append(list, e)
		}
	}
	return list
}

// TestNotifySupervisors: of two supervisors one tells, and one that starts later tells nothing again.
func TestNotifySupervisors(t *testing.T) {
	t.Parallel()
	s, h := startFleet(t), newHook(t)
	serve := "serve --listen none --notify " + h.url + "/hook"
	for range 2 {
		p := s.start("producer", serve)
		p.await(&p.stderr, "supervising")
	}
	s.consumer("-n 1")
	s.run("producer", "submit --detach --id first 15 21 x").wantCode(1)
	eventually(t, "the first job is told", func() bool { return len(h.of("first")) > 0 })
	e := h.of("first")[0]
	if e.Event != notify.JobEnded || e.State != notify.Done || e.Verified != 2 || e.Bad != 1 || e.Program != "producer serve" {
		t.Errorf("%+v", e)
	}
	p := s.start("producer", serve)
	p.await(&p.stderr, "supervising")
	s.run("producer", "submit --detach --id second --after 10m 35").wantCode(0)
	s.run("producer", "cancel second").wantCode(0)
	eventually(t, "the second job is told", func() bool { return len(h.of("second")) > 0 })
	if e := h.of("second")[0]; e.State != notify.Cancelled {
		t.Errorf("%+v", e)
	}
	s.run("producer", "rm first").wantCode(0)
	// A submitter removes its job at the end: the tombstone tells.
	s.run("producer", "submit --id third --keep 0s 15").wantCode(0)
	eventually(t, "the third job is told", func() bool { return len(h.of("third")) > 0 })
	if e := h.of("third")[0]; e.State != notify.Done || e.Verified != 1 {
		t.Errorf("%+v", e)
	}
	for _, job := range []string{"first", "second", "third"} {
		if n := len(h.of(job)); n != 1 {
			t.Errorf("job %s was told %d times", job, n)
		}
	}
}

// TestNotifyFailed: a job whose input is lost cannot be finished, which is told once.
func TestNotifyFailed(t *testing.T) {
	t.Parallel()
	s, h := startFleet(t), newHook(t)
	s.run("producer", "submit --detach --id lost 15 21").wantCode(0)
	if err := s.stream(schema.StreamInputs).Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.stream(schema.StreamTasks).Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.start("producer", "serve --listen none --notify "+h.url)
	eventually(t, "the failure is told", func() bool { return len(h.of("lost")) > 0 })
	if e := h.of("lost")[0]; e.Event != notify.JobEnded || e.State != notify.Failed || !strings.Contains(e.Reason, "lost") {
		t.Errorf("%+v", e)
	}
}

// TestNotifyInterrupted: Ctrl-C ends the wait for a notification, and the exit code is that of the job.
func TestNotifyInterrupted(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.consumer("-n 1")
	begun := filepath.Join(t.TempDir(), "begun")
	p := s.start("producer", "submit --notify", arguments("touch "+begun+"; sleep 1000", "15"))
	eventually(t, "the command runs", func() bool { _, err := os.Stat(begun); return err == nil })
	p.signal(syscall.SIGINT)
	p.wait()
	p.wantCode(0).wantStdout("15: 3 5\n").wantSaid("notify command touch: interrupted")
}

// TestNotifyDeadLetters: the first dead letter of a job is told while the job goes on, and a target that refuses is said in
// one line and changes no exit code.
func TestNotifyDeadLetters(t *testing.T) {
	t.Parallel()
	s, h := startFleetWith(t, time.Second), newHook(t)
	p := s.start("producer", "serve --listen none --notify "+h.url)
	p.await(&p.stderr, "supervising")
	s.worker("fragile", fragile{nat.New(1_000_017)})
	s.run("producer", "submit --detach --id j 1000017 1000018").wantCode(0)
	eventually(t, "the dead letter and the end are told", func() bool { return len(h.of("j")) >= 2 })
	told := make(map[string]notify.Event)
	for _, e := range h.of("j") {
		told[e.Event] = e
	}
	if e := told[notify.DeadLetters]; e.Dead != 1 {
		t.Errorf("%+v", e)
	}
	if e := told[notify.JobEnded]; e.Dead != 1 || e.State != notify.Done || e.Verified != 1 {
		t.Errorf("%+v", e)
	}
	h.mu.Lock()
	h.refuse = true
	h.mu.Unlock()
	s.run("producer", "wait j --notify "+h.url+"/SECRET").wantCode(1).wantSaid("notify " + h.url + ": the server answers 404 Not Found (1 attempt)")
	s.run("producer", "submit --detach --id k --after 10m 15").wantCode(0)
	s.run("producer", "cancel k").wantCode(0)
	p.await(&p.stderr, "a notification was not delivered")
}
