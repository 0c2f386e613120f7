package test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A durable that is paused or missing is named by init, status and each process that waits for its tasks, and the job
// ends when it is back.
func TestDurableStates(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	_, js := s.connect()
	const paused, resume = "durable workers-norm is paused until ", "run `nats consumer resume FACTOR_TASKS workers-norm -f`"
	if _, err := js.PauseConsumer(t.Context(), "FACTOR_TASKS", "workers-norm", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	s.run("producer", "init").wantCode(0).wantStdout("all streams exist with these settings\n").wantSaid(paused, resume)
	if p := s.run("producer", "status").wantCode(0); !strings.Contains(p.stdout.String(), paused) || !strings.Contains(p.stdout.String(), "server: nats-server 2.") {
		t.Errorf("status: %s", p.stdout.String())
	}
	if r := report[struct {
		Findings []struct{ Kind, What, Remedy string }
	}](s, "status"); len(r.Findings) != 1 || r.Findings[0].Kind != "paused" {
		t.Errorf("status: %+v", r)
	}
	w := s.consumer("-n 1")
	w.await(&w.stderr, paused)
	p := s.start("producer", "submit 10403")
	p.await(&p.stderr, "producer: waiting: "+paused)
	if err := js.DeleteConsumer(t.Context(), "FACTOR_TASKS", "workers-norm"); err != nil {
		t.Fatal(err)
	}
	p.await(&p.stderr, "producer: waiting: durable workers-norm of stream FACTOR_TASKS is missing; run `producer init`")
	refusal{"producer", "submit 10403", 3, "not set up: the server has no durable workers-norm\nproducer: hint: run `producer init`"}.check(t, environment("NATS_URL="+s.url))
	w.await(&w.stderr, "not set up: the server has no durable workers-norm; run `producer init`")
	s.run("producer", "init").wantCode(0).wantStdout("created durable workers-norm\n")
	p.wantCode(0).wantStdout("10403: 101 103\n")
}

// A server comes back without its store: a process that waits for a job ends, a worker goes on as soon as the streams
// are made again, and a supervisor makes them.
func TestStoreGone(t *testing.T) {
	t.Parallel()
	s := newFaultFleet(t, time.Second)
	w := s.consumer("-n 1")
	waiting := func() *program { // a submit whose tasks no worker gets
		t.Helper()
		_, js := s.connect()
		if _, err := js.PauseConsumer(t.Context(), "FACTOR_TASKS", "workers-low", time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		p := s.start("producer", "submit --priority low 15")
		p.await(&p.stderr, "producer: waiting: durable workers-low is paused")
		return p
	}
	p := waiting()
	emptied := func() {
		t.Helper()
		s.stopServer(syscall.SIGKILL)
		if err := os.RemoveAll(s.store); err != nil {
			t.Fatal(err)
		}
		s.restartServer()
	}
	emptied()
	p.wantCode(3).wantSaid("not set up: the server has no stream FACTOR_INPUTS", "run `producer init` once against this server")
	w.await(&w.stderr, "not set up: the server has no stream FACTOR_TASKS; run `producer init`")
	serve := s.start("producer", "serve --listen none")
	serve.await(&serve.stderr, "supervising")
	serve.wantSaid("created stream FACTOR_TASKS")
	s.run("producer", "submit 10403").wantCode(0).wantStdout("10403: 101 103\n")

	p = waiting()
	emptied()
	serve.await(&serve.stderr, "the streams of this fleet are gone, and with them all its jobs")
	eventually(t, "they are created again", func() bool { // the sweeper's durable is the last
		_, js := s.connect()
		_, err := js.Consumer(t.Context(), "FACTOR_RETURNS", "sweeper")
		return err == nil
	})
	if code := p.code(); code != 3 && code != 7 { // before or after the supervisor
		t.Errorf("exit code %d: %s", code, p.stderr.String())
	}
	s.run("producer", "submit 10403").wantCode(0).wantStdout("10403: 101 103\n")
	serve.signal(syscall.SIGTERM)
	serve.wantCode(0)
}

// A durable or bucket that is missing is created by a supervisor that runs.
func TestServeRepairs(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	serve := s.supervise("--listen none")
	_, js := s.connect()
	if err := js.DeleteConsumer(t.Context(), "FACTOR_TASKS", "workers-hi"); err != nil {
		t.Fatal(err)
	}
	serve.await(&serve.stderr, "created durable workers-hi")
	if err := js.DeleteKeyValue(t.Context(), "FACTOR_WORKERS"); err != nil {
		t.Fatal(err)
	}
	serve.await(&serve.stderr, "created bucket FACTOR_WORKERS")
	eventually(t, "it supervises", func() bool { return s.supervisors() == 1 })
	if _, err := js.Stream(t.Context(), "FACTOR_RESULTS"); err != nil {
		t.Error(err)
	}
	serve.signal(syscall.SIGTERM)
	serve.wantCode(0)
}
