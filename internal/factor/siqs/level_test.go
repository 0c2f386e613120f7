package siqs

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
)

// TestMain runs all tests and benchmarks on one level if asked to.
func TestMain(m *testing.M) {
	lanes := flag.Int("lanes", machineLevel, "run as on a machine whose kernels have so many `lanes`: 0, 8 or 16")
	flag.Parse()
	if !slices.Contains([]int{levelGo, levelAVX2, levelAVX512}, *lanes) || *lanes > machineLevel {
		fmt.Fprintf(os.Stderr, "this machine has no kernels with %d lanes\n", *lanes)
		os.Exit(2)
	}
	code := 0
	onLevel(*lanes, func() { code = m.Run() })
	os.Exit(code)
}

// eachLevel runs f on each level with kernels.
func eachLevel(t *testing.T, f func(t *testing.T)) {
	for _, l := range []int{levelAVX2, levelAVX512} {
		t.Run(fmt.Sprintf("lanes=%d", l), func(t *testing.T) {
			if l > machineLevel {
				t.Skipf("NOT TESTED: this machine or build has no kernels with %d lanes, so there is nothing to hold the Go code against", l)
			}
			onLevel(l, func() { f(t) })
		})
	}
}
