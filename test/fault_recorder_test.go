package test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// A recorder records what workers publish, and their heartbeats.
type recorder struct {
	mu       sync.Mutex
	beats    int
	results  []sighting
	returns  []sighting
	requeued []string                   // subjects of tasks that were requeued
	handed   map[string]map[string]bool // task's sequence -> deliveries that a worker has received
}

// A sighting is a result or a return that a worker has published.
type sighting struct {
	at      time.Time
	subject string
	attempt uint32
	died    bool // the return is for isolation: an earlier worker died
}

// record starts a recorder. It survives restarts of the server.
func (s *server) record() *recorder {
	s.t.Helper()
	w := &recorder{handed: make(map[string]map[string]bool)}
	nc, err := nats.Connect(s.url, append([]nats.Option{nats.MaxReconnects(-1), nats.ReconnectWait(20 * time.Millisecond), nats.ReconnectJitter(0, 0)}, s.admin...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(nc.Close)
	see := func(m *nats.Msg) {
		w.mu.Lock()
		defer w.mu.Unlock()
		seen := sighting{at: time.Now(), subject: m.Subject}
		if token := strings.Split(m.Subject, "."); token[0] == "$JS" && len(token) == 9 {
			// $JS.ACK.<stream>.<durable>.<delivered>.<sequence>.<number of the delivery>.<time>.<pending>
			if w.handed[token[5]] == nil {
				w.handed[token[5]] = make(map[string]bool)
			}
			w.handed[token[5]][token[4]+" "+token[6]] = true
		}
		switch {
		case string(m.Data) == "+WPI":
			w.beats++
		case strings.HasPrefix(m.Subject, "FACTOR.tasks."):
			if !strings.HasSuffix(m.Subject, ".0") {
				w.requeued = append(w.requeued, m.Subject)
			}
		case strings.HasPrefix(m.Subject, "FACTOR.results."):
			if r, err := task.DecodeResult(m.Data); err == nil {
				seen.attempt = r.Attempt
			}
			w.results = append(w.results, seen)
		case strings.HasPrefix(m.Subject, "FACTOR.returns."):
			if r, err := task.DecodeReturn(m.Data); err == nil {
				seen.died = r.Reason == task.Isolate && r.Pieces > 0
			}
			w.returns = append(w.returns, seen)
		}
	}
	for _, subject := range []string{"$JS.ACK." + schema.StreamTasks + ".>", "FACTOR.tasks.>", "FACTOR.results.>", "FACTOR.returns.>"} {
		if _, err := nc.Subscribe(subject, see); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		s.t.Fatal(err)
	}
	return w
}

func (w *recorder) beatCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.beats
}

func (w *recorder) resultCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.results)
}

// returned returns the ranges of the recorded returns.
func (w *recorder) returned(t testing.TB) (list []task.Range) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.returns {
		p, err := schema.ParseSubject(r.subject)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p.Range)
	}
	return list
}

// redeliveries returns the number of deliveries that workers received beyond one for each task. A
// worker publishes a heartbeat for a delivery at once. Deliveries while the recorder was disconnected
// are not counted.
func (w *recorder) redeliveries() (count int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, deliveries := range w.handed {
		count += len(deliveries) - 1
	}
	return count
}

// awaitReceived waits until a worker has published a heartbeat for a delivery. The server may have sent
// the delivery some time before it arrives.
func (w *recorder) awaitReceived(t testing.TB) {
	t.Helper()
	eventually(t, "a worker has a task", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.handed) > 0
	})
}

// lastResult returns the time of the last recorded result.
func (w *recorder) lastResult() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.results) == 0 {
		return time.Time{}
	}
	return w.results[len(w.results)-1].at
}
