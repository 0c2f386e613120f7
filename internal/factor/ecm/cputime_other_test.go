//go:build !unix

package ecm

import "time"

var began = time.Now()

// cpuTime returns the time of the clock.
func cpuTime() time.Duration { return time.Since(began) }
