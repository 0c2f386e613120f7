package execkind

import (
	"bytes"
	"os"
	"os/exec"
	"time"
)

// cutCR returns line without the CR of its end.
func cutCR(line []byte) []byte { return bytes.TrimSuffix(line, []byte("\r")) }

// killGroup kills p. Windows has no process groups that end together: what p has started goes on.
func killGroup(p *os.Process, kill bool) { p.Kill() }

// reap waits for p.
func (p *process) reap() {
	p.cmd.Wait() // its error is that of the state
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
}

// spawn starts cmd.
func spawn(cmd *exec.Cmd, affinity bool, slot int) error { return cmd.Start() }

// runningTime returns the CPU time of a process that runs; false if it is not known.
func runningTime(pid int) (time.Duration, bool) { return 0, false }
