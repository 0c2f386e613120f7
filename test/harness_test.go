// Package test runs the three programs as users run them: as processes, with pipes and signals,
// against a nats-server process or the server inside embedded.
//
// start and run start every program. They check that it ends with the test, never prints a stack trace,
// and leaves nothing in its $TMPDIR. Tests do not sleep: they wait for output or for a report. A test that
// waits longer than patience fails and shows the output of the program.
package test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels"
)

// patience is the longest wait for one event, on a machine that is busy.
const patience = 100 * time.Second

// binaries returns a directory with the three programs and nats-server. The first test that runs one of
// them builds them all.
var binaries = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "factorfleet-test-"); err != nil {
		return "", err
	}
	toRemove = dir
	build := exec.Command("go", "build", "-buildvcs=false", "-o", dir+string(filepath.Separator))
	if flag.Lookup("test.bench").Value.String() == "" { // benchmarks measure the programs as users build them
		build.Args = append(build.Args, "-tags", "waits", "-ldflags", "-s -w -X factorfleet/internal/kind.waits="+waits)
	}
	build.Args = append(build.Args, "factorfleet/producer", "factorfleet/consumer", "factorfleet/embedded", "github.com/nats-io/nats-server/v2")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", build, err, out)
	}
	return dir, nil
})

var toRemove string // TestMain removes it

func TestMain(m *testing.M) {
	flag.Parse()
	if p := flag.Lookup("test.parallel").Value; p.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) { // its default
		p.Set(strconv.Itoa(max(12, runtime.GOMAXPROCS(0)))) // most tests mostly wait
	}
	code := m.Run()
	if toRemove != "" {
		os.RemoveAll(toRemove)
	}
	os.Exit(code)
}

func binary(t testing.TB, name string) string {
	t.Helper()
	dir, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// A program is one process of a program.
type program struct {
	t              testing.TB
	cmd            *exec.Cmd
	line           string // its command line, for messages
	stdout, stderr text
	temp           string        // its $TMPDIR
	ended          chan struct{} // closed after its end, when all output has been read
	killed         bool          // by the test: then $TMPDIR is not checked
}

// A setting changes a command before it is started.
type setting func(*exec.Cmd)

func stdin(r io.Reader) setting        { return func(c *exec.Cmd) { c.Stdin = r } }
func feed(text string) setting         { return stdin(strings.NewReader(text)) }
func workDir(dir string) setting       { return func(c *exec.Cmd) { c.Dir = dir } }
func stdoutTo(f *os.File) setting      { return func(c *exec.Cmd) { c.Stdout = f } }
func environment(e string) setting     { return func(c *exec.Cmd) { c.Env = append(c.Env, e) } }
func arguments(list ...string) setting { return func(c *exec.Cmd) { c.Args = append(c.Args, list...) } }

// pipe returns a standard input that stays open until w is closed.
func pipe(t testing.TB) (in setting, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return stdin(r), w
}

// start starts a program; args are separated by single spaces. Without a setting its standard input is
// empty. Of the user's environment it gets PATH and kernels.Variable only, and its log lines are text.
func start(t testing.TB, name, args string, settings ...setting) *program {
	t.Helper()
	cmd := exec.Command(binary(t, name))
	cmd.Args[0] = name
	if args != "" {
		cmd.Args = append(cmd.Args, strings.Split(args, " ")...)
	}
	return startCommand(t, cmd, settings...)
}

// startCommand starts any command in the same way.
func startCommand(t testing.TB, cmd *exec.Cmd, settings ...setting) *program {
	t.Helper()
	home := t.TempDir()
	p := &program{t: t, temp: t.TempDir(), ended: make(chan struct{}), cmd: cmd}
	// Tests read lines of text; without a terminal those of services would be JSON.
	p.cmd.Env = []string{"HOME=" + home, "TMPDIR=" + p.temp, "PATH=" + os.Getenv("PATH"), "FACTOR_LOG_FORMAT=text"}
	if level, ok := os.LookupEnv(kernels.Variable); ok { // all programs at one level
		p.cmd.Env = append(p.cmd.Env, kernels.Variable+"="+level)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.WaitDelay = 5 * time.Second
	for _, s := range settings {
		s(p.cmd)
	}
	p.line = strings.Join(p.cmd.Args, " ")
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.ended)
		p.stdout.end()
		p.stderr.end()
	}()
	t.Cleanup(p.kill)
	return p
}

// run runs a program to its end.
func run(t testing.TB, name, args string, settings ...setting) *program {
	t.Helper()
	p := start(t, name, args, settings...)
	p.wait()
	return p
}

// signal sends a signal to a running program.
func (p *program) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%s: %v: %v", p.line, s, err)
	}
}

// kill sends SIGKILL to the program if it still runs.
func (p *program) kill() {
	select {
	case <-p.ended:
	default:
		p.killed = true
		p.cmd.Process.Kill()
		<-p.ended
	}
}

// wait waits for the end of the program and checks what must hold for every program.
func (p *program) wait() {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.killed = true
		p.signal(syscall.SIGQUIT) // the Go runtime then prints all goroutines
		<-p.ended
		p.t.Fatalf("%s: still runs after %v\nstdout: %.2000s\nstderr: %.4000s", p.line, patience, p.stdout.String(), p.stderr.String())
	}
	if trace := regexp.MustCompile(`(?m)^(panic:|fatal error:|goroutine \d|WARNING: DATA RACE).*`).FindString(p.stderr.String()); trace != "" {
		p.t.Errorf("%s: stack trace on standard error:\n%.5000s", p.line, p.stderr.String())
	}
	left, err := os.ReadDir(p.temp)
	if err != nil {
		p.t.Error(err)
	}
	if len(left) > 0 && !p.killed {
		p.t.Errorf("%s: left %v behind in $TMPDIR", p.line, left)
	}
}

// code returns the exit code of a program that has ended, -1 if a signal ended it.
func (p *program) code() int {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// wantCode waits for the program's end.
func (p *program) wantCode(code int) *program {
	p.t.Helper()
	p.wait()
	if p.code() != code {
		p.t.Fatalf("%s: exit code %d, not %d\nstdout: %.2000s\nstderr: %.5000s", p.line, p.code(), code, p.stdout.String(), p.stderr.String())
	}
	return p
}

func (p *program) wantStdout(want string) *program {
	p.t.Helper()
	if got := p.stdout.String(); got != want {
		p.t.Errorf("%s: standard output differs: %s", p.line, difference(got, want))
	}
	return p
}

func (p *program) wantStderr(want string) *program {
	p.t.Helper()
	if got := p.stderr.String(); got != want {
		p.t.Errorf("%s: standard error differs: %s", p.line, difference(got, want))
	}
	return p
}

// wantSaid checks that standard error contains all pieces.
func (p *program) wantSaid(pieces ...string) *program {
	p.t.Helper()
	for _, piece := range pieces {
		if !strings.Contains(p.stderr.String(), piece) {
			p.t.Errorf("%s: standard error does not say %q:\n%.5000s", p.line, piece, p.stderr.String())
		}
	}
	return p
}

var errNoMore = errors.New("the program has ended")
