//go:build !unix

package main

import "time"

var began = time.Now()

// cpuTime returns the time of the clock: this system does not tell the CPU time of a process.
func cpuTime() time.Duration { return time.Since(began) }
