//go:build !linux && !darwin && !freebsd && !windows

package cputime

import "time"

const grain = 0

func thread() time.Duration { return wall() }

func process() (time.Duration, bool) { return 0, false }
