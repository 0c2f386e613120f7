//go:build unix

package ecm

import (
	"syscall"
	"time"
)

// cpuTime returns the processor time of the program: on a busy machine it says more than
// the clock.
func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
