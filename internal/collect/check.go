package collect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/verify"
)

// ErrNoInput is wrapped by what Config.Numbers returns when the range does not
// lie inside the stored input.
var ErrNoInput = errors.New("collect: range outside of the input")

// An Arrival is a message of the results stream: what its subject says, and its
// payload. The collector does not change Data and does not keep it after Accept.
type Arrival struct {
	Range  task.Range
	Worker string
	Seq    uint64 // stream sequence, different for every arrival
	Data   []byte
}

// A Checked is a result that Check has verified.
type Checked struct {
	Arrival
	result  *task.Result
	numbers []nat.Nat
}

// items returns the answers of r, which lies in k.
func (k *Checked) items(r task.Range) []task.Factorization {
	return k.result.Items[r.First-k.Range.First:][:r.Count]
}

// Refused is returned by Check for a result that must not count: its worker earns
// a strike, and its range is to be queued again.
type Refused struct {
	Range  task.Range
	Worker string
	Err    error
}

func (e *Refused) Error() string {
	return fmt.Sprintf("collect: result %v of worker %q refused: %v", e.Range, e.Worker, e.Err)
}

func (e *Refused) Unwrap() error { return e.Err }

// Check decodes and verifies a result. The error is a *Refused, or comes from
// Numbers and says nothing about the result.
//
// It changes nothing but the count of refused results, and may be called from
// several goroutines at once.
func (c *Collector) Check(ctx context.Context, a Arrival) (Checked, error) {
	result, err := task.DecodeResult(a.Data)
	if err != nil {
		return Checked{}, c.refuse(a, err)
	}
	switch {
	case result.Kind != c.cfg.Kind:
		return Checked{}, c.refuse(a, fmt.Errorf("kind %.40q in a job of kind %q", result.Kind, c.cfg.Kind))
	case result.Worker != a.Worker:
		return Checked{}, c.refuse(a, fmt.Errorf("it says that worker %.40q made it", result.Worker))
	case uint64(len(result.Items)) != a.Range.Count || a.Range.Count == 0:
		return Checked{}, c.refuse(a, fmt.Errorf("%d answers", len(result.Items)))
	}
	if err := checkMethods(result); err != nil {
		return Checked{}, c.refuse(a, err)
	}
	numbers, err := c.numbers(ctx, a.Range)
	switch {
	case errors.Is(err, ErrNoInput):
		return Checked{}, c.refuse(a, err)
	case err != nil:
		return Checked{}, err
	}
	if err := verify.Result(c.cfg.Kind, numbers, result); err != nil {
		return Checked{}, c.refuse(a, err)
	}
	return Checked{Arrival: a, result: result, numbers: numbers}, nil
}

// maxMethod is how many bytes the name of a method may have: one long name could be
// that of all answers of a result, and is printed with each.
const maxMethod = 200

// checkMethods checks that what is printed of an answer, but not proved by it, is
// short and fit for a line.
func checkMethods(r *task.Result) error {
	var checked [8]string // results of usual numbers have two or three
	for i := range r.Items {
		m := r.Items[i].Method
		if slices.Contains(checked[:], m) {
			continue
		}
		if len(m) > maxMethod || strings.ContainsFunc(m, func(r rune) bool { return r < ' ' || r > '~' }) {
			return fmt.Errorf("answer %d has the method %.40q", i+1, m)
		}
		checked[i%len(checked)] = m
	}
	return nil
}

func (c *Collector) refuse(a Arrival, err error) error {
	c.refused.Add(1)
	return &Refused{Range: a.Range, Worker: a.Worker, Err: err}
}

// numbers returns exactly r.Count numbers, at most task.MaxCount.
func (c *Collector) numbers(ctx context.Context, r task.Range) ([]nat.Nat, error) {
	numbers, err := c.cfg.Numbers(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("numbers of %v: %w", r, err)
	}
	if uint64(len(numbers)) != r.Count {
		return nil, fmt.Errorf("numbers of %v: got %d", r, len(numbers))
	}
	return numbers, nil
}

// Numbers returns the numbers of the result's range. The caller must not change them.
func (k *Checked) Numbers() []nat.Nat { return k.numbers }
