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

// A Square answers n with n*n. It is the yardstick of the queue alone, so it does
// next to nothing for each number.
type Square struct{ pool *factor.Pool }

// squareStride is after how many numbers Square looks at its context: under 1 ms
// for numbers of task.MaxBits bits.
const squareStride = 64

// Run is worker.Kind's. The clock is read once for all numbers: each is said to
// have taken the same time.
func (k Square) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	k.pool.Enter()
	defer k.pool.Leave()
	begin, from := time.Now(), len(*done)
	answers := make([]task.Factor, len(numbers))
	for i, n := range numbers {
		if i%squareStride == squareStride-1 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			o.Tick()
		}
		answers[i] = task.Factor{P: square(n), Exp: 1, Status: task.Value}
		*done = append(*done, task.Factorization{Factors: answers[i : i+1 : i+1], Method: task.KindSquare})
	}
	each := time.Since(begin) / time.Duration(max(len(numbers), 1))
	for i := range (*done)[from:] {
		(*done)[from+i].CPU = each
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
