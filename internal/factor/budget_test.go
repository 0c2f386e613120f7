package factor

import (
	"math/rand/v2"
	"testing"
	"time"

	"factorfleet/internal/nat"
)

// TestBudgetIsCPUTime: a number that waits for a processor for longer than its budget is finished, if its CPU time
// is below the budget.
func TestBudgetIsCPUTime(t *testing.T) {
	budget := slowly(300 * time.Millisecond)
	n := nat.FromBig(semiprime(rand.New(rand.NewPCG(7, 4)), 150))
	ticks := 0
	e := New(Options{Budget: budget, Tick: func() {
		if ticks++; ticks == 20 {
			time.Sleep(budget + 50*time.Millisecond)
		}
	}})
	fs, method, err := e.Append(t.Context(), nil, n)
	cpu, wall := e.Spent()
	if err != nil || len(fs) != 2 {
		t.Errorf("%s by %q, %v", format(fs), method, err)
	}
	if cpu == 0 || cpu > budget || wall < budget {
		t.Errorf("%v of CPU time in %v, with a budget of %v", cpu, wall, budget)
	}
}

// TestBudgetOfCores: the budget is spent by all cores together, here by two goroutines whose clock never waits. On a
// busy machine the helper may come too late.
func TestBudgetOfCores(t *testing.T) {
	twoProcessors(t)
	const budget = 200 * time.Millisecond
	began := time.Now()
	n := nat.FromBig(product(randomPrime(rand.New(rand.NewPCG(7, 5)), 400), randomPrime(rand.New(rand.NewPCG(7, 6)), 400)))
	for range 20 {
		e := New(Options{Budget: budget, Pool: lending(1), Meter: NewMeter(func() time.Duration { return time.Since(began) })})
		fs, _, err := e.Append(t.Context(), nil, n)
		if err != nil || len(fs) != 1 || fs[0].Status != Composite {
			t.Fatalf("%s, %v", format(fs), err)
		}
		cpu, wall := e.Spent()
		helped := e.stop.meter.Helped()
		if cpu < budget || wall < cpu-helped-time.Millisecond {
			t.Errorf("%v of CPU time in %v, %v of it by a helper", cpu, wall, helped)
		}
		if helped > 0 {
			return
		}
	}
	t.Error("no core has helped")
}
