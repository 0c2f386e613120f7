//go:build linux

package factor

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/cputime"
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/sample"
)

var calibrate = flag.Int("calibrate", 0, "calibrate for numbers of up to so many `digits`")

// TestCalibrateSieve prints the rows of the sieve in package measured for the level in force: the
// median time of semiprimes, one core, after the curves. 70 digits take a minute with kernels.
func TestCalibrateSieve(t *testing.T) {
	if *calibrate == 0 {
		t.Skip("run with -calibrate 70")
	}
	runtime.LockOSThread() // for cputime.Thread
	defer runtime.UnlockOSThread()
	t.Logf("level %v", kernels.Active())
	e := New(Options{})
	e.stop.ctx = t.Context()
	for _, bits := range []int{64, 80, 96, 112, 128, 150, 165, 180, 198, 215, 231, 248, 264, 281, 297, 314} {
		if bits > *calibrate*3322/1000 {
			return
		}
		if bits < 150 { // a number takes less than the clock of the thread resolves
			fmt.Printf("{%d, %v},\n", bits, (sieveTime(t, e, bits, 300) / 300).Round(time.Microsecond))
			continue
		}
		times := []time.Duration{sieveTime(t, e, bits, 1), sieveTime(t, e, bits, 1), sieveTime(t, e, bits, 1)}
		slices.Sort(times)
		fmt.Printf("{%d, %v},\n", bits, times[1].Round(10*time.Microsecond))
	}
}

// sieveTime returns the time of the sieve for count semiprimes.
func sieveTime(t *testing.T, e *Engine, bits, count int) (spent time.Duration) {
	for _, n := range sample.Semiprimes(bits, count, uint64(time.Now().UnixNano())) {
		began := cputime.Thread()
		if d, err := e.sieve(n.Big(), e.checkContext); d == nil || err != nil {
			t.Fatalf("%v: %v, %v", n, d, err)
		}
		spent += cputime.Thread() - began
	}
	return spent
}
