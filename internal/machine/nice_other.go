//go:build !linux && !darwin && !freebsd

package machine

import (
	"errors"
	"runtime"
)

// setNice returns an error: this system has no niceness, or this package does not know how to set it.
func setNice(int) error { return errors.New("not supported on " + runtime.GOOS) }
