//go:build unix

package execkind

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// groupHas reports whether the process group has processes. Where /proc tells it, zombies do not count: those whose parent
// was killed belong to the init process of the machine, which may take its time.
func groupHas(group int) bool {
	if errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
		return false
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, _ := os.ReadFile(file)
		_, after, _ := strings.Cut(string(text), ") ") // state, parent, group: see proc(5)
		if fields := strings.Fields(after); len(fields) > 2 && fields[0] != "Z" && fields[2] == strconv.Itoa(group) {
			return true
		}
	}
	return len(stats) == 0
}
