//go:build unix

package execkind

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// sleeper writes its process id to a file, and then ignores SIGTERM; so does a child of it.
func sleeper(dir string) string {
	return "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & echo $$ >" + dir + "/pid; while :; do sleep 1; done #$1"
}

// pid returns the process id in a file, once it is there.
func pid(t *testing.T, file string) (id int) {
	t.Helper()
	until(t, file+" is written", func() bool {
		text, _ := os.ReadFile(file)
		var err error
		id, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	})
	return id
}

// TestInterruption: Run ticks while a command works, returns as soon as its context ends, and nothing is left of the
// process group, whatever the processes do with SIGTERM.
func TestInterruption(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{Lines, Args, Server} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r := newRig(t, "x="+sleeper(dir), in(mode))
			cause := errors.New("cancelled")
			ctx, cancel := context.WithCancelCause(t.Context())
			var ticks atomic.Int64
			var reports []worker.NumberProgress
			o := ticking(&ticks)
			o.Progress = func(p worker.NumberProgress) { reports = append(reports, p) }
			ended := make(chan error)
			var done []task.Factorization
			go func() { ended <- r.Run(ctx, numbers("a", "b"), o, &done) }()
			group := pid(t, dir+"/pid")
			before := ticks.Load()
			until(t, "Run has ticked for more than a second", func() bool { return ticks.Load() > before+25 })
			cancel(cause)
			if err := <-ended; err != cause || len(done) != 0 {
				t.Errorf("%v, %d answers", err, len(done))
			}
			if len(reports) == 0 || reports[0].Method != "exec:x" {
				t.Errorf("reports %+v", reports)
			}
			until(t, "the group has ended", func() bool { return !groupHas(group) })
		})
	}
}

// TestLeftovers: what a command leaves running in its group ends with the command, and does not delay the answer; a process
// that has left the group is not waited for.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, "x:args=sleep 1000 & echo $$ >"+dir+"/pid; echo", nil)
	r.run(options(0), "a")
	r.want("a")
	if group := pid(t, dir+"/pid"); groupHas(group) {
		until(t, "the group has ended", func() bool { return !groupHas(group) })
	}
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("setsid is not there")
	}
	r = newRig(t, "x:args=setsid sh -c 'echo $$ >"+dir+"/daemon; exec sleep 1000' & while ! [ -s "+dir+"/daemon ]; do :; done; echo", nil)
	defer func() { syscall.Kill(pid(t, dir+"/daemon"), syscall.SIGKILL) }()
	r.run(options(0), "a")
	r.want("a")
}

// TestServerLife: a slot keeps its process for the next task and shares it with no other slot. An idle process is stopped,
// and one that has died is replaced.
func TestServerLife(t *testing.T) {
	t.Parallel()
	r := newRig(t, "x:server=cat", nil)
	ask := func(slot int, format task.Format) int {
		o := options(slot)
		o.Format = format
		r.run(o, "a", "b")
		r.want("a", "b")
		return r.slot(slot).server.cmd.Process.Pid
	}
	first, second := ask(0, task.FormatLines), ask(1, task.FormatLines)
	if first == second || first != ask(0, "") || second != ask(1, task.FormatLines) {
		t.Errorf("slots have the processes %d, %d, then %d, %d", first, second, ask(0, ""), ask(1, ""))
	}
	syscall.Kill(first, syscall.SIGKILL)
	until(t, "it has ended", func() bool { return r.slot(0).server.hasExited() })
	third := ask(0, "")
	if third == first {
		t.Error("a process that has died has answered")
	}
	if ask(0, task.FormatNUL) == third { // of another job: the process knows its format from its environment
		t.Error("a process serves two formats")
	}
	until(t, "the others have ended", func() bool { return r.running() == 2 })
}

// TestIdle: a process that has nothing to do is stopped.
func TestIdle(t *testing.T) {
	t.Parallel()
	r := newRig(t, "x:server=cat", nil)
	r.idle = 10 * time.Millisecond
	for range 20 {
		r.run(options(0), "a", "b")
		r.want("a", "b")
	}
	until(t, "no process is left", func() bool { return r.running() == 0 })
	r.run(options(0), "c")
	r.want("c")
}

// TestClose: nothing is left, and nothing is started.
func TestClose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, "x:server=echo $$ >"+dir+"/pid; trap '' TERM; "+server("echo $x")+"; while :; do sleep 1; done", nil)
	r.run(options(0), "a")
	r.want("a")
	if err := r.Close(); err != nil || r.running() > 0 {
		t.Errorf("%v, %d processes", err, r.running())
	}
	until(t, "the group has ended", func() bool { return !groupHas(pid(t, dir+"/pid")) })
	r.run(options(0), "b")
	r.wantErrors("cannot start the command: the worker ends")
}

// TestParentKilled: a command and what it has started die with their worker, even if that is killed.
func TestParentKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	parent := exec.Command(os.Args[0], "read -r item; "+sleeper(dir)) // an item comes after the guard was told
	parent.Env = append(os.Environ(), helperVariable+"=parent")
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	group := pid(t, dir+"/pid")
	parent.Process.Kill()
	parent.Wait()
	until(t, "the group has ended", func() bool { return !groupHas(group) })
}

// TestLimits: each limit reaches the command, with a shell and without one.
func TestLimits(t *testing.T) {
	t.Parallel()
	limits := func(l Limits) func(*Settings) { return func(s *Settings) { s.Limits = l; s.Mode = Args } }
	nice := func(n int) string { // the niceness n beside that of this test
		out, err := exec.Command("nice").Output()
		own, e := strconv.Atoi(strings.TrimSpace(string(out)))
		if err != nil || e != nil {
			t.Fatal(err, e)
		}
		return strconv.Itoa(min(own+n, 19))
	}
	r := newRig(t, "x=echo $(ulimit -v) $(ulimit -S -t) $(ulimit -H -t) $(nice) #$1", limits(Limits{Memory: 1 << 30, CPU: time.Minute, Nice: 7}))
	r.run(options(0), "a")
	r.want("1048576 60 65 " + nice(7))
	r = newRig(t, `x=["/bin/sh","-c","echo $(ulimit -v) $(nice) $0"]`, func(s *Settings) { s.Direct, s.Mode, s.Limits = true, Args, Limits{Memory: 1 << 30, Nice: 3} })
	r.run(options(0), "-a b")
	r.want("1048576 " + nice(3) + " -a b")
	r = newRig(t, "x=while :; do :; done #$1", limits(Limits{CPU: time.Second}))
	r.run(options(0), "a")
	r.wantErrors("ended by signal: CPU time limit exceeded")
}

// TestAffinity: each slot has one CPU.
func TestAffinity(t *testing.T) {
	t.Parallel()
	r := newRig(t, "x:args=: \"$1\"; grep Cpus_allowed_list /proc/self/status | cut -f 2", func(s *Settings) { s.Limits.Affinity = true })
	for slot := range 4 {
		r.run(options(slot), "a")
		if len(r.answers) != 1 || strings.ContainsAny(r.answers[0], ",-!") {
			t.Errorf("slot %d has the CPUs %v, %v", slot, r.answers, r.errs)
		}
	}
}

// TestEnded: nothing is started for a task whose context has ended.
func TestEnded(t *testing.T) {
	t.Parallel()
	cause := errors.New("cancelled")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	for _, mode := range []Mode{Lines, Args, Server} {
		r := newRig(t, "x=cat", in(mode))
		var done []task.Factorization
		if err := r.Run(ctx, numbers("a"), options(0), &done); err != cause || len(done) != 0 || r.running() != 0 {
			t.Errorf("%s: %v, %d answers, %d processes", mode, err, len(done), r.running())
		}
	}
}

// TestServerSurplus: a command that writes two lines for each item, the second one later, gives no item a wrong answer.
func TestServerSurplus(t *testing.T) {
	t.Parallel()
	r := newRig(t, `x:server=while read -r l; do echo "$l"; echo extra; done`, nil)
	r.run(options(0), "a", "b", "c")
	r.want("!", "!", "!")
	r.wantErrors(errMany.Error(), errMany.Error(), errMany.Error())
}
