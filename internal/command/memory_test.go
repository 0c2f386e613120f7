package command

import (
	"math"
	"runtime/debug"
	"testing"
)

func TestDefaultMaxMemory(t *testing.T) {
	old := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(old) })
	debug.SetMemoryLimit(math.MaxInt64)
	if got := DefaultMaxMemory(); got != 0 && got < 64<<20 {
		t.Errorf("this machine has %d bytes", got)
	}
	debug.SetMemoryLimit(300 << 20) // as GOMEMLIMIT does
	if got := DefaultMaxMemory(); got != 300<<20 {
		t.Errorf("a limit of 300 MiB is %d", got)
	}
}
