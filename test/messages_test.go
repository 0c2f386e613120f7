package test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// With --log-format json every line on standard error is an object, also the error at the end, and one of the
// command line.
func TestErrorsInJSON(t *testing.T) {
	t.Parallel()
	const json = " --log-format json"
	for _, r := range []refusal{
		{"producer", "ls -s nats://127.0.0.1:1" + json, 3, "cannot reach NATS at nats://127.0.0.1:1"},
		{"producer", "submti" + json, 2, "did you mean submit?"},
		{"producer", "submit --zzz" + json, 2, "unknown flag --zzz"},
		{"embedded", "submit -o no/such/dir 15" + json, 74, "no/such/dir"},
		{"embedded", "submit 15 x --log-format=json", 1, `"x"`},
		{"consumer", "run 15" + json, 2, `"15"`},
	} {
		t.Run(r.program+" "+r.args, func(t *testing.T) {
			t.Parallel()
			p := run(t, r.program, r.args, workDir(t.TempDir())).wantCode(r.code)
			l := logLines(t, p)
			last := l[len(l)-1]
			if last.Program != r.program || last.Time.IsZero() || !strings.Contains(last.Message+last.Hint, r.says) {
				t.Errorf("%+v, want %q", last, r.says)
			}
			if isError := r.code != 1; isError && (last.Level != "error" || last.Code != r.code) {
				t.Errorf("%+v", last)
			}
		})
	}
	environ := run(t, "producer", "wait", environment("FACTOR_LOG_FORMAT=json")).wantCode(2)
	if l := logLines(t, environ); len(l) != 1 || l[0].Hint != `run "producer wait -h" for usage` {
		t.Errorf("%+v", l)
	}
}

// TestLogFormatAuto: off a terminal all lines of a service are JSON, those of other commands are text.
func TestLogFormatAuto(t *testing.T) {
	t.Parallel()
	auto := environment("FACTOR_LOG_FORMAT=auto")
	s := startFleet(t)
	for _, service := range []struct{ program, args, says string }{
		{"producer", "serve --listen none --log-level debug", "supervising"},
		{"consumer", "run -n 1 --name gopher --log-level debug", "worker ready"},
	} {
		p := s.start(service.program, service.args, auto)
		p.await(&p.stderr, service.says)
		if service.program == "consumer" {
			s.run("producer", "submit --chunk 2 15 21 35 --log-level debug", auto).wantCode(0).wantSaid(" DBG ")
			p.await(&p.stderr, "task settled")
		}
		p.signal(syscall.SIGTERM)
		p.wantCode(0)
		logLines(t, p)
		if service.program == "consumer" {
			wantChunks(t, p)
		}
	}
	for _, wrong := range []refusal{{"producer", "serve --zzz", 2, "unknown flag --zzz"}, {"consumer", "run 15", 2, `"15"`}, {"embedded", "run --listen x", 2, "host:port"}} {
		if l := logLines(t, run(t, wrong.program, wrong.args, auto).wantCode(wrong.code)); len(l) != 1 || !strings.Contains(l[0].Message, wrong.says) || l[0].Code != wrong.code {
			t.Errorf("%+v", l)
		}
	}
	run(t, "consumer", "run 15", auto, arguments("--log-format", "text")).wantCode(2).wantSaid("consumer: error: unexpected argument")
	run(t, "producer", "wait", auto).wantCode(2).wantSaid("producer: error: wait needs a JOB")
}

// wantChunks checks that a worker has logged one line for each of the two chunks of three numbers, with what happened.
func wantChunks(t *testing.T, p *program) {
	t.Helper()
	numbers := make(map[string]int)
	for line := range strings.Lines(p.stderr.String()) {
		var l struct {
			Message, Level, Job, Range, Result string
			Attempt, Numbers                   int
			Took                               *float64
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Message == "task settled" {
			numbers[l.Range] += l.Numbers
			if l.Level != "debug" || l.Job == "" || l.Result != "answered" || l.Attempt != 1 || l.Took == nil {
				t.Errorf("%s", line)
			}
		}
	}
	if len(numbers) != 2 || numbers["0-2"] != 2 || numbers["2-1"] != 1 {
		t.Errorf("chunks %v", numbers)
	}
}

// A logLine is a line of standard error in JSON.
type logLine struct {
	Time                          time.Time
	Level, Program, Message, Hint string
	Code                          int `json:"exit_code"`
}

func logLines(t *testing.T, p *program) (list []logLine) {
	t.Helper()
	for line := range strings.Lines(p.stderr.String()) {
		var l logLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%s: %q: %v", p.line, line, err)
		}
		list = append(list, l)
	}
	if len(list) == 0 {
		t.Fatalf("%s: nothing on standard error", p.line)
	}
	return list
}

// A port that is in use is no defect: the same command can be started again.
func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, r := range []refusal{
		{"embedded", "run --listen " + l.Addr().String(), 75, "address already in use"},
		{"producer", "serve --listen " + l.Addr().String(), 75, "address already in use"},
	} {
		r.check(t)
	}
}

// An account without JetStream is told apart from a server without it.
func TestAccountWithoutJetStream(t *testing.T) {
	t.Parallel()
	conf := filepath.Join(t.TempDir(), "conf")
	text := fmt.Sprintf(`listen: "127.0.0.1:-1"
jetstream { store_dir: %q }
accounts {
  WITH { jetstream: enabled, users: [{user: with, password: x}] }
  WITHOUT { users: [{user: without, password: x}] }
}
`, t.TempDir())
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	server := start(t, "nats-server", "-c "+conf)
	server.await(&server.stderr, "Server is ready")
	url := listens(t, server)
	for _, r := range []refusal{
		{"producer", "init", 3, "the account of this client has no JetStream"},
		{"producer", "ls", 3, "the account of this client has no JetStream"},
		{"consumer", "run", 3, "the account of this client has no JetStream"},
	} {
		r.check(t, environment("NATS_URL="+strings.Replace(url, "://", "://without:x@", 1)))
	}
	run(t, "producer", "init", environment("NATS_URL="+strings.Replace(url, "://", "://with:x@", 1))).wantCode(0)
}

// A job of `embedded submit --store` that was killed is resumed at once: the store is locked, so no other process can
// submit it.
func TestResumeAfterKill(t *testing.T) {
	t.Parallel()
	store := filepath.Join(t.TempDir(), "store")
	in, w := pipe(t)
	first := start(t, "embedded", "submit -n 1 --id j --store "+store, in)
	if _, err := w.WriteString("15\n21\n"); err != nil {
		t.Fatal(err)
	}
	first.await(&first.stdout, "21: 3 7\n")
	first.signal(syscall.SIGKILL)
	<-first.ended
	again := run(t, "embedded", "submit -n 1 --id j --store "+store, feed("15\n21\n33\n"))
	again.wantCode(0).wantStdout("15: 3 5\n21: 3 7\n33: 3 11\n")
	if said := again.stderr.String(); strings.Contains(said, "another process") {
		t.Errorf("it says:\n%s", said)
	}
}
