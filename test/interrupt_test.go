package test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/schema"
)

// interruptReading starts a submit with args, whose input does not end, and sends it a signal once it has
// stored two numbers. It returns the program and the id of the job.
func (s *server) interruptReading(args string, sig os.Signal) (*program, string) {
	s.t.Helper()
	known := s.subjects(schema.BucketStream(schema.BucketJobs))
	in, w := pipe(s.t)
	p := s.start("producer", strings.TrimSpace("submit "+args), in)
	if _, err := w.WriteString("12 15\n"); err != nil {
		s.t.Fatal(err)
	}
	var id string
	eventually(s.t, "two numbers are stored for submit "+args, func() bool {
		for _, key := range s.subjects(schema.BucketStream(schema.BucketJobs)) {
			if !slices.Contains(known, key) {
				id = strings.TrimPrefix(key, schema.KeyPrefix(schema.BucketJobs))
			}
		}
		return id != "" && s.covered(schema.StreamInputs, id) == 2
	})
	p.signal(sig)
	return p, id
}

// A submitter that is interrupted while it reads seals its job as cut off and says how to go on, without any
// supervisor or worker. Nothing stays open.
func TestInterruptWhileReading(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	for _, test := range []struct {
		args string
		sig  syscall.Signal
		code int
	}{
		{"", syscall.SIGINT, 130}, {"", syscall.SIGTERM, 143}, {"", syscall.SIGHUP, 129},
		{"--id chosen", syscall.SIGINT, 130}, {"--detach", syscall.SIGINT, 130}, {"--detach --id detached", syscall.SIGTERM, 143},
	} {
		p, id := s.interruptReading(test.args, test.sig)
		p.wantCode(test.code).wantStdout("").wantSaid(fmt.Sprintf(
			"producer: hint: job %s was sealed with 2 numbers of its input; `producer wait %s` waits for the answers, and the same command with --id %s submits the rest\n", id, id, id))
		if j := s.job(id); j.State != "sealed" || !j.CutOff || j.Count != 2 || j.Note == "" {
			t.Errorf("%q: %+v", test.args, j)
		}
	}
	s.consumer("-n 1")
	s.run("producer", "wait detached").wantCode(1).wantStdout("12: 2 2 3\n15: 3 5\n").
		wantSaid("the input of job detached was cut off after 2 numbers: its submitter was stopped before it had read all input")
	s.run("producer", "submit --id chosen 12 15 21").wantCode(0).wantStdout("12: 2 2 3\n15: 3 5\n21: 3 7\n")
	if out := s.run("producer", "ls").stdout.String(); strings.Contains(out, " open ") {
		t.Errorf("a job is still open:\n%s", out)
	}
}

// A server that is gone, or that does not answer, holds up an interrupted submitter for some seconds at most. A
// second signal ends the wait. The message does not claim that the job was sealed.
func TestInterruptWithoutServer(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]syscall.Signal{"gone": syscall.SIGKILL, "frozen": syscall.SIGSTOP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startFleet(t)
			in, w := pipe(t)
			p := s.start("producer", "submit --id j --log-level debug", in)
			if _, err := w.WriteString("12 15\n"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "two numbers are stored", func() bool { return s.state("j") != "" && s.covered(schema.StreamInputs, "j") == 2 })
			s.killed = true // its $TMPDIR is not checked
			s.signal(stop)
			t.Cleanup(func() { s.cmd.Process.Signal(syscall.SIGCONT) })
			if stop == syscall.SIGKILL {
				p.await(&p.stderr, "connection to NATS lost")
			}
			began := time.Now()
			p.signal(syscall.SIGINT)
			p.signal(syscall.SIGINT) // the same: two signals may arrive in the other order
			p.wantCode(130).wantSaid("job j could not be sealed, because the server does not answer; it has at least 2 numbers of its input; `producer wait j`")
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it ended after %v", took)
			}
		})
	}
}

// The same for a store that is kept: the next run resumes the job.
func TestInterruptEmbedded(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	in, w := pipe(t)
	p := start(t, "embedded", "submit --id j --store "+store, in)
	if _, err := w.WriteString("12 15\n"); err != nil {
		t.Fatal(err)
	}
	p.await(&p.stdout, "15: 3 5\n")
	p.signal(syscall.SIGINT)
	p.wantCode(130).wantSaid("embedded: error: interrupted: 2 numbers done\n",
		"job j was sealed with 2 numbers of its input; submit the same input with --id j and the same --store to resume it")
	run(t, "embedded", "submit --id j --store "+store+" 12 15 21").wantCode(0).wantStdout("12: 2 2 3\n15: 3 5\n21: 3 7\n")
}
