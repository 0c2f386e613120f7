package test

import (
	"encoding/json"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A server is a nats-server process.
type server struct {
	*program
	url   string
	login []setting     // of programs that connect to it; none if it accepts every connection
	admin []nats.Option // of the test's own connections; none if it accepts every connection

	mu   sync.Mutex
	conn *nats.Conn // of connect; guarded by mu
}

// startServer starts a nats-server with JetStream and without streams.
func startServer(t testing.TB) *server {
	t.Helper()
	s := &server{program: start(t, "nats-server", "-a 127.0.0.1 -p -1 -js -sd "+t.TempDir())}
	s.await(&s.stderr, "Server is ready")
	s.url = listens(t, s.program)
	return s
}

// listens waits until a nats-server listens and returns its URL.
func listens(t testing.TB, p *program) string {
	t.Helper()
	address := regexp.MustCompile(`Listening for client connections on (\S+)`).FindStringSubmatch(p.stderr.String())
	if address == nil {
		t.Fatalf("nats-server does not say where it listens:\n%s", p.stderr.String())
	}
	return "nats://" + address[1]
}

// startFleet starts a nats-server with streams, without workers.
func startFleet(t testing.TB) *server {
	t.Helper()
	s := startServer(t)
	s.run("producer", "init").wantCode(0)
	return s
}

// run and start run a program that connects to this server.
func (s *server) run(name, args string, settings ...setting) *program {
	s.t.Helper()
	return run(s.t, name, args, s.connects(settings)...)
}

func (s *server) start(name, args string, settings ...setting) *program {
	s.t.Helper()
	return start(s.t, name, args, s.connects(settings)...)
}

// connects adds the settings of a program that connects to this server.
func (s *server) connects(settings []setting) []setting {
	return slices.Concat(settings, s.login, []setting{environment("NATS_URL=" + s.url)})
}

// consumer starts a worker and returns once it requests tasks.
func (s *server) consumer(args string) *program {
	s.t.Helper()
	p := s.start("consumer", "run "+args)
	p.await(&p.stderr, "worker ready")
	return p
}

// report runs a command of producer that prints JSON, and holds the JSON against its schema.
func report[T any](s *server, args string) (v T) {
	s.t.Helper()
	p := s.run("producer", args+" --json").wantCode(0)
	wantSchema(s.t, outputName(args), p.stdout.String())
	if err := json.Unmarshal([]byte(p.stdout.String()), &v); err != nil {
		s.t.Fatalf("%s: %v: %.500s", p.line, err, p.stdout.String())
	}
	return v
}

// A fleetStatus is the output of `producer status --json`.
type fleetStatus struct {
	Queue []struct {
		Queued int
		InWork int `json:"in_work"`
	}
	Workers, Slots, Jobs int
}

func (s *server) status() (f fleetStatus, inWork int) {
	s.t.Helper()
	f = report[fleetStatus](s, "status")
	for _, q := range f.Queue {
		inWork += q.InWork
	}
	return f, inWork
}

// A jobStatus is the output of `producer status JOB --json`.
type jobStatus struct {
	State                    string
	Count, Stored, Answered  int
	Queued, Chunks, Verified int
	CutOff                   bool `json:"cut_off"`
	Note                     string
	Bad                      int `json:"bad_count"`
	Letters                  int `json:"dead_letters"`
}

func (s *server) job(id string) jobStatus {
	s.t.Helper()
	return report[jobStatus](s, "status "+id)
}

// connect returns the connection of the test, once it is connected: it survives restarts of the server. It is
// closed with the test.
func (s *server) connect() (*nats.Conn, jetstream.JetStream) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil || s.conn.IsClosed() {
		nc, err := nats.Connect(s.url, slices.Concat([]nats.Option{nats.MaxReconnects(-1), nats.ReconnectWait(50 * time.Millisecond), nats.ReconnectJitter(0, 0)}, s.admin)...)
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(nc.Close)
		s.conn = nc
	}
	nc := s.conn
	eventually(s.t, "the test is connected", nc.IsConnected)
	js, err := jetstream.New(nc)
	if err != nil {
		s.t.Fatal(err)
	}
	return nc, js
}

// queuedEver returns the number of tasks that were ever published.
func (s *server) queuedEver() uint64 {
	s.t.Helper()
	return s.stream("FACTOR_TASKS").CachedInfo().State.LastSeq
}

// deliveries returns the number of deliveries that the server has ever made.
func (s *server) deliveries() (count uint64) {
	s.t.Helper()
	for consumer := range s.stream("FACTOR_TASKS").ListConsumers(s.t.Context()).Info() {
		count += consumer.Delivered.Consumer
	}
	return count
}

func (s *server) stream(name string) jetstream.Stream {
	s.t.Helper()
	_, js := s.connect()
	stream, err := js.Stream(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	return stream
}

// resultSubjects returns the subjects of all stored results, sorted.
func (s *server) resultSubjects() (list []string) {
	s.t.Helper()
	info, err := s.stream("FACTOR_RESULTS").Info(s.t.Context(), jetstream.WithSubjectFilter(">"))
	if err != nil {
		s.t.Fatal(err)
	}
	for subject := range info.State.Subjects {
		list = append(list, subject)
	}
	slices.Sort(list)
	return list
}
