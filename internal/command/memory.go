package command

import (
	"math"
	"runtime/debug"

	"factorfleet/internal/machine"
)

// DefaultMaxMemory returns the default limit of a worker's heap in bytes: three quarters of the memory
// of this machine or container. With more, the kernel might end a process, and not always this one.
// A limit in GOMEMLIMIT has precedence. It returns 0, no limit, if the memory is unknown, as on
// systems other than Linux.
func DefaultMaxMemory() uint64 {
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		return uint64(limit)
	}
	total := machine.Memory(machine.Root())
	if total == math.MaxUint64 {
		return 0
	}
	return total / 4 * 3
}
