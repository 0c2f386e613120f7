package execkind

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A launch is a command that the spawner is to start.
type launch struct {
	cmd      *exec.Cmd
	affinity bool
	slot     int
	err      chan error
}

// spawner is the one goroutine that starts processes. It never leaves its thread, for two reasons: Linux sends the
// signal of dieWithParent when the thread ends that has started the process; and a process inherits the CPUs of that
// thread.
var spawner = sync.OnceValue(func() chan<- launch {
	launches := make(chan launch)
	go func() {
		runtime.LockOSThread()
		for l := range launches {
			l.err <- l.start()
		}
	}()
	return launches
})

// spawn starts cmd for a slot, on one CPU if affinity is set.
func spawn(cmd *exec.Cmd, affinity bool, slot int) error {
	l := launch{cmd, affinity, slot, make(chan error, 1)}
	spawner() <- l
	return <-l.err
}

func (l *launch) start() error {
	if !l.affinity {
		return l.cmd.Start()
	}
	var all unix.CPUSet // of the worker
	if err := unix.SchedGetaffinity(os.Getpid(), &all); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	one := nthCPU(&all, l.slot)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return os.NewSyscallError("sched_setaffinity", err)
	}
	defer unix.SchedSetaffinity(0, &all)
	return l.cmd.Start()
}

// nthCPU returns the set of the CPU of index n modulo their count in all.
func nthCPU(all *unix.CPUSet, n int) (one unix.CPUSet) {
	n %= max(all.Count(), 1)
	for cpu := 0; ; cpu++ {
		if !all.IsSet(cpu) {
			continue
		}
		if n == 0 {
			one.Set(cpu)
			return one
		}
		n--
	}
}

// dieWithParent has the system kill the process when the worker has died.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }

// reap waits for p. It kills the rest of the group before it reaps p: until then no other group can have that id.
func (p *process) reap() {
	for unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	killGroup(p.cmd.Process, true)
	p.guard.end(p.cmd.Process.Pid)
	p.cmd.Wait() // its error is that of the state
	p.reaped = true
}

// runningTime returns the CPU time of a process that runs; false if it is not known. The clock of another process has
// the id (^pid << 3) | 2, as clock_getcpuclockid(3) of the C library makes it.
func runningTime(pid int) (time.Duration, bool) {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &t); err != nil {
		return 0, false
	}
	return time.Duration(t.Nano()), true
}
