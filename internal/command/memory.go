package command

import (
	"io/fs"
	"math"
	"os"
	"path"
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
	has := machineMemory(os.DirFS("/"))
	if has == math.MaxUint64 {
		return 0
	}
	return has / 4 * 3
}

// machineMemory returns the bytes of memory that this process may use by what the
// kernel says below root: the least of the machine's and the limits of its control group
// and of those above. It returns MaxUint64 where nothing is said.
func machineMemory(root fs.FS) uint64 {
	b, _ := fs.ReadFile(root, "proc/meminfo")
	has := memTotal(string(b))
	groups := []string{"sys/fs/cgroup/memory/memory.limit_in_bytes"} // version 1, in a container
	own, _ := fs.ReadFile(root, "proc/self/cgroup")
	for line := range strings.Lines(string(own)) {
		if group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::/"); ok {
			for ; group != "" && group != "."; group = path.Dir(group) {
				groups = append(groups, path.Join("sys/fs/cgroup", group, "memory.max"))
			}
		}
	}
	for _, name := range append(groups, "sys/fs/cgroup/memory.max") {
		b, err := fs.ReadFile(root, name)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64); err == nil { // else it is "max"
			has = min(has, n)
		}
	}
	return has
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
