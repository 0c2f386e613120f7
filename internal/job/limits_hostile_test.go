package job

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"factorfleet/internal/kind"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// stored waits until all input of job "j" is stored and its manifest says so, and returns the manifest.
func (h *testFleet) stored() (j *task.Job) {
	h.t.Helper()
	await(h.t, "the input is stored", func() bool {
		m, err := h.Job(h.t.Context(), "j")
		j = m
		return err == nil && m.State == task.Sealed
	})
	return j
}

// TestLettersKeepLimits: a worker stores dead letters for all numbers of a job with a limit of running tasks, most of which
// no worker has had. The limit holds.
func TestLettersKeepLimits(t *testing.T) {
	t.Parallel()
	h, k := newPatient(t), newCountingKind(make(chan struct{}))
	for _, name := range []string{"u", "v", "w", "x"} {
		h.workerOf(name, 2, k.kinds(), nil)
	}
	mallory := h.client("mallory")
	j := h.submit(h.Fleet, throttled(Rules{MaxRunning: 2}))
	await(t, "two tasks run", func() bool { begun, _ := k.counts(); return begun == 2 })
	h.stored()
	for i := range uint64(43 * chunks) {
		if err := mallory.Dead(t.Context(), "j", task.Range{First: i, Count: 1}, (&task.Failure{Err: "a lie"}).Encode()); err != nil {
			t.Fatal(err)
		}
	}
	j.die()
	j.cancel(errStopped)
	next := h.wait(h.other(), "j")
	for n := 3; n <= chunks; n++ { // the next holder reviews the job before it queues a task
		k.gate <- struct{}{}
		await(t, "a task", func() bool { begun, _ := k.counts(); return begun >= n })
	}
	close(k.gate)
	next.clean()
	next.out.check(t, 1, 43*chunks)
	if begun, most := k.counts(); most > 2 {
		t.Errorf("%d tasks have begun, %d at a time", begun, most)
	}
}

// TestClaimsKeepStart: before the time at which a job starts, a worker stores dead letters for its numbers, or answers to
// its items. No other worker gets one of them before that time.
func TestClaimsKeepStart(t *testing.T) {
	t.Parallel()
	const count = 20
	after := Rules{After: Moment{In: 12 * time.Second}}
	t.Run("letters", func(t *testing.T) {
		t.Parallel()
		h := newTestFleet(t)
		mallory := h.client("mallory")
		s := submission("j", text(1, count))
		s.Rules = after
		r := h.submit(h.Fleet, s)
		j := h.stored()
		k := newFirst(kind.All()[task.KindSquare])
		h.workerOf("w", 2, map[string]worker.Kind{task.KindSquare: k}, nil)
		for i := range uint64(count) {
			if err := mallory.Dead(t.Context(), "j", task.Range{First: i, Count: 1}, (&task.Failure{Err: "a lie"}).Encode()); err != nil {
				t.Fatal(err)
			}
		}
		r.clean()
		r.out.check(t, 1, count)
		k.notBefore(t, *j.After)
	})
	t.Run("answers", func(t *testing.T) {
		t.Parallel()
		h := newTestFleet(t)
		items, text := lines(count)
		s := replicated(text)
		s.Rules = after
		r := h.submit(h.Fleet, s)
		j := h.stored()
		k := newFirst(lineKind(reversed))
		mallory := h.client("mallory")
		for _, name := range []string{"v", "w"} {
			h.workerOf(name, 2, map[string]worker.Kind{"exec:reverse": k}, nil)
		}
		in, err := h.Inputs(t.Context(), "j")
		if err != nil {
			t.Fatal(err)
		}
		numbers, err := in.Numbers(t.Context(), task.Range{Count: count})
		if err != nil {
			t.Fatal(err)
		}
		lie := &task.Result{Kind: "exec:reverse", Worker: "mallory", Asked: task.HashNumbers(numbers)}
		for range numbers {
			lie.Items = append(lie.Items, task.Factorization{Factors: task.ItemAnswer([]byte("a lie")), Method: "exec:reverse"})
		}
		if err := mallory.Result(t.Context(), "j", task.Range{Count: count}, lie.Encode()); err != nil {
			t.Fatal(err)
		}
		r.clean()
		r.out.checkItems(t, items, reversed)
		k.notBefore(t, *j.After)
	})
}

// A first is a kind that knows when its first task began.
type first struct {
	worker.Kind
	mu sync.Mutex
	at time.Time // guarded by mu; zero = none has begun
}

func newFirst(k worker.Kind) *first { return &first{Kind: k} }

// Run notes the time.
func (k *first) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	k.mu.Lock()
	if k.at.IsZero() {
		k.at = time.Now()
	}
	k.mu.Unlock()
	return k.Kind.Run(ctx, numbers, o, done)
}

// notBefore checks that no task began before a time of the server. Processes know that within a second or so.
func (k *first) notBefore(t *testing.T, start time.Time) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if early := start.Sub(k.at); early > 5*time.Second {
		t.Errorf("a task began %v before the start of the job", early)
	}
}

// TestAuditsKeepStart: before the time at which a job starts, a worker leaves numbers of it unfinished, all of which are
// audited. No other worker gets one of them before that time.
func TestAuditsKeepStart(t *testing.T) {
	t.Parallel()
	const claims = 5
	h := newTestFleet(t)
	var hard []nat.Nat
	var in strings.Builder
	for _, p := range primesAbove(33, claims) {
		n := new(big.Int).Mul(p, mersenne(521))
		hard = append(hard, nat.FromBig(n))
		fmt.Fprintln(&in, n)
	}
	s := submission("j", in.String()+"91\n")
	s.Kind, s.Rules = task.KindFactor, Rules{After: Moment{In: 12 * time.Second}}
	r := h.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
		w.audits = newAskedAudits()
		w.audits.oneIn = 1
		return Submit(ctx, h.Fleet, s, w, started)
	})
	j := h.stored()
	k := newFirst(kind.All()[task.KindFactor])
	h.workerOf("w", 1, map[string]worker.Kind{task.KindFactor: k}, nil)
	mallory := h.client("mallory")
	for i, n := range hard {
		lazy := task.Factorization{Factors: []task.Factor{{P: n, Exp: 1, Status: task.Composite}}, Method: "unfinished after trial", CPU: time.Hour}
		result := &task.Result{Kind: task.KindFactor, Worker: "mallory", Items: []task.Factorization{lazy}}
		if err := mallory.Result(t.Context(), "j", task.Range{First: uint64(i), Count: 1}, result.Encode()); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := r.end(); err != nil || s.Counts.Unfinished != claims {
		t.Errorf("%+v, %v", s, err)
	}
	k.notBefore(t, *j.After)
}
