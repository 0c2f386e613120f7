//go:build unix

package natsserver

import "syscall"

// openFiles returns the limit of open files of this process. The Go runtime has raised it as far as
// the system permits.
func openFiles() (uint64, bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, false
	}
	return uint64(limit.Cur), true
}
