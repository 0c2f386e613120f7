//go:build unix

package notify

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// shell returns the words before a command line.
func shell() []string { return []string{"/bin/sh", "-c"} }

// inGroup runs c in a process group of its own, which ends with its context as a whole. So Ctrl-C on the terminal reaches
// this process only.
func inGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error {
		err := syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
