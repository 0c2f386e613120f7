package ecm

import (
	"runtime"
	"testing"

	"factorfleet/internal/factor/kernels/kernelstest"
)

// TestMemory: plans and curves take no more than Memory says, and more than a fifth of it on the machine that takes the
// most.
func TestMemory(t *testing.T) {
	n := primeOfDigits(150)
	for _, test := range []struct{ b1, b2 uint64 }{{1800, 160e3}, {15015, 20e6}} {
		kernelstest.Each(t, func(t *testing.T) {
			wantPlan, wantRunner := Memory(test.b1, test.b2, n.BitLen())
			before := heap()
			plan := newPlan(test.b1, test.b2)
			plan.Prepare(always)
			made := heap()
			s := newRunner(n, always)
			s.Evidence(plan, []uint64{6})
			after := heap()
			runtime.KeepAlive(s)
			runtime.KeepAlive(plan)
			if got := made - before; made > before && got > wantPlan {
				t.Errorf("B1=%d: the plan takes %d bytes, more than %d", test.b1, got, wantPlan)
			}
			if got := after - made; got > wantRunner || bestMachine(n.BitLen()) == onLanes && got < wantRunner/5 {
				t.Errorf("B1=%d: the curves take %d bytes, want about %d", test.b1, got, wantRunner)
			}
		})
	}
}

// heap returns the bytes in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
