//go:build unix

package execkind

import (
	"os"
	"syscall"
)

// cutCR returns line: only Windows ends lines by CR and LF.
func cutCR(line []byte) []byte { return line }

// killGroup sends SIGTERM or, if kill is set, SIGKILL to the group of p. Requires that p is not reaped.
func killGroup(p *os.Process, kill bool) {
	signal := syscall.SIGTERM
	if kill {
		signal = syscall.SIGKILL
	}
	syscall.Kill(-p.Pid, signal) // an error says that no process is left
}
