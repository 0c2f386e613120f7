package collect

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/verify"
)

// TestOtherNumbers: a wrong result is one for other numbers only if it is a true answer to the numbers that it
// states.
func TestOtherNumbers(t *testing.T) {
	numbers := []nat.Nat{nat.New(15), nat.New(1)}
	c := New(Config{
		Kind: task.KindFactor, Numbers: func(context.Context, task.Range) ([]nat.Nat, error) { return numbers, nil },
		Reread: func(context.Context, uint64) ([]byte, time.Time, error) { return nil, time.Time{}, nil }, Emit: func(*Item) error { return nil },
	})
	factors := func(primes ...uint64) (list []task.Factor) {
		for _, p := range primes {
			list = append(list, task.Factor{P: nat.New(p), Exp: 1, Status: task.Prime})
		}
		return list
	}
	others := task.HashNumbers([]nat.Nat{nat.New(21), nat.New(1)})
	huge := []task.Factor{{P: nat.New(3), Exp: 1 << 31, Status: task.Prime}}
	for what, test := range map[string]struct {
		asked   uint64
		factors []task.Factor
		want    bool
	}{
		"as stated":      {others, factors(3, 7), true},
		"nothing stated": {0, factors(3, 7), false},
		"stated as ours": {task.HashNumbers(numbers), factors(3, 7), false},
		"not as stated":  {others, factors(3, 11), false},
		"not prime":      {others, factors(21), false},
		"no factors":     {others, nil, false},
		"huge":           {others, huge, false},
	} {
		r := &task.Result{Kind: task.KindFactor, Worker: "w", Asked: test.asked, Items: []task.Factorization{{Factors: test.factors, Method: "trial"}, {Method: "trial"}}}
		_, err := c.Check(t.Context(), Arrival{Range: task.Range{Count: 2}, Worker: "w", Seq: 1, Data: r.Encode()})
		refused, ok := errors.AsType[*Refused](err)
		if !ok || refused.OtherTask != test.want {
			t.Errorf("%s: %+v, %v", what, refused, err)
		}
	}
}

// TestOtherTask: an answer that would be right if its task had another kind or budget is one to another task, but only
// if its worker states that.
func TestOtherTask(t *testing.T) {
	r := newRig(100, true, 0)
	r.cfg.Budget, r.cfg.LeastBudget = time.Minute, func(named time.Duration, _ int) time.Duration { return named }
	span := task.Range{First: 10, Count: 1} // a hard number
	numbers := r.numbers[span.First:span.End()]
	squared := task.Factor{P: nat.FromBig(new(big.Int).Mul(numbers[0].Big(), numbers[0].Big())), Exp: 1, Status: task.Value}
	for what, test := range map[string]struct {
		change func(*task.Result)
		right  bool
		want   bool // it is one to another task
	}{
		"the budget of the job":    {func(r *task.Result) { r.Elapsed = time.Minute }, true, false},
		"a shorter one":            {func(r *task.Result) { r.Elapsed, r.Budget = time.Second, time.Second }, false, true},
		"a shorter one, not spent": {func(r *task.Result) { r.Elapsed, r.Budget = time.Millisecond, time.Second }, false, false},
		"not spent":                {func(r *task.Result) { r.Elapsed = time.Second }, false, false},
		"not stated":               {func(r *task.Result) { r.Elapsed, r.Budget, r.Asked = time.Second, time.Second, 0 }, false, false},
		"the kind":                 {func(r *task.Result) { r.Kind, r.Items[0].Factors = task.KindSquare, []task.Factor{squared} }, false, true},
		"the kind, wrong":          {func(r *task.Result) { r.Kind = task.KindSquare }, false, false},
		"an unknown kind":          {func(r *task.Result) { r.Kind = "cube" }, false, false},
	} {
		result := &task.Result{Kind: task.KindFactor, Worker: "w", Budget: time.Minute, Asked: task.HashNumbers(numbers), Items: slices.Clone(r.answers[span.First:span.End()])}
		result.Items[0].Method = "unfinished after trial"
		test.change(result)
		_, err := r.Check(t.Context(), Arrival{Range: span, Worker: "w", Seq: 1, Data: result.Encode()})
		refused, ok := errors.AsType[*Refused](err)
		if (err == nil) != test.right || ok && refused.OtherTask != test.want {
			t.Errorf("%s: %+v, %v", what, refused, err)
		}
	}
}

// TestEasy: a worker of an earlier version is excused if it leaves a number unfinished that p-1 completes. One of this
// version is not.
func TestEasy(t *testing.T) {
	left := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 127), big.NewInt(1))
	left.Mul(left, big.NewInt(207_485_671)) // 210*991*997 + 1
	numbers := []nat.Nat{nat.FromBig(left)}
	c := New(Config{
		Kind: task.KindFactor, LeastBudget: func(time.Duration, int) time.Duration { return time.Minute },
		Numbers: func(context.Context, task.Range) ([]nat.Nat, error) { return numbers, nil }, Emit: func(*Item) error { return nil },
	})
	for asked, want := range map[uint64]bool{0: true, task.HashNumbers(numbers): false} {
		r := &task.Result{Kind: task.KindFactor, Worker: "w", Asked: asked, Items: []task.Factorization{{
			Factors: []task.Factor{{P: numbers[0], Exp: 1, Status: task.Composite}}, Method: "unfinished after trial", CPU: time.Hour,
		}}}
		_, err := c.Check(t.Context(), Arrival{Range: task.Range{Count: 1}, Worker: "w", Seq: 1, Data: r.Encode()})
		if refused, ok := errors.AsType[*Refused](err); !ok || !errors.Is(err, verify.ErrEasy) || refused.Excused != want {
			t.Errorf("%d: %+v, %v", asked, refused, err)
		}
	}
}

// TestHashNumbers: lists that differ have different hashes, as far as they are tried.
func TestHashNumbers(t *testing.T) {
	seen := make(map[uint64]int)
	big := nat.FromBytes(make([]byte, 0))
	for i, list := range [][]nat.Nat{
		nil, {nat.New(0)}, {nat.New(0), nat.New(0)}, {nat.New(1)}, {nat.New(256)}, {nat.New(1), nat.New(0)}, {nat.New(0), nat.New(1)},
		{nat.FromBytes([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0})}, {nat.FromBytes([]byte{1, 0, 0, 0, 0, 0, 0, 0, 1})}, {big, big, big},
	} {
		h := task.HashNumbers(list)
		if j, ok := seen[h]; ok || h == 0 {
			t.Errorf("lists %d and %d have the hash %d", i, j, h)
		}
		seen[h] = i
	}
}
