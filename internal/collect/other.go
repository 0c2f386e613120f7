package collect

import (
	"context"
	"math/big"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/verify"
)

// answersOther reports whether a result that is wrong for numbers, those of the job, is right for another task, and
// states that task itself: its numbers, kind and budget. Then the task was not one of the job, because its submitter
// is broken or hostile; or the worker lies. A worker reads neither the input nor the manifest, so it does not know. The
// answers of a command do not say to which items they belong: what has the form of answers may be right for others.
func (c *Collector) answersOther(ctx context.Context, r *task.Result, numbers []nat.Nat) bool {
	switch {
	case r.Asked == 0: // a worker of an earlier version
		return false
	case task.IsExec(r.Kind): // its items are not known; if they are those of the job, they had another format
		return verify.Lines(r) == nil
	case r.Asked == task.HashNumbers(numbers):
		if r.Kind == c.cfg.Kind && r.Budget == c.cfg.Budget {
			return false
		}
	default:
		var ok bool
		if numbers, ok = allAnswered(r, numbers); !ok || r.Asked != task.HashNumbers(numbers) {
			return false
		}
	}
	return c.verify(ctx, r.Kind, r.Budget, numbers, r) == nil
}

// allAnswered returns the numbers to which the answers of r belong; see answered.
func allAnswered(r *task.Result, numbers []nat.Nat) ([]nat.Nat, bool) {
	others := make([]nat.Nat, len(r.Items))
	for i := range r.Items {
		n, ok := answered(r.Kind, &r.Items[i], numbers[i])
		if !ok {
			return nil, false
		}
		others[i] = n
	}
	return others, true
}

// answered returns the number to which f is an answer of that kind; false if there is none of at most
// task.MaxBits bits. An answer without factors is one to 0 or 1, which stands for n if n is one of them.
func answered(kind string, f *task.Factorization, n nat.Nat) (nat.Nat, bool) {
	if kind == task.KindSquare {
		if len(f.Factors) != 1 {
			return nat.Nat{}, false
		}
		return nat.FromBig(new(big.Int).Sqrt(f.Factors[0].P.Big())), true
	}
	if len(f.Factors) == 0 {
		return n, n.BitLen() <= 1
	}
	product, power, bits := big.NewInt(1), new(big.Int), 0
	for _, factor := range f.Factors {
		if bits += (factor.P.BitLen() - 1) * int(factor.Exp); bits > task.MaxBits || factor.Exp > task.MaxBits {
			return nat.Nat{}, false
		}
		product.Mul(product, power.Exp(factor.P.Big(), big.NewInt(int64(factor.Exp)), nil))
	}
	return nat.FromBig(product), product.BitLen() <= task.MaxBits
}
