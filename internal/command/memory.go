package command

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// DefaultMaxMemory returns how much heap a worker may use if nobody says: three
// quarters of what this machine or its container has, for beyond that the kernel ends
// some process, and not always the guilty one. A limit in GOMEMLIMIT is taken instead.
// It returns 0, no limit, where nobody knows.
func DefaultMaxMemory() uint64 {
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		return uint64(limit)
	}
	has := uint64(math.MaxUint64)
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64); err == nil { // else it is "max"
			has = min(has, n)
		}
	}
	b, _ := os.ReadFile("/proc/meminfo")
	has = min(has, memTotal(string(b)))
	if has == math.MaxUint64 {
		return 0
	}
	return has / 4 * 3
}

// memTotal returns the bytes that the text of /proc/meminfo says the machine has.
func memTotal(text string) uint64 {
	for line := range strings.Lines(text) {
		if field := strings.Fields(line); len(field) == 3 && field[0] == "MemTotal:" && field[2] == "kB" {
			if n, err := strconv.ParseUint(field[1], 10, 54); err == nil {
				return n << 10
			}
		}
	}
	return math.MaxUint64
}
