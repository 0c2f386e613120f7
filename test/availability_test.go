package test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

const terminate = syscall.SIGTERM

// TestOnce: a worker that ends after one task leaves the others to the next one.
func TestOnce(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	job := s.start("producer", "submit --chunk 2 --kind square 1 2 3 4 5")
	for range 3 {
		s.start("consumer", "run --once -n 2").wantCode(0).wantSaid("tasks=1")
	}
	job.wantCode(0).wantStdout("1: 1\n2: 4\n3: 9\n4: 16\n5: 25\n")
}

// TestExitWhenIdle: a worker ends after a time without tasks, and not while it has one.
func TestExitWhenIdle(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.run("producer", "submit --detach --id j --kind square --sleep 6s 12").wantCode(0)
	s.start("consumer", "run -n 1 --exit-when-idle 4s").wantCode(0).wantSaid("no task came, the worker ends", "numbers=1")
	s.run("producer", "wait j").wantCode(0).wantStdout("12: 144\n")
	if list := report[[]listedWorker](s, "workers ls"); len(list) > 0 {
		t.Errorf("a worker that has ended is listed: %+v", list)
	}
}

// TestMaxTime: a worker ends after its time and returns the task that it has.
func TestMaxTime(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.run("producer", "submit --detach --id j --kind square --sleep 1h 12").wantCode(0)
	s.start("consumer", "run -n 1 --max-time 5s --drain-timeout 1s").wantCode(0).wantSaid("left=0")
	if got := s.subjects("FACTOR_RETURNS"); len(got) != 1 || !strings.HasPrefix(got[0], "FACTOR.returns.j.0-1.") {
		t.Errorf("returned: %v", got)
	}
}

// TestActive: outside of its hours a worker takes nothing, stays alive and says so. Another one does the work.
func TestActive(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	hours := otherHours()
	w := s.consumer("-n 1 --name night --active " + hours)
	want := "sleeping until " + hours[:5]
	eventually(t, "it is listed", func() bool { w := s.listed("night"); return w.State == "sleeping" && strings.HasPrefix(w.Pause, want) })
	if text := s.run("producer", "workers ls").wantCode(0).stdout.String(); !strings.Contains(text, "\n  "+want) {
		t.Errorf("workers ls:\n%s", text)
	}
	job := s.start("producer", "submit 15")
	s.consumer("-n 1 --name day")
	job.wantCode(0).wantStdout("15: 3 5\n")
	if n := s.listed("night").Numbers; n != 0 {
		t.Errorf("it has answered %d numbers", n)
	}
	w.signal(terminate)
	w.wantCode(0)
}

// TestRestricted: all threads of a worker have the niceness and the CPUs that the user asks for, and its slots follow.
func TestRestricted(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("threads have these settings only on Linux")
	}
	s := startFleet(t)
	w := s.consumer(fmt.Sprintf("--nice 19 --affinity %d", firstCPU(t)))
	w.wantSaid("slots=1")
	s.run("producer", "submit --range 1000000000001:1000000000999").wantCode(0)
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", w.cmd.Process.Pid))
	if err != nil || len(threads) < 2 {
		t.Fatalf("threads %v, %v", threads, err)
	}
	for _, thread := range threads {
		status, err := os.ReadFile(thread + "/status")
		if err != nil {
			continue // it has ended
		}
		if want := fmt.Sprintf("Cpus_allowed_list:\t%d\n", firstCPU(t)); !strings.Contains(string(status), want) {
			t.Errorf("%s may use other CPUs than %d:\n%s", thread, firstCPU(t), status)
		}
		stat, _ := os.ReadFile(thread + "/stat")
		_, rest, _ := strings.Cut(string(stat), ") ")
		if field := strings.Fields(rest); len(field) > 16 && field[16] != "19" {
			t.Errorf("%s has niceness %s", thread, field[16])
		}
	}
}

// firstCPU returns a CPU that this process may use.
func firstCPU(t *testing.T) (cpu int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(status), "Cpus_allowed_list:")
	if _, err := fmt.Sscanf(list, "%d", &cpu); err != nil {
		t.Fatal(err)
	}
	return cpu
}

// TestTwoWorkersShare is the first thing that a newcomer tries: ten numbers of a second each take two workers about half of
// the time that one needs, and each of them does a part.
func TestTwoWorkersShare(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	one := s.consumer("-n 1 --name one")
	two := s.consumer("-n 1 --name two")
	var want strings.Builder
	for n := 3411; n <= 3420; n++ {
		fmt.Fprintf(&want, "%d: %d\n", n, n*n)
	}
	began := time.Now()
	s.run("producer", "submit --kind square --sleep 1s --range 3411:3420").wantCode(0).wantStdout(want.String())
	t.Logf("took %v", time.Since(began))
	for _, w := range []*program{one, two} {
		w.signal(terminate)
		w.wantCode(0)
		if strings.Contains(w.stderr.String(), "numbers=0") {
			t.Errorf("%s has done nothing", w.line)
		}
	}
}

// TestSquareCancelled: a number that takes an hour ends at once when its job is cancelled.
func TestSquareCancelled(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.consumer("-n 1 --name w")
	job := s.start("producer", "submit --id j --kind square --sleep 1h 12")
	eventually(t, "the number is computed", func() bool { return s.listed("w").Busy == 1 })
	s.run("producer", "cancel j").wantCode(0)
	job.wantCode(5)
	s.run("producer", "submit 15").wantCode(0).wantStdout("15: 3 5\n")
}
