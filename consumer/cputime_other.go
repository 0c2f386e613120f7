//go:build !unix

package main

import "time"

var began = time.Now()

// cpuTime returns the time on the clock since the start: this system does not report the CPU time of a
// process.
func cpuTime() time.Duration { return time.Since(began) }
