package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// lines returns count items, and their text.
func lines(count int) (items [][]byte, text string) {
	for i := range count {
		items = append(items, fmt.Append(nil, "item ", i))
	}
	return items, string(bytes.Join(items, []byte("\n"))) + "\n"
}

// replicated returns a submission of items that two workers are to answer.
func replicated(text string) Submission {
	s := itemSubmission("j", "exec:reverse", task.FormatLines, strings.NewReader(text))
	s.Replicas = 2
	return s
}

// A counter counts how often each item was computed by its worker.
type counter struct {
	mu    sync.Mutex
	times map[string]int
}

func (c *counter) count(answer lineKind) lineKind {
	return func(item []byte) []byte {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.times == nil {
			c.times = make(map[string]int)
		}
		c.times[string(item)]++
		return answer(item)
	}
}

func (c *counter) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.times)
}

// TestReplicas: each item is computed by two workers, once by each; a worker alone answers nothing; and a process that
// waits later reads the same answers.
func TestReplicas(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	items, text := lines(200)
	var v, w counter
	h.workerOf("v", 1, map[string]worker.Kind{"exec:reverse": v.count(reversed)}, nil)
	a := h.submit(h.Fleet, replicated(text))
	await(t, "the first worker is done", func() bool { return v.len() == len(items) && h.held("FACTOR_TASKS", "j") == 0 })
	if n := a.out.len(); n > 0 {
		t.Errorf("%d answers of one worker were printed", n)
	}
	h.workerOf("w", 1, map[string]worker.Kind{"exec:reverse": w.count(reversed)}, nil)
	if s := a.clean(); s.Verified != uint64(len(items)) {
		t.Errorf("%+v", s)
	}
	a.out.checkItems(t, items, reversed)
	for _, item := range items {
		if v.times[string(item)] != 1 || w.times[string(item)] != 1 {
			t.Errorf("%s was computed %d and %d times", item, v.times[string(item)], w.times[string(item)])
		}
	}
	b := h.wait(h.other(), "j")
	b.clean()
	b.out.checkItems(t, items, reversed)
}

// TestReplicasLie: of three workers one gives wrong answers now and then. None is printed.
func TestReplicasLie(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	items, text := lines(300)
	lying := func(item []byte) []byte {
		if item[len(item)-1] == '7' {
			return []byte("a lie")
		}
		return reversed(item)
	}
	h.workerOf("liar", 1, map[string]worker.Kind{"exec:reverse": lineKind(lying)}, nil)
	for _, name := range []string{"v", "w"} {
		h.workerOf(name, 1, map[string]worker.Kind{"exec:reverse": lineKind(reversed)}, nil)
	}
	a := h.submit(h.Fleet, replicated(text))
	a.clean()
	a.out.checkItems(t, items, reversed)
}

// TestReplicasVary: a command whose answers vary is named.
func TestReplicasVary(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	for i := range 5 {
		h.workerOf(fmt.Sprint("w", i), 1, map[string]worker.Kind{"exec:reverse": lineKind(func([]byte) []byte { return fmt.Append(nil, "worker ", i) })}, nil)
	}
	_, text := lines(3)
	if _, err := h.submit(h.Fleet, replicated(text)).end(); !errors.Is(err, ErrBeyondRepair) || !strings.Contains(err.Error(), "no two of the workers w") {
		t.Errorf("%v", err)
	}
}

// TestReplicasDiffer: a job cannot be joined with another number of replicas.
func TestReplicasDiffer(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	_, text := lines(3)
	a := h.submit(h.Fleet, replicated(text))
	<-a.id
	s := replicated(text)
	s.Replicas = 1
	if _, err := h.submit(h.other(), s).end(); err == nil || !strings.Contains(err.Error(), "job j exists with --replicas 2, not 1") {
		t.Errorf("%v", err)
	}
}

// TestReplicasFail: an item fails at one of two workers, and the other one has answered it. It is given up: no third worker
// could answer it. The other items have their answers.
func TestReplicasFail(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	items, text := lines(3)
	h.workerOf("v", 1, map[string]worker.Kind{"exec:reverse": lineKind(reversed)}, nil)
	h.workerOf("w", 1, map[string]worker.Kind{"exec:reverse": failing{lineKind(reversed), items[1]}}, nil)
	s := replicated(text)
	s.Rules.MaxAttempts = 1
	sum, err := h.submit(h.Fleet, s).end()
	if err != nil || sum.Counts.Dead != 1 || sum.Verified != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
}

// A failing kind fails at one item.
type failing struct {
	lineKind
	item []byte
}

func (k failing) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	for i := range numbers {
		if item, _ := task.AppendItem(nil, numbers[i]); bytes.Equal(item, k.item) {
			return errors.New("it fails here")
		}
		if err := k.lineKind.Run(ctx, numbers[i:i+1], o, done); err != nil {
			return err
		}
	}
	return nil
}
