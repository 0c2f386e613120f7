// Package kernelstest runs tests of the engine at every level of kernels that the machine has.
package kernelstest

import (
	"os"
	"testing"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/testsize"
)

// Lower reports whether the level in force is below the best one of the machine, and a test
// should do less work there: without testsize.Full.
func Lower() bool { return kernels.Active() < kernels.Best() && !testsize.Full() }

// Short is testing.Short, or Lower.
func Short() bool { return testing.Short() || Lower() }

// Each runs f as a subtest for every level, with kernels.Active() being that level. A level that
// the machine or the build lacks is skipped as NOT TESTED. Neither f nor the test that calls Each
// may be parallel: the level is one for the process.
func Each(t *testing.T, f func(t *testing.T)) {
	for _, l := range kernels.Levels {
		t.Run(l.String(), func(t *testing.T) {
			At(t, l)
			f(t)
		})
	}
}

// At puts a level in force until the test or benchmark ends, or skips it as NOT TESTED.
func At(tb testing.TB, l kernels.Level) {
	tb.Helper()
	os.Getenv(kernels.Variable) // the cache of tests does not see what an init function reads
	if l > kernels.Best() {
		tb.Skipf("NOT TESTED: this machine or build has no kernels of level %v", l)
	}
	before := kernels.Use(l)
	tb.Cleanup(func() { kernels.Use(before) })
}
