//go:build !linux

package machine

import (
	"fmt"
	"runtime"
)

// SetAffinity returns an error: this system cannot restrict a process to some CPUs, or this package does not know how.
func SetAffinity([]int) error { return fmt.Errorf("not supported on %s", runtime.GOOS) }
