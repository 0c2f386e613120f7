//go:build darwin || freebsd

package machine

import "golang.org/x/sys/unix"

// setNice sets the niceness of the process: 0 is the calling one.
func setNice(n int) error { return unix.Setpriority(unix.PRIO_PROCESS, 0, n) }
