package collect

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

func TestRefused(t *testing.T) {
	span := task.Range{First: 10, Count: 3} // 2^64+10 unfinished, 13, 14 = 2*7
	for _, test := range []struct {
		name  string
		spoil func(a *Arrival, result *task.Result)
		want  string // in the error
	}{
		{"kind", func(_ *Arrival, r *task.Result) { r.Kind = task.KindSquare }, `kind "square" in a job of kind factor`},
		{"worker", func(_ *Arrival, r *task.Result) { r.Worker = "eve" }, `the payload is of worker "eve"`},
		{"subject", func(a *Arrival, _ *task.Result) { a.Worker = "eve" }, `of worker "eve" refused`},
		{"too few", func(_ *Arrival, r *task.Result) { r.Items = r.Items[:2] }, "2 answers"},
		{"none", func(a *Arrival, r *task.Result) { r.Items, a.Range.Count = nil, 0 }, "0 answers"},
		{"too many", func(a *Arrival, _ *task.Result) { a.Range.Count = 2 }, "3 answers"},
		{"huge", func(a *Arrival, _ *task.Result) { a.Range.Count = task.MaxPosition - 10 }, "3 answers"},
		{"beyond", func(a *Arrival, _ *task.Result) { a.Range.First = 98 }, ErrNoInput.Error()},
		{"shifted", func(a *Arrival, _ *task.Result) { a.Range.First = 11 }, "number"},
		{"wrong", func(_ *Arrival, r *task.Result) { r.Items[1].Factors = r.Items[2].Factors }, "number 2"},
		{"not prime", func(_ *Arrival, r *task.Result) {
			r.Items[2].Factors = []task.Factor{{P: nat.New(14), Exp: 1, Status: task.Prime}}
		}, "number 3"},
		{"long method", func(_ *Arrival, r *task.Result) { r.Items[1].Method = strings.Repeat("x", maxMethod+1) }, "answer 2: method"},
		{"method of two lines", func(_ *Arrival, r *task.Result) { r.Items[2].Method = "rho\n7: 7" }, "answer 3: method"},
		{"method for a terminal", func(_ *Arrival, r *task.Result) { r.Items[0].Method = "\u202eohr" }, "answer 1: method"},
		{"bytes", func(a *Arrival, _ *task.Result) { a.Data = []byte("\xff{}") }, `result 10-3 of worker "w" refused`},
		{"truncated", func(a *Arrival, _ *task.Result) { a.Data = a.Data[:len(a.Data)-1] }, "refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(100, true, 0)
			result := &task.Result{Kind: task.KindFactor, Worker: "w", Attempt: 1, Items: slices.Clone(r.answers[10:13])}
			a := Arrival{Range: span, Worker: "w", Seq: 1, Data: result.Encode()}
			if _, err := r.Check(t.Context(), a); err != nil {
				t.Fatalf("unspoilt: %v", err)
			}
			test.spoil(&a, result)
			if a.Data[0] != 0xff && test.name != "truncated" {
				a.Data = result.Encode()
			}
			_, err := r.Check(t.Context(), a)
			refused, ok := errors.AsType[*Refused](err)
			if !ok || refused.Range != a.Range || refused.Worker != a.Worker || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("Check returned %v, want Refused with %q", err, test.want)
			}
			if n := r.Counts(); n.Refused != 1 || n.Verified != 0 {
				t.Errorf("counts %+v", n)
			}
		})
	}
}

// TestBudget: an answer that was left unfinished before the budget of its number is refused. A complete
// answer may have taken any time.
func TestBudget(t *testing.T) {
	r := newRig(100, true, 0)
	r.cfg.LeastBudget = func(_ time.Duration, bits int) time.Duration { return time.Duration(bits) * time.Second }
	for _, test := range []struct {
		span    task.Range
		elapsed time.Duration
		want    string
	}{
		{task.Range{First: 1, Count: 3}, 0, ""},
		{task.Range{First: 10, Count: 3}, 91 * time.Second, ""},
		{task.Range{First: 10, Count: 3}, 90 * time.Second, "unfinished after 1m30s, before its budget of 1m31s was spent"},
	} {
		result := &task.Result{Kind: task.KindFactor, Worker: "w", Attempt: 1, Elapsed: test.elapsed, Items: slices.Clone(r.answers[test.span.First:test.span.End()])}
		for i := range result.Items {
			if result.Items[i].Unfinished() {
				result.Items[i].Method = "unfinished after trial"
			}
		}
		_, err := r.Check(t.Context(), Arrival{Range: test.span, Worker: "w", Seq: 1, Data: result.Encode()})
		if refused, ok := errors.AsType[*Refused](err); (err == nil) != (test.want == "") || err != nil && (!ok || !refused.Early || !strings.Contains(refused.Error(), test.want)) {
			t.Errorf("%v after %v: %v, want %q", test.span, test.elapsed, err, test.want)
		}
	}
}

// An error of Numbers does not refuse the result.
func TestNumbersFail(t *testing.T) {
	r := newRig(100, true, 0)
	a := r.publish(task.Range{First: 0, Count: 3}, "w")
	r.failNumbers = true
	if _, err := r.Check(t.Context(), a); !errors.Is(err, errInjected) || errors.As(err, new(*Refused)) {
		t.Errorf("Check returned %v", err)
	}
	r.failNumbers = false
	r.cfg.Numbers = func(context.Context, task.Range) ([]nat.Nat, error) { return make([]nat.Nat, 2), nil }
	if _, err := r.Check(t.Context(), a); err == nil || errors.As(err, new(*Refused)) {
		t.Errorf("Check returned %v", err)
	}
	if r.Counts().Refused != 0 {
		t.Error("counted as refused")
	}
}

// A result whose positions are all covered is neither verified nor refused, and counts as a duplicate.
func TestCheckCovered(t *testing.T) {
	r := newRig(100, true, 0)
	if k, err := r.Check(t.Context(), r.publish(task.Range{First: 0, Count: 10}, "w")); err != nil {
		t.Fatal(err)
	} else if _, err := r.Accept(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	r.failNumbers = true // they are not read
	k, err := r.Check(t.Context(), Arrival{Range: task.Range{First: 2, Count: 7}, Worker: "eve", Seq: 2, Data: []byte("false")})
	if err != nil {
		t.Fatal(err)
	}
	if fresh, err := r.Accept(t.Context(), k); fresh != 0 || err != nil {
		t.Errorf("%d positions answered, %v", fresh, err)
	}
	if n := r.Counts(); n.Duplicate != 7 || n.Refused != 0 || n.Verified != 10 {
		t.Errorf("counts %+v", n)
	}
	r.failNumbers = false
	if _, err := r.Check(t.Context(), Arrival{Range: task.Range{First: 5, Count: 6}, Worker: "eve", Seq: 3, Data: []byte("false")}); !errors.As(err, new(*Refused)) {
		t.Errorf("a position more: %v", err)
	}
}

// Check runs in several goroutines while another calls Accept (for the race detector).
func TestCheckConcurrently(t *testing.T) {
	const count = 2000
	r := newRig(count, true, 1000)
	var arrivals []Arrival
	for i := range uint64(count) {
		arrivals = append(arrivals, r.publish(task.Range{First: i, Count: 1}, "w"))
	}
	checked := make(chan Checked)
	var wg sync.WaitGroup
	for part := range 4 {
		wg.Go(func() {
			for i := part; i < count; i += 4 {
				k, err := r.Check(t.Context(), arrivals[count-1-i])
				if err != nil {
					t.Error(err)
					continue
				}
				if _, err := r.Check(t.Context(), Arrival{Range: k.Range, Worker: "eve", Data: k.Data}); err == nil {
					t.Error("not refused")
				}
				checked <- k
			}
		})
	}
	go func() { wg.Wait(); close(checked) }() // then all are checked
	for k := range checked {
		if _, err := r.Accept(t.Context(), k); err != nil {
			t.Error(err)
		}
	}
	if !r.Complete(count) || r.Counts().Refused != count {
		t.Errorf("counts %+v", r.Counts())
	}
}
