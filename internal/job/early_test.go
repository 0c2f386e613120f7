package job

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// earlyKind leaves each number unfinished, with the factor 7 that it has found, as soon as it is to finish. It closes begun,
// if that is not nil, when the first task runs.
type earlyKind struct{ begun chan struct{} }

func (k earlyKind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	for _, n := range numbers {
		if k.begun != nil && !o.Finish() {
			close(k.begun)
		}
		for !o.Finish() {
			o.Tick()
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(10 * time.Millisecond):
			}
		}
		*done = append(*done, early(n))
	}
	return nil
}

// early returns the answer of earlyKind.
func early(n nat.Nat) task.Factorization {
	rest := new(big.Int).Div(n.Big(), big.NewInt(7))
	return task.Factorization{
		Factors: []task.Factor{{P: nat.New(7), Exp: 1, Status: task.Prime}, {P: nat.FromBig(rest), Exp: 1, Status: task.Composite}},
		Method:  "trial; unfinished after trial; ended early", CPU: time.Millisecond,
	}
}

// hardNumbers returns lines of count numbers, each 7 times a composite that no budget factors.
func hardNumbers(count int) string {
	var lines strings.Builder
	for _, p := range primesAbove(33, count) {
		fmt.Fprintln(&lines, new(big.Int).Mul(big.NewInt(7), new(big.Int).Mul(p, mersenne(1279))))
	}
	return lines.String()
}

// submitHard submits a job of three hard numbers, and waits until it is sealed.
func submitHard(t *testing.T, h *testFleet) *running {
	chunking, err := plan.ParseChunking("1")
	if err != nil {
		t.Fatal(err)
	}
	j := h.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
		return Submit(ctx, h.Fleet, Submission{
			ID: "j", Kind: task.KindFactor, Class: task.ClassNorm, Chunking: chunking, Keep: time.Hour,
			Sources: []input.Source{input.From("-", strings.NewReader(hardNumbers(3)))},
		}, w, started)
	})
	await(t, "the tasks", func() bool { return h.held(schema.StreamTasks, "j") == 3 })
	return j
}

// wantEarly waits for the end of a job that ends early, and checks it.
func (j *running) wantEarly(t *testing.T, h *testFleet, worker string) {
	t.Helper()
	<-j.ended
	if j.err != nil || j.sum.Unfinished != 3 || j.sum.Missing != 0 || j.sum.Job.State != task.Done || j.sum.Job.FinishedEarly == nil {
		t.Errorf("%+v, %v", j.sum, j.err)
	}
	if s := h.standing(worker); len(s.Strikes) > 0 {
		t.Errorf("%s has strikes: %+v", worker, s.Strikes)
	}
}

// TestFinishEarly: the number at work and those that wait are answered with what is known. Before the job ends early,
// such an answer is refused.
func TestFinishEarly(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	j := submitHard(t, h)
	begun := make(chan struct{})
	h.workerOf("w", 1, map[string]worker.Kind{task.KindFactor: earlyKind{begun: begun}}, nil)
	<-begun
	var n nat.Nat
	if err := n.UnmarshalText([]byte(strings.Fields(hardNumbers(3))[2])); err != nil {
		t.Fatal(err)
	}
	lazy := task.Result{Kind: task.KindFactor, Worker: "lazy", Items: []task.Factorization{early(n)}}
	h.put(schema.ResultSubject("j", task.Range{First: 2, Count: 1}, "lazy"), lazy.Encode())
	await(t, "the strike", func() bool { return len(h.standing("lazy").Strikes) == 1 })
	if _, err := h.Fleet.FinishEarly(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	j.wantEarly(t, h, "w")
	if _, err := h.Fleet.FinishEarly(t.Context(), "j"); !errors.Is(err, fleet.ErrDiffers) {
		t.Errorf("a job that is done: %v", err)
	}
}

// TestFinishLate: a worker that begins after the order hears it again.
func TestFinishLate(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	j := submitHard(t, h)
	if _, err := h.Fleet.FinishEarly(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	h.workerOf("w", 1, map[string]worker.Kind{task.KindFactor: earlyKind{}}, nil)
	j.wantEarly(t, h, "w")
}

// TestEarlyUnseen: an answer without effort may come before this process sees that the job ends early. It is refused only
// if the stored manifest does not say so.
func TestEarlyUnseen(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.feed("j")
	in, err := h.Inputs(t.Context(), "j")
	if err != nil {
		t.Fatal(err)
	}
	var seen atomic.Bool
	checked := 0
	c := &checker{streams: newStreams(h.Fleet, "j", in), early: &seen, check: func(context.Context, collect.Arrival) (collect.Checked, error) {
		if checked++; seen.Load() {
			return collect.Checked{}, nil
		}
		return collect.Checked{}, &collect.Refused{Err: errors.New("before its budget"), Early: true}
	}}
	if _, err := c.checkOne(t.Context(), collect.Arrival{}); err == nil || seen.Load() || checked != 1 {
		t.Errorf("before the end: %v, seen %v, %d checks", err, seen.Load(), checked)
	}
	if _, err := h.Fleet.FinishEarly(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.checkOne(t.Context(), collect.Arrival{}); err != nil || !seen.Load() || checked != 3 {
		t.Errorf("after it: %v, seen %v, %d checks", err, seen.Load(), checked)
	}
}

// TestEarlyClaims: the unfinished answers of a job that ends early are not audited.
func TestEarlyClaims(t *testing.T) {
	t.Parallel()
	r := newAuditRig(t, primesAbove(33, 2))
	r.answer("w", 0, false)
	r.early.Store(true)
	r.answer("w", 1, false)
	if len(r.claims) != 1 || r.claims[0] == nil {
		t.Errorf("%d claims, want that of before the end", len(r.claims))
	}
}
