package collect

import (
	"context"
	"math/big"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/verify"
)

// answersOthers reports whether a result that is wrong for numbers, those of the job, is a true answer to other
// numbers, and says so itself. Then its task had other numbers than the input of the job, because its submitter
// is broken or hostile; or the worker lies. A worker cannot read the input, so it cannot notice.
func (c *Collector) answersOthers(ctx context.Context, r *task.Result, numbers []nat.Nat) bool {
	if r.Asked == 0 || r.Asked == task.HashNumbers(numbers) {
		return false
	}
	others := make([]nat.Nat, len(r.Items))
	for i := range r.Items {
		n, ok := answered(c.cfg.Kind, &r.Items[i], numbers[i])
		if !ok {
			return false
		}
		others[i] = n
	}
	return r.Asked == task.HashNumbers(others) && verify.Result(ctx, c.cfg.Kind, others, r) == nil
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
