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

// DefaultMaxMemory returns the default limit of a worker's heap in bytes: three quarters of the memory
// of this machine or container. With more, the kernel might end a process, and not always this one.
// A limit in GOMEMLIMIT has precedence. It returns 0, no limit, if the memory is unknown, as on
// systems other than Linux.
func DefaultMaxMemory() uint64 {
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		return uint64(limit)
	}
	total := machineMemory(os.DirFS("/"))
	if total == math.MaxUint64 {
		return 0
	}
	return total / 4 * 3
}

// machineMemory returns the bytes of memory that this process may use, as the files of the kernel
// below root say: the least of the machine's memory and the limits of the process's control group and
// the groups above it. It returns MaxUint64 if there are no such files.
func machineMemory(root fs.FS) uint64 {
	b, _ := fs.ReadFile(root, "proc/meminfo")
	least := memTotal(string(b))
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
		if n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64); err == nil { // "max" is no limit
			least = min(least, n)
		}
	}
	return least
}

// memTotal returns the bytes of the machine's memory from the text of /proc/meminfo, MaxUint64 if the
// text does not have them. 54 bits of KiB are below 2^64 bytes.
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
