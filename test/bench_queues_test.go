package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// benchQueues returns the command that runs peers/bench.py with the programs in a directory bin. Those that
// fakes names are scripts with this content instead.
func benchQueues(t *testing.T, fakes map[string]string, args ...string) *exec.Cmd {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("NOT TESTED: python3 is not on PATH")
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"producer", "consumer", "embedded", "nats-server"} {
		if script, ok := fakes[name]; ok {
			err = os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script), 0o755)
		} else {
			err = os.Symlink(binary(t, name), filepath.Join(bin, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return exec.Command(python, append([]string{"peers/bench.py", "--dir", dir, "--no-build", "--self-test"}, args...)...)
}

// The systems that need no further program have right results, and leave no file behind.
func TestBenchQueues(t *testing.T) {
	t.Parallel()
	p := startCommand(t, benchQueues(t, nil, "fleet-1s", "embedded-none", "manager")).wantCode(0)
	for _, row := range []string{
		"| this fleet, nats-server | files, fsync every second | ",
		"| this fleet, embedded | files, not synced | ",
		"| multiprocessing managers | tasks and results in memory | ",
		"- Not measured: machinery: ",
	} {
		if !strings.Contains(p.stdout.String(), "\n"+row) {
			t.Errorf("no row %q in\n%s", row, p.stdout.String())
		}
	}
}

func TestBenchQueuesWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ script, said string }{
		{`while [ $# -gt 1 ]; do shift; done; sed 's/.*/&: 1/' "$1"`, "embedded-none: failed: wrong square of 2: [1]"},
		{"exit 3", "embedded-none: failed: "},
		{"true", "embedded-none: failed: 0 answers to 4 numbers"},
	} {
		p := startCommand(t, benchQueues(t, map[string]string{"embedded": test.script}, "embedded-none")).wantCode(1)
		p.wantSaid(test.said)
		if !strings.Contains(p.stdout.String(), "- Not measured: embedded-none: failed: ") {
			t.Errorf("the failure is not named in\n%s", p.stdout.String())
		}
	}
	startCommand(t, benchQueues(t, nil, "nothing")).wantCode(2).wantSaid(`unknown system 'nothing'`)
}

// A signal ends what the harness has started.
func TestBenchQueuesInterrupted(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	hangs := "echo $$ >" + file + ".new; mv " + file + ".new " + file + "; exec sleep 1000"
	p := startCommand(t, benchQueues(t, map[string]string{"embedded": hangs}, "embedded-none"))
	var pid int
	eventually(t, "the system runs", func() bool {
		text, err := os.ReadFile(file)
		if err == nil {
			pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		}
		return err == nil
	})
	p.signal(syscall.SIGTERM)
	p.wantCode(130)
	eventually(t, "the system has ended", func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH })
}
