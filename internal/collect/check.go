package collect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/verify"
)

// An Arrival is a message of the results stream: the parts of its subject, and its
// payload. The Collector does not change Data and does not keep it after Accept.
type Arrival struct {
	Range  task.Range
	Worker string
	Seq    uint64    // stream sequence, different for every arrival
	Stored time.Time // when the server stored it; zero = not known
	Data   []byte
	Again  bool // Check verifies it even if its positions are covered
}

// A Checked is a result that Check has verified, or a duplicate.
type Checked struct {
	Arrival
	duplicate bool // all of Range is covered: the result is neither decoded nor verified
	result    *task.Result
	numbers   []nat.Nat // of Range
}

// Duplicate returns a as a result that answers nothing: its positions are covered, or will be by
// results that the caller has Accept take first.
func Duplicate(a Arrival) Checked { return Checked{Arrival: a, duplicate: true} }

// Numbers returns the numbers of the result's range, nil for a duplicate. The caller must not change
// them.
func (k *Checked) Numbers() []nat.Nat { return k.numbers }

// Answer returns the answer for the number at index i of Numbers. It is valid until Accept.
func (k *Checked) Answer(i int) *task.Factorization { return &k.result.Items[i] }

// Elapsed returns how long the range took, as the worker claims; 0 for a duplicate. It is valid until Accept.
func (k *Checked) Elapsed() time.Duration {
	if k.result == nil {
		return 0
	}
	return k.result.Elapsed
}

// items returns the answers for r. r is within k.Range.
func (k *Checked) items(r task.Range) []task.Factorization {
	return k.result.Items[r.First-k.Range.First:][:r.Count]
}

// numbersFrom returns the numbers from position first on. first is within k.Range.
func (k *Checked) numbersFrom(first uint64) []nat.Nat { return k.numbers[first-k.Range.First:] }

// Refused is the error of Check for a result that must not count: its worker earns a
// strike, and its range must be requeued.
type Refused struct {
	Range  task.Range
	Worker string
	Err    error // the reason

	// OtherTask says that the result would be right if its task had the numbers, the kind and the budget that
	// its worker states, and that these are not all those of the job.
	OtherTask bool

	// Elapsed is how long the range took, as the worker claims. Set if OtherTask is.
	Elapsed time.Duration

	// Early says that an answer was left unfinished before its budget was spent.
	Early bool

	// Excused says that the worker is of an earlier version and left a number unfinished that p-1 completes. It
	// runs p-1 only if its machine has time for it within the budget.
	Excused bool
}

// Error names the range, the worker and the reason.
func (e *Refused) Error() string {
	return fmt.Sprintf("result %v of worker %q refused: %v", e.Range, e.Worker, e.Err)
}

// Unwrap returns the reason.
func (e *Refused) Unwrap() error { return e.Err }

// Check decodes and verifies a result, or returns it as a duplicate if its positions are all
// covered. The error is a *Refused, or comes from
// Config.Numbers, or is the cause of the end of ctx, and tells nothing about the result.
//
// Check changes nothing but the count of refused results. It may be called from
// several goroutines, also while another goroutine calls Accept.
func (c *Collector) Check(ctx context.Context, a Arrival) (Checked, error) {
	if !a.Again && c.Covers(a.Range) {
		return Duplicate(a), nil
	}
	result, err := task.DecodeResult(a.Data)
	if err != nil {
		return Checked{}, c.refuse(a, err)
	}
	if err := c.checkClaims(&a, result); err != nil {
		return Checked{}, c.refuse(a, err)
	}
	numbers, err := c.numbers(ctx, a.Range)
	switch {
	case errors.Is(err, ErrNoInput):
		return Checked{}, c.refuse(a, err)
	case err != nil:
		return Checked{}, err
	}
	if err := c.verify(ctx, c.cfg.Kind, c.cfg.Budget, numbers, result); err != nil {
		refused := c.refuse(a, err)
		refused.OtherTask, refused.Elapsed = c.answersOther(ctx, result, numbers), result.Elapsed
		refused.Early = errors.Is(err, verify.ErrEarly)
		refused.Excused = result.Asked == 0 && errors.Is(err, verify.ErrEasy)
		if ctx.Err() != nil {
			return Checked{}, context.Cause(ctx)
		}
		return Checked{}, refused
	}
	result.Stored = a.Stored
	return Checked{Arrival: a, result: result, numbers: numbers}, nil
}

// verify checks the answers of r to numbers, of a task of that kind that names that budget. If ctx has ended, the
// error says nothing.
func (c *Collector) verify(ctx context.Context, kind string, budget time.Duration, numbers []nat.Nat, r *task.Result) error {
	if task.IsExec(kind) {
		return verify.Items(kind, c.cfg.Format, numbers, r)
	}
	err := verify.Result(ctx, kind, numbers, r)
	if err == nil && c.cfg.LeastBudget != nil && kind == task.KindFactor {
		err = verify.Unfinished(ctx, numbers, r, c.cfg.One, func(bits int) time.Duration { return c.cfg.LeastBudget(budget, bits) })
	}
	return err
}

// checkClaims compares a result with its subject, and checks the names of its methods.
func (c *Collector) checkClaims(a *Arrival, r *task.Result) error {
	switch {
	case r.Worker != a.Worker:
		return fmt.Errorf("the payload is of worker %.40q", r.Worker)
	case uint64(len(r.Items)) != a.Range.Count || a.Range.Count == 0:
		return fmt.Errorf("%d answers for %d numbers", len(r.Items), a.Range.Count)
	}
	return checkMethods(r)
}

// maxMethod bounds the name of a method, in bytes. A result stores each name once, but
// the output repeats it for every answer: a long name would multiply.
const maxMethod = 200

// checkMethods checks that the names of methods, which are printed but not proved, are
// short printable ASCII.
func checkMethods(r *task.Result) error {
	var checked [8]string // a cache of names that are valid: most results have two or three methods
	for i := range r.Items {
		m := r.Items[i].Method
		if slices.Contains(checked[:], m) {
			continue
		}
		if len(m) > maxMethod || strings.ContainsFunc(m, func(r rune) bool { return r < ' ' || r > '~' }) {
			return fmt.Errorf("answer %d: method %.40q is not printable ASCII of at most %d bytes", i+1, m, maxMethod)
		}
		checked[i%len(checked)] = m
	}
	return nil
}

// refuse counts a refused result and returns the error that says so.
func (c *Collector) refuse(a Arrival, err error) *Refused {
	c.refused.Add(1)
	return &Refused{Range: a.Range, Worker: a.Worker, Err: err}
}

// numbers returns the numbers of r. Requires r.Count <= task.MaxCount.
func (c *Collector) numbers(ctx context.Context, r task.Range) ([]nat.Nat, error) {
	numbers, err := c.cfg.Numbers(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("numbers of %v: %w", r, err)
	}
	if uint64(len(numbers)) != r.Count {
		return nil, fmt.Errorf("numbers of %v: got %d, want %d", r, len(numbers), r.Count)
	}
	return numbers, nil
}
