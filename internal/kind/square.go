package kind

import (
	"context"
	"math/big"
	"math/bits"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A squareKind answers n with n*n. It computes next to nothing, so that it measures the cost
// of the queue.
type squareKind struct{ pool *factor.Pool }

// squareInterval is the number of squares between two checks of the context: less than 1 ms
// for numbers of task.MaxBits bits.
const squareInterval = 64

// Run implements worker.Kind. It reads the clocks twice a task, and gives each number the same share of the CPU time.
// One allocation serves all answers, because allocations would be most of what is measured.
func (k squareKind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	if o.Sleep > 0 {
		return k.runSlowly(ctx, numbers, o, done)
	}
	k.pool.Enter()
	defer k.pool.Leave()
	var meter *factor.Meter // nil for a short task
	most := shortTask(numbers)
	if most == 0 {
		meter = factor.NewMeter(nil)
		meter.Begin()
		defer meter.End()
	}
	from, began := len(*done), time.Now()
	answers := make([]task.Factor, len(numbers))
	for i, n := range numbers {
		if i%squareInterval == squareInterval-1 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			o.Tick()
		}
		answers[i] = task.Factor{P: square(n), Exp: 1, Status: task.Value}
		*done = append(*done, task.Factorization{Factors: answers[i : i+1 : i+1], Method: task.KindSquare})
	}
	took := min(time.Since(began), most)
	if meter != nil {
		took = meter.Read()
	}
	share((*done)[from:], took)
	return nil
}

// runSlowly is Run for numbers that take o.Sleep each, without using a core meanwhile. A number that is to end early does
// not sleep.
func (k squareKind) runSlowly(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	sleep := o.Sleep
	o.Sleep = 0
	end := func() bool {
		o.Tick()
		return o.Finish != nil && o.Finish()
	}
	for i := range numbers {
		began := time.Now()
		if !end() {
			if err := pause(ctx, sleep, end); err != nil {
				return err
			}
		}
		if err := k.Run(ctx, numbers[i:i+1], o, done); err != nil {
			return err
		}
		setWall(&(*done)[len(*done)-1], time.Since(began))
	}
	return nil
}

// square returns n*n.
func square(n nat.Nat) nat.Nat {
	if w, ok := n.Word(); ok {
		hi, lo := bits.Mul64(w, w)
		if hi == 0 {
			return nat.New(lo)
		}
	}
	x := n.Big()
	return nat.FromBig(new(big.Int).Mul(x, x))
}
