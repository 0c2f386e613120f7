package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// The chapter "The wire" of ARCHITECTURE.md says what a worker has to do. pyworker/worker.py does it with nothing but
// that chapter, task.proto and the standard library of Python. These tests run it in fleets of real programs.

// python returns the path of a Python that can run the worker, "" and the reason if there is none. A path found by name
// may be a script that reads the user's environment, which programs of tests do not get.
var python = sync.OnceValues(func() (path, missing string) {
	found, err := exec.LookPath("python3")
	if err != nil {
		return "", "python3 is not installed"
	}
	out, err := exec.Command(found, "-c", "import sys; print(sys.executable if sys.version_info >= (3, 8) else '')").Output()
	if path = strings.TrimSpace(string(out)); err != nil || path == "" {
		return "", found + " is not Python 3.8 or later"
	}
	return path, ""
})

// needPython skips the test, before it starts anything, if there is no Python.
func needPython(t *testing.T) {
	t.Helper()
	if _, missing := python(); missing != "" {
		t.Skip("no worker in Python: " + missing)
	}
}

// pythonWorker starts the Python worker of that name and returns once it requests tasks. settings are those of the login
// to the server.
func (s *server) pythonWorker(name string, settings ...setting) *program {
	s.t.Helper()
	path, _ := python()
	p := startCommand(s.t, exec.Command(path, "pyworker/worker.py", "--name", name), s.connects(settings)...)
	p.await(&p.stderr, "worker ready")
	return p
}

// randomNumbers returns lines with 0, 1 and 2^64-1, and then count numbers from 1 to 2^64-1 of all sizes.
func (s *faultFleet) randomNumbers(count int) string {
	b := strings.Builder{}
	b.WriteString("0\n1\n18446744073709551615\n")
	for range count {
		fmt.Fprintln(&b, max(1, s.random.Uint64()>>s.random.IntN(63)))
	}
	return b.String()
}

// A pythonReport is what `producer workers ls --json` says of the worker in Python.
type pythonReport struct {
	Name, State, Version string
	PID, Slots, Numbers  int
	Alive                bool
	Strikes              []any
	Complaints           map[string]int
}

// python returns the report of a worker, the zero value if there is none.
func (s *server) python(name string) pythonReport {
	s.t.Helper()
	for _, r := range report[[]pythonReport](s, "workers ls") {
		if r.Name == name {
			return r
		}
	}
	return pythonReport{}
}

// wantHonest checks that nothing is held against the workers.
func (s *server) wantHonest(names ...string) {
	s.t.Helper()
	for _, name := range names {
		if r := s.python(name); len(r.Strikes)+len(r.Complaints) > 0 {
			s.t.Errorf("%+v", r)
		}
	}
}

// TestPythonIsShort: the worker stays an example that can be read at once.
func TestPythonIsShort(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.FromSlash("pyworker/worker.py"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines >= 150 {
		t.Errorf("pyworker/worker.py has %d lines, not fewer than 150", lines)
	}
}

// TestPythonWorker: a fleet whose only worker is the one in Python answers a list. `workers ls` shows the worker, until
// it stops.
func TestPythonWorker(t *testing.T) {
	t.Parallel()
	needPython(t)
	s := newFaultFleet(t, 30*time.Second)
	worker := s.pythonWorker("snake")
	numbers := s.randomNumbers(500)
	job := s.submit("--chunk 50", numbers)
	s.wantDone(job)
	checkAnswers(t, strings.Replace(numbers, "0\n", "", 1), strings.Replace(job.stdout.String(), "0:\n", "", 1))
	var r pythonReport
	eventually(t, "the worker has said that it is done", func() bool {
		r = s.python("snake")
		return r.Alive && r.State == "running" && r.Numbers == 503
	})
	if r.Version != "python" || r.Slots != 1 || r.PID != worker.cmd.Process.Pid {
		t.Errorf("%+v", r)
	}
	s.wantHonest("snake")
	worker.signal(syscall.SIGTERM)
	worker.wantCode(0)
	if keys := s.keys(schema.BucketWorkers, "snake.*"); len(keys) > 0 || s.python("snake").Alive {
		t.Errorf("the worker has ended and is registered: %v", keys)
	}
}

// TestPythonLogin: the worker logs in with the user and the password of its URL, and says so if the server refuses them.
func TestPythonLogin(t *testing.T) {
	t.Parallel()
	needPython(t)
	port := freePorts(t, 1)[0]
	p := start(t, "nats-server", "-a 127.0.0.1 -js --user alice --pass s3cret -p "+port+" -sd "+t.TempDir())
	p.await(&p.stderr, "Server is ready")
	s := &server{program: p, url: "nats://alice:s3cret@127.0.0.1:" + port}
	s.run("producer", "init").wantCode(0)
	s.pythonWorker("snake")
	s.run("producer", "submit 8051").wantCode(0).wantStdout("8051: 83 97\n")

	path, _ := python()
	startCommand(t, exec.Command(path, "pyworker/worker.py", "--server", "nats://alice:wrong@127.0.0.1:"+port)).
		wantCode(1).wantStderr("worker.py: the server refuses the login\n")
}

// TestPythonOrder: the worker acks no task before the stream has the result. Without room in the stream it keeps the
// task alive and tries again.
func TestPythonOrder(t *testing.T) {
	t.Parallel()
	needPython(t)
	s := newFaultFleet(t, 10*time.Second)
	first := s.pythonWorker("first")
	s.run("producer", "submit --id before 15").wantCode(0) // one message in the stream
	first.signal(syscall.SIGTERM)
	first.wantCode(0)
	s.setLimit(schema.StreamResults, 1)
	seen := s.record()
	s.pythonWorker("snake")
	job := s.submit("--chunk 3 --id j", "21\n22\n23\n")
	eventually(t, "the worker has tried for longer than the ack wait", func() bool { return seen.resultCount() > 2 && seen.beatCount() > 8 })
	if n := s.unsettled(); n != 1 {
		t.Errorf("%d tasks are unsettled, not the one whose result is not stored", n)
	}
	s.setLimit(schema.StreamResults, 100)
	s.wantDone(job)
	job.wantStdout("21: 3 7\n22: 2 11\n23: 23\n")
	if n := seen.redeliveries(); n != 0 {
		t.Errorf("%d redeliveries of a task that was kept alive", n)
	}
	if n := s.queuedEver(); n != 2 {
		t.Errorf("%d tasks were queued for two jobs of one task: a task was acked without a result", n)
	}
	s.wantHonest("snake")
}

// TestPythonKilled: a worker is killed with a chunk, then the server. Nothing is lost.
func TestPythonKilled(t *testing.T) {
	t.Parallel()
	needPython(t)
	s := newFaultFleet(t, 4*time.Second)
	seen := s.record()
	victim := s.pythonWorker("victim")
	numbers := semiprimes(60, 30, s.random.Uint64())
	job := s.submit("--chunk 20 --id j", numbers)
	seen.awaitReceived(t)
	victim.kill()
	heir := s.pythonWorker("heir")
	eventually(t, "another worker has answered some", func() bool { return seen.resultCount() > 0 })
	s.stopServer(syscall.SIGKILL)
	s.restartServer()
	s.wantDone(job)
	checkAnswers(t, numbers, job.stdout.String())
	heir.signal(syscall.SIGTERM)
	heir.wantCode(0)
	s.wantHonest("victim", "heir")
	s.checkClean("j")
}

// TestPythonDrains: SIGTERM in the middle of a chunk spends no delivery: the finished numbers are stored, and the others
// are handed back.
func TestPythonDrains(t *testing.T) {
	t.Parallel()
	needPython(t)
	s := newFaultFleet(t, 5*time.Minute)
	seen := s.record()
	leaver := s.pythonWorker("leaver")
	numbers := semiprimes(1000, 31, s.random.Uint64()) // at least 15 s
	job := s.submit("--chunk 1000 --id j", numbers)
	eventually(t, "the worker has stored what it has finished so far", func() bool { return seen.resultCount() > 0 })
	leaver.signal(syscall.SIGTERM)
	leaver.wantCode(0)
	if n := s.unsettled(); n != 0 {
		t.Errorf("the worker has left %d tasks to redelivery", n)
	}
	stored, rest := s.covered(schema.StreamResults, "j"), seen.returned(t)
	if len(rest) != 1 || uint64(stored)+rest[0].Count != 1000 || rest[0].First != uint64(stored) {
		t.Errorf("the worker has answered %d numbers and has handed back %v: not all that it has answered is stored, or not the rest is handed back", stored, rest)
	}
	s.consumer("-n 1 --name heir")
	s.wantDone(job)
	checkAnswers(t, numbers, job.stdout.String())
	if n := seen.redeliveries(); n != 0 {
		t.Errorf("%d redeliveries", n)
	}
	s.wantHonest("leaver", "heir")
}

// TestPythonHandsBack: what the worker in Python cannot do is done by a worker beside it: large numbers, alone and among
// others, and another kind of work.
func TestPythonHandsBack(t *testing.T) {
	t.Parallel()
	needPython(t)
	s := newFaultFleet(t, 30*time.Second)
	s.pythonWorker("snake")
	small, large := semiprimes(30, 30, s.random.Uint64()), semiprimes(4, 45, s.random.Uint64())
	mixed := s.submit("--chunk 17 --id mixed", small+large)
	alone := s.submit("--chunk 1 --id alone", large)
	squares := s.submit("--kind square --id squares", "12\n13\n")
	eventually(t, "the worker has answered the small numbers", func() bool { return s.covered(schema.StreamResults, "mixed") >= 17 })
	s.consumer("-n 1 --name gopher")
	for _, job := range []*program{mixed, alone, squares} {
		s.wantDone(job)
	}
	checkAnswers(t, small+large, mixed.stdout.String())
	checkAnswers(t, large, alone.stdout.String())
	squares.wantStdout("12: 144\n13: 169\n")
	s.wantHonest("snake", "gopher")
}

// TestPythonAttempts: of a redelivered chunk the worker computes nothing. Before the last attempt at a number it stores
// the record of it, and a number after its last attempt it hands back.
func TestPythonAttempts(t *testing.T) {
	t.Parallel()
	needPython(t)
	s := newFaultFleet(t, 30*time.Second)
	s.run("producer", "submit --detach --id j --chunk 2 15 21 33 35").wantCode(0)
	_, js := s.connect()
	if err := s.stream(schema.StreamTasks).Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	for chunk, spent := range map[string]string{"0-1": "2", "1-1": "1", "2-2": "1"} { // as queued again after so many deliveries
		r, err := task.ParseRange(chunk)
		if err != nil {
			t.Fatal(err)
		}
		content := task.Task{Kind: task.KindFactor}
		for i := range r.Count {
			content.Numbers = append(content.Numbers, nat.New([]uint64{15, 21, 33, 35}[r.First+i]))
		}
		m := fleettest.Message("FACTOR.tasks.norm.j."+chunk+".r", content.Encode())
		m.Header[schema.HeaderSpent] = []string{spent}
		if _, err := js.PublishMsg(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	s.pythonWorker("snake")
	eventually(t, "all tasks are settled", func() bool { return len(s.subjects(schema.StreamTasks)) == 0 })
	for stream, want := range map[string][]string{
		schema.StreamResults: {"FACTOR.results.j.0-1.snake", "FACTOR.results.j.1-1.snake"},
		schema.StreamReturns: {"FACTOR.returns.j.2-2.r.snake"},
		schema.StreamDead:    {"FACTOR.failed.j.0-1.r.3.snake"},
	} {
		if list := slices.Sorted(slices.Values(s.subjects(stream))); !slices.Equal(list, want) {
			t.Errorf("%s has %v, not %v", stream, list, want)
		}
	}
	if !slices.ContainsFunc(s.keys(schema.BucketWorkers, "snake.*"), func(key string) bool { return strings.HasSuffix(key, schema.BegunSuffix) }) {
		t.Error("the worker has not announced the redelivered numbers")
	}
	s.run("producer", "wait j").wantCode(0).wantStdout("15: 3 5\n21: 3 7\n33: 3 11\n35: 5 7\n")
	s.wantHonest("snake")
}

// TestPythonOrders: a worker that is quarantined pulls no task until it is released, and one whose job is cancelled drops
// what it has.
func TestPythonOrders(t *testing.T) {
	t.Parallel()
	needPython(t)
	s := newFaultFleet(t, 30*time.Second)
	seen := s.record()
	s.pythonWorker("snake")
	s.run("producer", "workers quarantine snake").wantCode(0)
	eventually(t, "the worker has heard it", func() bool { return strings.Contains(string(s.heartbeat("snake")), `"quarantined"`) })
	s.run("producer", "submit --detach --id j --chunk 400", feed(semiprimes(400, 30, s.random.Uint64()))).wantCode(0)
	s.run("producer", "workers release snake").wantCode(0)
	seen.awaitReceived(t)
	s.run("producer", "cancel j").wantCode(0)
	s.wantDone(s.submit("--chunk 1", "15\n"))
	if n := s.covered(schema.StreamResults, "j"); n == 400 {
		t.Error("the worker has completed a chunk of a cancelled job")
	}
	s.wantHonest("snake")
}

// heartbeat returns the last heartbeat of a worker with one process.
func (s *server) heartbeat(name string) []byte {
	s.t.Helper()
	for _, key := range s.keys(schema.BucketWorkers, name+".*") {
		return s.entry(schema.BucketWorkers, key)
	}
	return nil
}
