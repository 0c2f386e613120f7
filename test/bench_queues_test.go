package test

import (
	"fmt"
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
	for system, row := range map[string]string{
		"fleet-1s":      "| this fleet, nats-server | files, fsync every second | ",
		"embedded-none": "| this fleet, embedded | files, not synced | ",
		"exec-server":   "",
		"exec-lines":    "",
		"exec-args":     "",
		"manager":       "| multiprocessing managers | tasks and results in memory | ",
	} {
		t.Run(system, func(t *testing.T) { // one after the other, as when they are measured
			p := startCommand(t, benchQueues(t, nil, system)).wantCode(0)
			for _, line := range []string{row, "- Not measured: machinery: "} {
				if !strings.Contains(p.stdout.String(), "\n"+line) {
					t.Errorf("no line %q in\n%s", line, p.stdout.String())
				}
			}
		})
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

// The table has medians, ranges, and the ratio to the fleet at like durability.
func TestBenchQueuesTable(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("NOT TESTED: python3 is not on PATH")
	}
	var lines strings.Builder
	for _, m := range []struct {
		system   string
		squares  []float64
		tutorial float64
	}{
		{"fleet-1s", []float64{30000, 20000, 20500}, 400},
		{"asynq-1s", []float64{4100, 5000, 1000.4}, 12.345},
		{"river", []float64{9000}, 7},
	} {
		for _, rate := range m.squares {
			for _, w := range []string{
				fmt.Sprintf(`"squares", "tasks": 20000, "tasks_per_second": %v`, rate),
				fmt.Sprintf(`"tutorial", "tasks": 24, "tasks_per_second": %v`, m.tutorial),
			} {
				fmt.Fprintf(&lines, `{"system": %q, "cpu_us_per_task": 88.2, "versions": {"Redis": "7"}, "workload": %s}`+"\n", m.system, w)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "lines")
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	startCommand(t, exec.Command(python, "peers/table.py", file)).wantCode(0).wantStdout(`| system | durability | tasks/s (range) | this fleet | CPU us a task | chunks/s (range) | factored by |
| --- | --- | --: | --: | --: | --: | --- |
| this fleet, nats-server | files, fsync every second | 20,500 (20,000-30,000) | 1.00x | 88.2 | 400 (400-400) | its engine |
| asynq | Redis, AOF everysec | 4,100 (1,000-5,000) | 5.00x | 88.2 | 12.3 (12.3-12.3) | Go |
| River, 1 ms cooldown, InsertManyFast | PostgreSQL, fsync at each commit | 9,000 (9,000-9,000) | - | 88.2 | 7 (7-7) | Go |

Versions: Redis 7.
`)
}
