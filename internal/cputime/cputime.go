// Package cputime reads the CPU time of a thread and of the process.
//
// The clock of a thread costs a system call, 0.1 to 0.6 us, which is more than many a
// number takes. So it is read once for many numbers, and about every millisecond while
// one number runs.
package cputime

import "time"

// Thread returns the CPU time of the calling thread, in user and system mode, since some
// point in the past. Two readings can be subtracted if the goroutine was locked to its
// thread from the first one to the second one (runtime.LockOSThread). Where the system
// has no such clock, it returns the time of a monotonic wall clock.
func Thread() time.Duration { return thread() }

// Process returns the CPU time of all threads of the process, in user and system mode. ok
// is false if the system does not tell it.
func Process() (t time.Duration, ok bool) { return process() }

// Grain is the step in which Thread advances, 0 if it is below a microsecond. The
// difference of two readings may be wrong by so much.
const Grain = grain

// start is the zero point of wall.
var start = time.Now()

// wall returns the wall-clock time since the start of the process.
func wall() time.Duration { return time.Since(start) }
