//go:build !linux && !darwin && !freebsd && !windows

package cputime

import "time"

const grain = 0

func thread() time.Duration { return wall() }
