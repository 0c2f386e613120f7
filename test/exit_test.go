package test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// A refused command prints one line, and at most one more with a hint. Its exit code is part of its
// interface.
type refusal struct {
	program, args string
	code          int
	says          string // a piece of it
}

func (r refusal) check(t *testing.T, settings ...setting) {
	t.Helper()
	binary(t, r.program) // building does not count
	began := time.Now()
	p := run(t, r.program, r.args, settings...).wantCode(r.code).wantStdout("").wantSaid(r.says)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("%s: took %v", p.line, took)
	}
	output := p.stderr.String()
	lines := strings.Split(strings.TrimSuffix(output, "\n"), "\n")
	if !strings.HasPrefix(lines[0], r.program+": error: ") || len(lines) > 2 ||
		len(lines) == 2 && !strings.HasPrefix(lines[1], r.program+": hint: ") {
		t.Errorf("%s: not one line of error and one of hint:\n%s", p.line, output)
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	for _, r := range []refusal{
		{"producer", "", 2, "missing command\nproducer: hint: run \"producer -h\" for usage\n"},
		{"consumer", "", 2, "missing command: expected run,"},
		{"embedded", "", 2, "missing command: expected submit, plan, run, keys"},
		{"embedded", "10403", 2, "run `embedded submit 10403`"},
		{"producer", "submti", 2, "did you mean submit?"},
		{"producer", "submit --formt csv 15", 2, "did you mean --format?"},
		{"producer", "submit --zzz 15", 2, "unknown flag --zzz"},
		{"producer", "submit 15 --id", 2, "flag --id needs a value"},
		{"producer", "wait", 2, "wait needs a JOB"},
		{"producer", "wait a b", 2, `unexpected argument "b": wait takes one JOB`},
		{"producer", "dead", 2, "missing command: expected ls, show, retry, rm, export"},
		{"producer", "dead ls a b", 2, `unexpected argument "b": dead ls takes one JOB`},
		{"producer", "dead rm", 2, "dead rm needs a JOB\nproducer: hint: `producer dead rm --all` removes the dead letters of all jobs\n"},
		{"producer", "dead rm j --all", 2, "takes a JOB or --all, not both"},
		{"producer", "verify", 2, "verify needs a FILE"},
		{"producer", "init 15", 2, `"15"`},
		{"producer", "init --replicas 2", 2, "--replicas must be 1, 3 or 5"},
		{"producer", "init --ack-wait 1ms", 2, "--ack-wait"},
		{"producer", "submit --id a.b 15", 2, `"a.b" is not a job id`},
		{"producer", "submit --priority urgent 15", 2, `"urgent" is not a priority`},
		{"producer", "submit --kind cube 15", 2, `"cube" is not a kind of work`},
		{"producer", "submit --chunk 0 15", 2, `"0" is not a chunk size`},
		{"producer", "submit --chunk many 15", 2, `"many" is not a chunk size`},
		{"producer", "submit --deadline=-1s 15", 2, "--deadline must not be negative"},
		{"producer", "submit --deadline soon 15", 2, `--deadline "soon" is not a duration such as `},
		{"producer", "wait j --deadline 10", 2, `--deadline "10" is not a duration such as `},
		{"producer", "wiat j", 2, "did you mean wait?"},
		{"producer", "stat j", 2, "did you mean status?"},
		{"producer", "help wiat", 2, "did you mean wait?"},
		{"producer", "rm --froce j", 2, "did you mean --force?"},
		{"producer", "dead retyr", 2, "did you mean retry?"},
		{"producer", "workers quarantin w", 2, "did you mean quarantine?"},
		{"producer", "workers release Bad_Name", 2, `"Bad_Name" is not a worker name`},
		{"producer", "verify --kind cube x", 2, `"cube" is not a kind of work`},
		{"producer", "verify nowhere", 74, "open nowhere: no such file or directory"},
		{"producer", "submit --range 5:1", 2, `"5:1"`},
		{"producer", "submit --range 1:9:0", 2, `"1:9:0"`},
		{"producer", "submit --range 1", 2, `"1" is not a range`},
		{"producer", "submit --format xml 15", 2, `"xml" is not a format`},
		{"producer", "submit --progress often 15", 2, `"often"`},
		{"producer", "wait j --format xml", 2, `"xml" is not a format`},
		{"producer", "submit -f nowhere.txt", 2, "nowhere.txt: no such file or directory"},
		{"producer", "submit -f .", 2, ". is a directory"},
		{"producer", "--log-level loud ls", 2, `"loud" is not a log level`},
		{"producer", "ls --timeout 0", 2, "--timeout"},
		{"consumer", "run 15", 2, `"15"`},
		{"consumer", "run -n 0", 2, `-n must be "auto" or a number from 1 to 4096, not "0"`},
		{"consumer", "run --max-mem 1K", 2, `--max-mem must be "none" or at least 64MiB, not "1K"`},
		{"consumer", "bench big", 2, `"big" is not a class: use tutorial, or random or semiprime`},
		{"consumer", "run --name No_Name", 2, `"No_Name"`},
		{"consumer", "run --drain-timeout 0", 2, "--drain-timeout must be positive"},
		{"embedded", "submit --format xml 15", 2, `"xml" is not a format`},
		{"embedded", "submit --sync often 15", 2, `--sync "often"`},
		{"embedded", "submit --ack-wait 1ms 15", 2, "--ack-wait"},
		{"embedded", "submit -n 0 15", 2, "-n"},
		{"embedded", "submit -n=-2 15", 2, "-n"},
		{"embedded", "submit --detach 15", 2, "--store"},
		{"embedded", "submit -o no/such/dir 15", 74, "no/such/dir: no such file or directory"},
		{"embedded", "submit --full-wait=-1s 15", 2, "--full-wait must not be negative"},
		{"embedded", "submit --max-store 1K 15", 2, "--max-store 1K is too small: it must be at least 4MiB"},
		{"embedded", "run --listen nonsense", 2, `--listen "nonsense" is not host:port`},
		{"embedded", "run --listen 127.0.0.1:99999", 2, `--listen "127.0.0.1:99999" is not host:port`},
		{"embedded", "rnu", 2, "did you mean run?"},
	} {
		t.Run(r.program+" "+r.args, func(t *testing.T) {
			t.Parallel()
			r.check(t, workDir(t.TempDir()))
		})
	}
}

// Without a server every command ends within seconds and names the URL.
func TestNoServer(t *testing.T) {
	t.Parallel()
	mute, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, but says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mute.Close() })
	silent := "nats://" + mute.Addr().String()
	const nowhere = "nats://127.0.0.1:1"
	for _, r := range []refusal{
		{"producer", "submit 15 -s " + nowhere, 3, nowhere},
		{"producer", "wait j -s " + nowhere, 3, nowhere},
		{"producer", "ls -s " + nowhere, 3, nowhere},
		{"producer", "init -s " + nowhere, 3, nowhere},
		{"producer", "dead ls -s " + nowhere, 3, nowhere},
		{"consumer", "run -s " + nowhere, 3, nowhere},
		{"producer", "ls -s nats://no-such-host.invalid:4222", 3, "no-such-host.invalid"},
		{"producer", "ls --timeout 1s -s " + silent, 3, silent},
		{"consumer", "run --timeout 1s -s " + silent, 3, silent},
		{"producer", "ls --creds nowhere.creds", 3, "nowhere.creds"},
		{"producer", "ls --context nowhere", 3, "nowhere"},
	} {
		t.Run(r.program+" "+r.args, func(t *testing.T) {
			t.Parallel()
			r.check(t, workDir(t.TempDir()))
		})
	}
}

func TestServerNotSetUp(t *testing.T) {
	t.Parallel()
	bare := startServer(t)
	here := environment("NATS_URL=" + bare.url)
	const missing, hint = "not set up: the server has no ", "hint: run `producer init` once against this server\n"
	refusal{"producer", "submit 15", 3, missing}.check(t, here)
	refusal{"producer", "wait j", 3, missing}.check(t, here)
	refusal{"producer", "status", 3, hint}.check(t, here)
	refusal{"consumer", "--timeout 1s --log-level error run", 3, missing}.check(t, here)
	refusal{"consumer", "--timeout 1s --log-level error run", 3, hint}.check(t, here)
	early := bare.start("consumer", "--timeout 1m run -n 1") // before the supervisor
	early.await(&early.stderr, missing)

	plan := bare.run("producer", "init --dry-run").wantCode(0).stdout.String()
	if strings.Count(plan, "would create ") != strings.Count(plan, "\n") || !strings.Contains(plan, "FACTOR_TASKS") {
		t.Errorf("dry run says %q", plan)
	}
	refusal{"producer", "status", 3, missing}.check(t, here) // it was dry
	bare.run("producer", "init").wantCode(0).wantStdout(strings.ReplaceAll(plan, "would create", "created")).wantSaid("`sync_interval: always`")
	early.await(&early.stderr, "worker ready")
	bare.run("producer", "init").wantCode(0).wantStdout("all streams exist with these settings\n").wantStderr("")

	refusal{"producer", "init --ack-wait 2s", 8, "FACTOR_TASKS > workers-norm, FACTOR_TASKS > workers-low have ack wait 30s, not 2s"}.check(t, here)
	_, js := bare.connect()
	config := bare.stream("FACTOR_DEAD").CachedInfo().Config
	config.MaxAge, config.MaxMsgsPerSubject = time.Hour, 7
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	differs := refusal{"producer", "init", 8, "FACTOR_DEAD has max messages per subject 7, not 1; FACTOR_DEAD has max age 1h0m0s, not 0s"}
	differs.check(t, here)
	differs.check(t, here) // nothing was changed by the first
	if err := js.DeleteStream(t.Context(), "FACTOR_DEAD"); err != nil {
		t.Fatal(err)
	}
	refusal{"producer", "ls", 3, missing + "stream FACTOR_DEAD\nproducer: " + hint}.check(t, here)
	bare.run("producer", "init").wantCode(0).wantStdout("created stream FACTOR_DEAD\n")
	bare.run("producer", "ls").wantCode(0)
}

func TestServerWithoutJetStream(t *testing.T) {
	t.Parallel()
	s := &server{program: start(t, "nats-server", "-a 127.0.0.1 -p -1")}
	s.await(&s.stderr, "Server is ready")
	here := environment("NATS_URL=" + listens(t, s.program))
	refusal{"producer", "init", 3, "start it with -js"}.check(t, here)
	refusal{"producer", "submit 15", 3, "start it with -js"}.check(t, here)
	refusal{"consumer", "run", 3, "start it with -js"}.check(t, here)
}

// A manifest that cannot be decoded affects no other job.
func TestUnreadableManifest(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	here := environment("NATS_URL=" + s.url)
	s.run("producer", "submit --detach --id good 15 21").wantCode(0)
	_, js := s.connect()
	manifests, err := js.KeyValue(t.Context(), schema.BucketJobs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manifests.PutString(t.Context(), "bad", "hello"); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]string{"ls": "good", "ls --json": `"good"`, "status": "active jobs: 1"} {
		p := s.run("producer", command).wantCode(0).wantSaid("read job bad: unreadable manifest: job manifest: ", "`nats kv purge FACTOR_JOBS bad` removes it")
		said := strings.Replace(p.stderr.String(), "producer: "+unsupervised+"\n", "", 1)
		if lines := strings.Count(said, "\n"); lines != 1 || !strings.Contains(p.stdout.String(), want) {
			t.Errorf("%s: %d lines on standard error, and on standard output %q, want %q", command, lines, p.stdout.String(), want)
		}
	}
	refusal{"producer", "status bad", 1, "read job bad: unreadable manifest: job manifest: "}.check(t, here)
	s.run("producer", "status good").wantCode(0).wantStderr("")
	s.run("producer", "rm --force good").wantCode(0)
}

func TestJobErrors(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	here := environment("NATS_URL=" + s.url)
	for _, command := range []string{"wait", "results", "status", "cancel", "rm", "dead ls", "dead retry", "dead export", "dead rm"} {
		refusal{"producer", command + " nosuchjob", 7, "no such job: nosuchjob"}.check(t, here)
	}
	refusal{"producer", "wait ../x", 7, `"../x"`}.check(t, here)

	// There is no worker, so these keep running.
	late := s.run("producer", "submit --id a --deadline 2s 15").wantCode(4).wantStdout("")
	late.wantSaid("producer: error: deadline reached\n", "`producer wait a` waits for it, `producer cancel a` stops it")
	s.run("producer", "wait --deadline 100ms a").wantCode(4).wantSaid("deadline reached")
	refusal{"producer", "submit --id a 21 --deadline 1m", 8, "number 1 is 15, here it is 21"}.check(t, here)
	refusal{"producer", "submit --id a 15 21 --deadline 1m", 8, "this input has more"}.check(t, here)
	refusal{"producer", "submit --id a --kind square 15", 8, "of kind factor, not square"}.check(t, here)
	refusal{"producer", "rm a", 8, "job a is active; cancel it first, or use --force"}.check(t, here)

	waiting := s.start("producer", "wait a")
	eventually(t, "a process holds job a", func() bool { return s.held("a") })
	s.run("producer", "cancel a").wantCode(0).wantSaid("job a is cancelled")
	waiting.wantCode(5).wantStdout("").wantStderr("producer: error: job a was cancelled\n")
	refusal{"producer", "wait a", 5, "job a was cancelled"}.check(t, here)
	refusal{"producer", "submit --id a 15", 8, "job a was cancelled"}.check(t, here)
	refusal{"producer", "cancel a", 8, "cancelled already"}.check(t, here)
	s.run("producer", "rm a").wantCode(0)
	for _, command := range []string{"wait", "results", "rm", "dead ls", "dead retry"} {
		refusal{"producer", command + " a", 7, "a was removed"}.check(t, here)
	}
	refusal{"producer", "submit --id a 15", 8, "was removed"}.check(t, here)
	s.run("producer", "submit --id b --detach 15").wantCode(0)
	if p := s.run("producer", "rm --force b").wantCode(0); strings.Contains(p.stderr.String(), "are kept") {
		t.Errorf("rm --force: %s", p.stderr.String())
	}
	if jobs := report[[]any](s, "ls"); len(jobs) != 0 {
		t.Errorf("jobs are left: %v", jobs)
	}
}

// The first signal ends each program in order, at any point.
func TestSignals(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	open := func() setting { in, _ := pipe(t); return in } // standard input that does not end
	interrupt := func(p *program, s os.Signal, code int) *program {
		p.signal(s)
		return p.wantCode(code)
	}

	reading := s.start("producer", "submit --id reading", open())
	eventually(t, "job reading is fed", func() bool { return s.held("reading.feed") })
	interrupt(reading, os.Interrupt, 130).wantSaid("producer: error: interrupted\n", "`producer wait reading`")

	waiting := s.start("producer", "submit --id waiting 15")
	eventually(t, "job waiting is sealed", func() bool { return s.state("waiting") == task.Sealed })
	interrupt(waiting, syscall.SIGTERM, 143).wantSaid("`producer wait waiting`").wantStdout("")

	resumed := s.start("producer", "wait waiting")
	eventually(t, "a process holds job waiting", func() bool { return s.held("waiting") })
	interrupt(resumed, os.Interrupt, 130).wantSaid("`producer wait waiting`")

	watching := s.start("producer", "status --watch")
	watching.await(&watching.stdout, "PRIORITY")
	watching.signal(os.Interrupt)
	watching.wait()
	watching.wantStderr("")

	interrupt(s.consumer("-n 1"), os.Interrupt, 0)
	interrupt(s.consumer("-n 1"), syscall.SIGTERM, 0)

	embedded := start(t, "embedded", "submit 15 "+hard, open(), arguments("-f", "-", "--budget", "10m", "--as-completed"))
	embedded.await(&embedded.stdout, "15: 3 5\n")
	interrupt(embedded, os.Interrupt, 130).wantSaid("embedded: error: interrupted: 1 number done\n")

	node := start(t, "embedded", "run -n 1 --listen 127.0.0.1:0")
	node.await(&node.stderr, "listening on nats://")
	interrupt(node, syscall.SIGTERM, 0)
}

// The available results of a running job can be printed at any time. A message and the exit code say
// that they are incomplete.
func TestResultsOfUnfinishedJob(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.consumer("-n 1")
	in, w := pipe(t)
	submit := s.start("producer", "submit --id j --chunk 1 --budget 10m", in)
	if _, err := w.WriteString("15 21 33\n"); err != nil {
		t.Fatal(err)
	}
	submit.await(&submit.stdout, "33: 3 11\n")
	const there = "15: 3 5\n21: 3 7\n33: 3 11\n"
	s.run("producer", "results j").wantCode(1).wantStdout(there).
		wantStderr("producer: no answer yet for 0 of 3 numbers, and the input of job j is still being read; `producer wait j` waits for the rest\n")
	if _, err := w.WriteString(hard + " 35\n"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	eventually(t, "all input is queued", func() bool { return s.state("j") == task.Sealed })
	s.run("producer", "results j").wantCode(1).wantStdout(there).wantStderr("producer: no answer yet for 2 of 5 numbers; `producer wait j` waits for the rest\n")
	s.run("producer", "cancel j").wantCode(0)
	submit.wantCode(5)
	s.run("producer", "results --json j").wantCode(1).wantStderr("producer: no answer yet for 2 of 5 numbers: job j was cancelled\n")
}

// A write error is reported: the exit code says that the report was not written.
func TestFullOutput(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("NOT TESTED: it needs a device that is always full: %v", err)
	}
	t.Cleanup(func() { full.Close() })
	s := startFleet(t)
	s.run("producer", "submit --detach --id j 15").wantCode(0)
	for _, command := range []string{
		"ls", "ls --json", "status", "status j", "dead ls", "workers ls", "init", "verify /dev/null", "verify --json /dev/null", "-h", "submit -h",
	} {
		s.run("producer", command, stdoutTo(full)).wantCode(74).wantSaid("producer: error: write /dev/stdout: no space left on device\n")
	}
	s.run("producer", "submit --detach --id k 15", stdoutTo(full)).wantCode(74).wantSaid("producer: hint: the job is queued, its id is k\n")
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("4: 2 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "producer", "verify "+wrong, stdoutTo(full)).wantCode(6).wantSaid("producer: error: write /dev/stdout: no space left on device\n")
	run(t, "embedded", "submit 15", stdoutTo(full)).wantCode(74).wantSaid("embedded: error: write results: ")
}

// All watchers of a job print the same answers.
func TestTwoWaitForOneJob(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	numbers := sequence(1_000_000_000_000, 1_000_000_000_500, 1)
	submitted := s.start("producer", "submit --id both --chunk 7", feed(numbers))
	eventually(t, "job both", func() bool { return s.state("both") != "" })
	other := s.start("producer", "wait both")
	s.consumer("-n 2")
	submitted.wantCode(0)
	checkAnswers(t, numbers, submitted.stdout.String())
	other.wantCode(0).wantStdout(submitted.stdout.String())
}
