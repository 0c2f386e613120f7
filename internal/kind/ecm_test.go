package kind

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// curvesTask returns a task of curves of the level with the given index modulo n, which has passed through bytes.
func curvesTask(t *testing.T, n *big.Int, level int, d time.Duration) *task.Task {
	t.Helper()
	l := factor.CurveLevels()[level]
	c := &task.CurvesTask{Composite: nat.FromBig(n), B1: l.B1, B2: l.B2, Seed: 12, Time: d, Flush: time.Nanosecond}
	got, err := task.DecodeTask((&task.Task{Kind: task.KindECM, Curves: c}).Encode())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestCurves: a number of 130 digits with a factor of 21 digits is split by bytes alone. Each yield has the evidence of its
// curves, which a single curve repeats, and the divisor comes with its curve.
func TestCurves(t *testing.T) {
	p, want := findingCurve(t, 70, 5)
	q := randomPrime(rand.New(rand.NewPCG(153, 14)), 360)
	n := new(big.Int).Mul(p, q)
	pool := factor.NewPool(1, 1<<30)
	k := &curveKind{pool: pool}
	sent := curvesTask(t, n, 5, time.Minute)
	l := &yieldList{t: t}
	var progress worker.NumberProgress
	o := l.options(0)
	o.Progress = func(a worker.NumberProgress) { progress = a }
	if err := k.RunPart(t.Context(), sent, task.Range{First: 0, Count: 4096}, o); err != nil {
		t.Fatal(err)
	}
	curves := factor.CurveTask{N: n, B1: sent.Curves.B1, B2: sent.Curves.B2, Seed: 12}
	for i := range l.yields {
		y, err := task.DecodeYield(l.yields[i].Encode())
		if err != nil {
			t.Fatal(err)
		}
		r, last := l.ranges[i], i == len(l.yields)-1
		if y.Params != ecm.Revision || y.B1 != curves.B1 || y.CPU <= 0 || y.Wall <= 0 || len(y.Evidence) != int(r.Count)*task.GroupEvidence {
			t.Fatalf("yield of %v: %+v", r, y)
		}
		if (y.Divisor.BitLen() > 0) != last {
			t.Fatalf("yield %d of %d has the divisor %v", i+1, len(l.yields), y.Divisor)
		}
		if last {
			if y.Divisor.Big().Cmp(p) != 0 || y.Sigma != want.Sigma {
				t.Errorf("divisor %v by %d, want %v by %d", y.Divisor, y.Sigma, p, want.Sigma)
			}
			continue
		}
		sigmas := ecm.GroupSigmas(12, r.First)
		evidence, d, err := curves.Evidence(func() error { return nil }, sigmas[2:3])
		if err != nil || d != nil || !bytes.Equal(evidence, y.Evidence[2*task.EvidenceBytes:3*task.EvidenceBytes]) {
			t.Errorf("group %d: %x, %v, %v", r.First, evidence, d, err)
		}
	}
	if progress.Digits != len(n.String()) || progress.Method != task.KindECM || progress.B1 != curves.B1 || progress.Cores != 1 {
		t.Errorf("%+v", progress)
	}
	if !pool.Fits(1<<30) || pool.Idle() != 1 {
		t.Error("not all memory or cores are given back")
	}
}

// TestCurvesEnd: a task of curves ends after the group in which its time passes, at the end of its range, and within a
// few ticks of the end of its context. Complete groups are published.
func TestCurvesEnd(t *testing.T) {
	n := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 521), big.NewInt(1))
	k := &curveKind{pool: factor.NewPool(1, 1<<30)}
	l := &yieldList{t: t}
	if err := k.RunPart(t.Context(), curvesTask(t, n, 2, 0), task.Range{First: 7, Count: 4096}, l.options(7)); err != nil || l.next != 8 {
		t.Errorf("without time: %v, up to group %d", err, l.next)
	}
	l = &yieldList{t: t}
	if err := k.RunPart(t.Context(), curvesTask(t, n, 2, time.Minute), task.Range{First: 7, Count: 3}, l.options(7)); err != nil || l.next != 10 {
		t.Errorf("of three groups: %v, up to group %d", err, l.next)
	}

	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	l = &yieldList{t: t}
	o := l.options(0)
	after := 0
	o.Tick = func() {
		if ctx.Err() != nil {
			after++
		}
	}
	store := o.Yield
	o.Yield = func(r task.Range, y task.Yield) { store(r, y); cancel(cause) }
	err := k.RunPart(ctx, curvesTask(t, n, 2, time.Hour), task.Range{First: 0, Count: 4096}, o)
	if err != cause || l.next == 0 || l.next > 4000 || after > 3 {
		t.Errorf("returned %v after %d groups, with %d more ticks", err, l.next, after)
	}
}

// TestCurvesHostile: curves that no program asks for, and such as take too long or too much memory here, are refused. All
// memory is given back.
func TestCurvesHostile(t *testing.T) {
	n := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 521), big.NewInt(1))
	l := factor.CurveLevels()[4]
	for name, test := range map[string]struct {
		task   task.CurvesTask
		memory uint64
		want   string
	}{
		"other B1":      {task: task.CurvesTask{Composite: nat.FromBig(n), B1: task.MaxB1, B2: task.MaxB2}, want: factor.ErrCurves.Error()},
		"small B1":      {task: task.CurvesTask{Composite: nat.FromBig(n), B1: 1, B2: 1}, want: factor.ErrCurves.Error()},
		"other B2":      {task: task.CurvesTask{Composite: nat.FromBig(n), B1: l.B1, B2: l.B2 + 1}, want: factor.ErrCurves.Error()},
		"even":          {task: task.CurvesTask{Composite: nat.FromBig(new(big.Int).Lsh(n, 1)), B1: l.B1, B2: l.B2}, want: factor.ErrCurves.Error()},
		"large":         {task: task.CurvesTask{Composite: nat.FromBig(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 6007), big.NewInt(1))), B1: 11e6, B2: 1100e6}, want: "take about"},
		"little memory": {task: task.CurvesTask{Composite: nat.FromBig(n), B1: l.B1, B2: l.B2}, memory: 1 << 10, want: errNoRoom.Error()},
	} {
		if test.memory == 0 {
			test.memory = 1 << 30
		}
		pool := factor.NewPool(1, test.memory)
		list := &yieldList{t: t}
		err := (&curveKind{pool: pool}).RunPart(t.Context(), &task.Task{Kind: task.KindECM, Curves: &test.task}, task.Range{First: 3, Count: 16}, list.options(3))
		if err == nil || !strings.Contains(err.Error(), test.want) || len(list.yields) > 0 {
			t.Errorf("%s: %v, %d yields", name, err, len(list.yields))
		}
		if !pool.Fits(test.memory) || pool.Idle() != 1 {
			t.Errorf("%s: not all memory or cores are given back", name)
		}
	}
}

// TestCurvesLimit: a task whose group takes long is not taken for a hang.
func TestCurvesLimit(t *testing.T) {
	n := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 1021), big.NewInt(1))
	k := &curveKind{}
	for level, l := range factor.CurveLevels() {
		got := k.Limit(curvesTask(t, n, level, time.Second))
		if least := time.Minute + 2*factor.CurveGroupTime(l.B1, n.BitLen()); got < least {
			t.Errorf("B1=%d: %v, want %v at least", l.B1, got, least)
		}
	}
}
