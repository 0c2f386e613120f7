//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime returns the CPU time of this process. Unlike the time on the clock, it does not depend on the
// load of the machine.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return time.Since(began)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

var began = time.Now()
