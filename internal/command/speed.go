package command

import (
	"context"
	"runtime"
	"time"

	"factorfleet/internal/cputime"
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/kind"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// MeasureMachine measures how fast this process factors, in some tenths of a second, and returns what the machine is for
// plan. slots 0 means one for each core.
func MeasureMachine(ctx context.Context, slots int) (PlanMachine, error) {
	m := PlanMachine{Slots: slots, Kernels: kernels.Active().String()}
	if slots == 0 {
		m.Slots = runtime.GOMAXPROCS(0)
	}
	var err error
	m.Speed, err = measureSpeed(ctx)
	return m, err
}

// The numbers of a measurement: products of two primes of speedBits/2 bits. Their time is that of the sieve, which hard
// numbers take most of theirs with.
const (
	speedBits = 150
	speedRuns = 3
)

// speedNumbers are such numbers.
var speedNumbers = []string{
	"999762002061174789799089372342074231864564839",
	"917385546452674236479850182595533707600440547",
	"1167352224034866133236307613514093284024323211",
}

// measureSpeed returns how many times faster this machine sieves than the tables say.
func measureSpeed(ctx context.Context) (float64, error) {
	expected, _ := plan.SieveTime(speedBits)
	kinds, _, _ := kind.AllOn(1, 0)
	best := time.Duration(0)
	for range speedRuns { // the fastest run: the machine may do something else as well
		numbers := make([]nat.Nat, len(speedNumbers))
		for i := range numbers {
			if err := numbers[i].UnmarshalText([]byte(speedNumbers[i])); err != nil {
				return 0, err
			}
		}
		var answers []task.Factorization
		before := processCPU()
		if err := kinds[task.KindFactor].Run(ctx, numbers, worker.RunOptions{Tick: func() {}}, &answers); err != nil {
			return 0, err
		}
		if took := processCPU() - before; best == 0 || took < best {
			best = took
		}
	}
	if best <= 0 {
		return 0, nil
	}
	return expected.Seconds() * float64(len(speedNumbers)) / best.Seconds(), nil
}

// processCPU returns the CPU time of this process, or the time on the clock where the system does not tell it.
func processCPU() time.Duration {
	if t, ok := cputime.Process(); ok {
		return t
	}
	return time.Since(processBegan)
}

var processBegan = time.Now()
