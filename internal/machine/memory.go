package machine

import (
	"io/fs"
	"math"
	"strconv"
	"strings"
)

// Memory returns the bytes of memory that this process may use, as the files of the kernel below root say: the least of
// the machine's memory and the limits of the process's control group and the groups above it. It returns MaxUint64 if
// there are no such files.
func Memory(root fs.FS) uint64 {
	b, _ := fs.ReadFile(root, "proc/meminfo")
	least := memTotal(string(b))
	limit := func(_, text string) {
		if n, err := strconv.ParseUint(text, 10, 64); err == nil { // "max" is no limit
			least = min(least, n)
		}
	}
	hierarchy{"memory", root}.eachGroup("memory.limit_in_bytes", limit)
	hierarchy{"", root}.eachGroup("memory.max", limit)
	hierarchy{"", root}.eachGroup("memory.high", limit) // above it the kernel slows the process down
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
