package machine

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
)

// Cores returns how many cores this process may use, at least 1. That is GOMAXPROCS, or the CPU quota of its control
// groups rounded up if that is less: the Go runtime never makes less than 2 of a quota. A GOMAXPROCS that the user has set
// in the environment has precedence.
func Cores(root fs.FS) int {
	most := runtime.GOMAXPROCS(0)
	if os.Getenv("GOMAXPROCS") != "" {
		return most
	}
	if quota := quota(root); quota < float64(most) {
		return max(1, int(math.Ceil(quota)))
	}
	return most
}

// quota returns the CPU time in a second that the control groups of this process grant it, as a number of cores: the
// least of all groups. It is infinite if there is no limit.
func quota(root fs.FS) float64 {
	least := math.Inf(1)
	limit := func(quota, period string) {
		q, err1 := strconv.ParseUint(quota, 10, 63) // "max" and "-1" are no limit
		p, err2 := strconv.ParseUint(period, 10, 63)
		if err1 == nil && err2 == nil && q > 0 && p > 0 {
			least = min(least, float64(q)/float64(p))
		}
	}
	hierarchy{"", root}.eachGroup("cpu.max", func(_, text string) {
		if quota, period, ok := strings.Cut(text, " "); ok {
			limit(quota, period)
		}
	})
	hierarchy{"cpu", root}.eachGroup("cpu.cfs_quota_us", func(dir, quota string) {
		period, _ := fs.ReadFile(root, path.Join(dir, "cpu.cfs_period_us"))
		limit(quota, strings.TrimSpace(string(period)))
	})
	return least
}

// KeepFree keeps n of the cores free that this process may use: from now on it computes on the others only, and Cores
// returns their number. An error means that none would be left.
func KeepFree(n int) error {
	if n == 0 {
		return nil
	}
	cores := Cores(Root())
	if n >= cores {
		return fmt.Errorf("this process may use only %d of the machine's CPUs, and needs one", cores)
	}
	runtime.GOMAXPROCS(cores - n)
	return nil
}
