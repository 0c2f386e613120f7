package test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// unsupervised is the warning of every program about a fleet without a supervisor.
const unsupervised = "unsupervised: no supervisor is alive, so tasks that a worker loses or returns wait until one is; run `producer serve`"

// noWorker is what submit says if no worker is alive.
const noWorker = "no worker is running: start one with `consumer run`; the job waits"

// supervise starts `producer serve` and returns once it has its lease.
func (s *server) supervise(args string, settings ...setting) *program {
	s.t.Helper()
	before := s.supervisors()
	p := s.start("producer", "serve "+args, settings...)
	p.await(&p.stderr, "supervising")
	eventually(s.t, "the supervisor has its lease", func() bool { return s.supervisors() > before })
	return p
}

// supervisors returns how many supervisors are alive, and those that have died within the life of a lease.
func (s *server) supervisors() int {
	s.t.Helper()
	return len(s.keys(schema.BucketLeases, "process.supervisor.*"))
}

// keys returns the keys of a bucket that the filter selects.
func (s *server) keys(bucket, filter string) (list []string) {
	s.t.Helper()
	_, js := s.connect()
	kv, err := js.KeyValue(s.t.Context(), bucket)
	if err != nil {
		s.t.Fatal(err)
	}
	keys, err := kv.ListKeysFiltered(s.t.Context(), filter)
	if err != nil {
		s.t.Fatal(err)
	}
	for key := range keys.Keys() {
		list = append(list, key)
	}
	return list
}

// startFleetWith starts a nats-server with streams, for a redelivery after ackWait.
func startFleetWith(t testing.TB, ackWait time.Duration) *server {
	t.Helper()
	s := startServer(t)
	s.run("producer", "init --ack-wait "+ackWait.String()).wantCode(0)
	return s
}

// A detached job ends as long as a supervisor and a worker live, although its first worker was killed. Without a
// supervisor it would stay sealed for ever.
func TestServeDetachedJob(t *testing.T) {
	t.Parallel()
	s := startFleetWith(t, time.Second)
	s.supervise("--listen none")
	dying := s.consumer("-n 1 --name dying")
	numbers := slow(0, 60, 61)
	s.run("producer", "submit --detach --id j --chunk 30", feed(numbers)).wantCode(0).wantStderr("")
	eventually(t, "a chunk is running", func() bool { return s.unsettled() > 0 })
	dying.kill()
	s.consumer("-n 1 --name heir")
	eventually(t, "the job is done", func() bool { return s.state("j") == task.Done })
	checkAnswers(t, numbers, s.run("producer", "results j").wantCode(0).wantStderr("").stdout.String())
}

// Of two supervisors the one that watches the job is killed: the other one finishes the job, within the time
// to live of a lease and a few looks, and no number is answered twice.
func TestServeTwo(t *testing.T) {
	t.Parallel()
	const ackWait = 2 * time.Second
	s := startFleetWith(t, ackWait)
	both := []*program{s.supervise("--listen none --log-level debug"), s.supervise("--listen none --log-level debug")}
	const count, one = 600, 15 * time.Millisecond
	numbers := slow(0, count, 61)
	s.run("producer", "submit --detach --id j --chunk 10", feed(numbers)).wantCode(0).wantStderr("producer: " + noWorker + "\n")
	s.consumer("-n 1")
	var watcher *program
	eventually(t, "one of them watches the job", func() bool {
		at := slices.IndexFunc(both, func(p *program) bool { return strings.Contains(p.stderr.String(), "watching job") })
		if at >= 0 {
			watcher = both[at]
		}
		return at >= 0
	})
	watcher.kill()
	if state := s.job("j").State; state != "sealed" {
		t.Fatalf("the job was %s before the supervisor was killed", state)
	}
	began := time.Now()
	eventually(t, "the job is done", func() bool { return s.state("j") == task.Done })
	if took := time.Since(began); took > count*one+20*time.Second+ackWait {
		t.Errorf("done %v after the supervisor was killed", took)
	}
	checkAnswers(t, numbers, s.run("producer", "results j").wantCode(0).wantStderr("").stdout.String())
	s.checkAnsweredOnce("j", count)
}

// healthOf waits until p serves its health, and returns a function that requests it: the status and the body.
func healthOf(p *program) func() string {
	p.t.Helper()
	p.await(&p.stderr, "/healthz")
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+/healthz`).FindString(p.stderr.String())
	return func() string {
		answer, err := http.Get(url)
		if err != nil {
			p.t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			p.t.Fatal(err)
		}
		return fmt.Sprint(answer.StatusCode, " ", string(body))
	}
}

// GET /healthz tells whether the supervisor works, while the server stops and comes back.
func TestServeHealth(t *testing.T) {
	t.Parallel()
	s := newFaultFleet(t, time.Second)
	p := s.supervise("--listen 127.0.0.1:0")
	health := healthOf(p)
	eventually(t, "it supervises", func() bool { return health() == "200 ok\n" })
	s.stopServer(syscall.SIGTERM)
	eventually(t, "the server is gone", func() bool { return health() == "503 not connected to NATS\n" })
	s.restartServer()
	eventually(t, "it supervises again", func() bool { return health() == "200 ok\n" })
	p.signal(syscall.SIGTERM)
	p.wantCode(0)
}

// A fleet without a supervisor says so in every program that shows it, and no longer says so once there is one.
func TestUnsupervised(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	w := s.start("consumer", "run -n 1 --name first")
	w.await(&w.stderr, "WRN "+unsupervised)
	w.kill()
	s.run("producer", "submit --detach --id a 15").wantCode(0).wantStdout("a\n").wantStderr("producer: " + unsupervised + "\n")
	s.run("producer", "ls").wantCode(0).wantStderr("producer: " + unsupervised + "\n")
	if p := s.run("producer", "status").wantCode(0); !strings.Contains(p.stdout.String(), "\n"+unsupervised+"\n") {
		t.Errorf("status: %s", p.stdout.String())
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := s.supervise("--listen none")
		s.run("producer", "submit --detach --id b 15").wantCode(0).wantStdout("b\n").wantStderr("")
		s.run("producer", "ls").wantCode(0).wantStderr("")
		if jobs := report[[]struct{ Supervisors int }](s, "ls"); len(jobs) != 2 || jobs[0].Supervisors != 1 {
			t.Errorf("jobs: %+v", jobs)
		}
		if p := s.run("producer", "status").wantCode(0); strings.Contains(p.stdout.String(), "unsupervised") {
			t.Errorf("status: %s", p.stdout.String())
		}
		p.signal(signal)
		p.wantCode(0)
		if n := s.supervisors(); n != 0 { // its lease is released
			t.Errorf("%d supervisors", n)
		}
	}
}

// serve creates the streams of a new server, and refuses addresses that other machines can reach.
func TestServeStarts(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, address := range []string{"0.0.0.0:8222", ":8222", "192.0.2.1:8222"} {
		s.run("producer", "serve --listen "+address).wantCode(2).wantSaid("other machines can reach it")
	}
	s.run("producer", "serve --listen nowhere").wantCode(2)
	p := s.start("producer", "serve --listen none")
	p.await(&p.stderr, "supervising")
	p.wantSaid("created stream FACTOR_TASKS")
	s.run("producer", "init").wantCode(0).wantStdout("all streams exist with these settings\n")
	p.signal(syscall.SIGTERM)
	p.wantCode(0)
}

// A supervisor that starts before its server waits for it. It ends at once if the server refuses it, or at a signal.
func TestServeWaitsForServer(t *testing.T) {
	t.Parallel()
	s := newFaultFleet(t, time.Second)
	s.stopServer(syscall.SIGTERM)
	p := s.start("producer", "serve --listen 127.0.0.1:0")
	p.await(&p.stderr, "waiting for the server: cannot reach NATS at "+s.url)
	health := healthOf(p)
	if got := health(); !strings.HasPrefix(got, "503 waiting for the server: cannot reach NATS at "+s.url) {
		t.Error(got)
	}
	s.restartServer()
	eventually(t, "it supervises", func() bool { return health() == "200 ok\n" })
	p.signal(syscall.SIGTERM)
	p.wantCode(0)
	if n := strings.Count(p.stderr.String(), "waiting for the server"); n != 1 {
		t.Errorf("it said so %d times:\n%s", n, p.stderr.String())
	}

	waiting := start(t, "producer", "serve --listen none -s nats://127.0.0.1:1")
	waiting.await(&waiting.stderr, "waiting for the server")
	waiting.signal(syscall.SIGINT)
	waiting.wantCode(130)
	run(t, "producer", "serve --listen none --creds nowhere.creds").wantCode(3)
	closed := startCommand(t, exec.Command(binary(t, "nats-server"), "-a", "127.0.0.1", "-p", "-1", "--user", "u", "--pass", "p"))
	closed.await(&closed.stderr, "Server is ready")
	run(t, "producer", "serve --listen none -s "+listens(t, closed)).wantCode(3).wantSaid("requires a login")
}

// A JetStream that stops while its server continues is noticed within 5 s, long before the lease is lost.
func TestServeWithoutJetStream(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "conf")
	configure := func(jetstream string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("listen: 127.0.0.1:-1\n"+jetstream), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	enabled := fmt.Sprintf("jetstream { store_dir: %q }\n", t.TempDir())
	configure(enabled)
	s := &server{program: start(t, "nats-server", "-c "+file)}
	s.await(&s.stderr, "Server is ready")
	s.url = listens(t, s.program)
	s.run("producer", "init").wantCode(0)
	p := s.supervise("--listen 127.0.0.1:0")
	health := healthOf(p)
	eventually(t, "it supervises", func() bool { return health() == "200 ok\n" })
	configure("")
	s.signal(syscall.SIGHUP)
	s.await(&s.stderr, "JetStream Shutdown")
	stopped := time.Now()
	eventually(t, "it is not healthy", func() bool { return strings.HasPrefix(health(), "503 JetStream does not answer: ") })
	if took := time.Since(stopped); took > 10*time.Second { // 5 s, and as much for a busy machine
		t.Errorf("after %v", took)
	}
}

// serve takes the settings of a fleet whose streams and durables are missing in part, and changes no other setting.
func TestServeOtherSettings(t *testing.T) {
	t.Parallel()
	s := startFleetWith(t, 2*time.Second)
	_, js := s.connect()
	if err := js.DeleteKeyValue(t.Context(), "FACTOR_LEASES"); err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteConsumer(t.Context(), "FACTOR_TASKS", "workers-low"); err != nil {
		t.Fatal(err)
	}
	config := s.stream("FACTOR_RESULTS").CachedInfo().Config
	config.MaxAge = time.Hour
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	p := s.start("producer", "serve --listen none")
	p.await(&p.stderr, "supervising")
	p.wantSaid("created bucket FACTOR_LEASES", "created durable workers-low", "WRN FACTOR_RESULTS has max age 1h0m0s, not 0s; `nats stream edit FACTOR_RESULTS --max-age=0s -f`")
	refusal{"producer", "init --ack-wait 2s", 8, "conflict: FACTOR_RESULTS has max age 1h0m0s, not 0s\n"}.check(t, environment("NATS_URL="+s.url))
	p.signal(syscall.SIGTERM)
	p.wantCode(0)
}
