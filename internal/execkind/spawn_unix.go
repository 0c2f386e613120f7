//go:build unix && !linux

package execkind

import (
	"os/exec"
	"syscall"
	"time"
)

// spawn starts cmd.
func spawn(cmd *exec.Cmd, affinity bool, slot int) error { return cmd.Start() }

// dieWithParent does nothing: only Linux kills a process when its parent has died.
func dieWithParent(*syscall.SysProcAttr) {}

// reap waits for p, and then kills the rest of the group.
func (p *process) reap() {
	p.cmd.Wait() // its error is that of the state
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
	killGroup(p.cmd.Process, true)
	p.guard.end(p.cmd.Process.Pid)
}

// runningTime returns the CPU time of a process that runs; false if it is not known.
func runningTime(pid int) (time.Duration, bool) { return 0, false }
