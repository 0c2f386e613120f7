package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
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

// A failing is a lineKind that fails at one item.
type failing struct {
	lineKind
	at string
}

// Run implements worker.Kind.
func (k failing) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	for i, n := range numbers {
		if item, _ := task.AppendItem(nil, n); string(item) == k.at {
			return errors.New("it fails here")
		}
		if err := k.lineKind.Run(ctx, numbers[i:i+1], o, done); err != nil {
			return err
		}
	}
	return nil
}

// TestReplicasFail: an item that one worker has answered, and that fails at the only other one, is given up. The first
// worker does not compute it for ever.
func TestReplicasFail(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	items, text := lines(5)
	s := replicated(text)
	s.Chunking, s.Rules = mustChunk("1"), Rules{MaxAttempts: 1}
	h.workerOf("v", 1, map[string]worker.Kind{"exec:reverse": lineKind(reversed)}, nil)
	h.workerOf("w", 1, map[string]worker.Kind{"exec:reverse": failing{reversed, string(items[3])}}, nil)
	a := h.submit(h.Fleet, s)
	sum, err := a.end()
	if err != nil || sum.Verified != 4 || sum.Dead != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	a.out.mu.Lock()
	defer a.out.mu.Unlock()
	if why := a.out.items[3].Dead; !strings.Contains(why, "it fails here (on w)") || !strings.Contains(why, "only v has answered") {
		t.Errorf("given up: %q", why)
	}
}

// TestReplicasRunning: the tasks of both workers are within --max-running, also of items that have waited for the second
// worker.
func TestReplicasRunning(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	items, text := lines(8)
	s := replicated(text)
	s.Chunking, s.Rules = mustChunk("1"), Rules{MaxRunning: 2}
	var now, most, begun atomic.Int64
	kind := lineKind(func(item []byte) []byte {
		for n, m := now.Add(1), most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		begun.Add(1)
		runtime.Gosched()
		now.Add(-1)
		return reversed(item)
	})
	h.workerOf("v", 8, map[string]worker.Kind{"exec:reverse": kind}, nil)
	a := h.submit(h.Fleet, s)
	await(t, "the first worker has used the places", func() bool { return begun.Load() >= 2 && h.held("FACTOR_TASKS", "j") == 0 })
	for i := range 3 { // reviews, each with the time that another job takes
		if _, err := h.other().ChangeThrottle(t.Context(), "j", fleet.Throttle{MaxRunning: new(2)}); err != nil {
			t.Fatal(err)
		}
		h.submit(h.other(), itemSubmission(fmt.Sprint("other-", i), "exec:reverse", task.FormatLines, strings.NewReader("a\nb\n"))).clean()
	}
	if n := begun.Load(); n != 2+3*2 {
		t.Errorf("%d items were computed while two wait for a second worker", n)
	}
	h.workerOf("w", 8, map[string]worker.Kind{"exec:reverse": kind}, nil)
	a.clean()
	a.out.checkItems(t, items, reversed)
	if most.Load() > 2 { // the other jobs ran alone
		t.Errorf("%d items were computed at a time", most.Load())
	}
}

// TestReplicator: what is wanted is queued once, whoever finds it missing, and a later vote replaces an earlier one.
func TestReplicator(t *testing.T) {
	var r replicator
	split := func(first, count uint64, workers ...string) collect.Split {
		return collect.Split{Range: task.Range{First: first, Count: count}, Workers: workers}
	}
	take := func() string {
		return fmt.Sprint(stillMissing(r.take(), func(r task.Range) []task.Range { return []task.Range{r} }))
	}
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	r.listingBegins()
	r.add([]collect.Split{split(0, 1, "v"), split(1, 1, "v"), split(5, 1, "w")})
	r.found([]collect.Split{split(0, 2, "v")})
	r.add([]collect.Split{split(1, 1, "v", "w")})
	check("adjacent ones are one", take(), "[{0-1 [v]} {1-1 [v w]} {5-1 [w]}]")
	r.found([]collect.Split{split(0, 1, "v"), split(9, 1, "v")})
	r.taken([]collect.Split{split(5, 1, "w")})
	r.found([]collect.Split{split(0, 2, "v")})
	check("on their way, queued, or left", take(), "[{9-1 [v]} {5-1 [w]}]")
	r.listingBegins()
	r.found([]collect.Split{split(0, 1, "v"), split(9, 1, "v")})
	r.taken(nil)
	check("a listing that has seen it", take(), "[{0-1 [v]}]")
	r.reset()
	check("after a reset", take(), "[]")
}

// TestReplicaParts: ranges are cut where the rate ends, and grouped by the workers that have voted.
func TestReplicaParts(t *testing.T) {
	list := []collect.Split{{Range: task.Span(0, 3), Workers: []string{"v"}}, {Range: task.Span(7, 9), Workers: []string{"v"}}, {Range: task.Span(3, 4), Workers: []string{"w"}}}
	first, rest := firstNumbers(list, 4)
	if got, want := fmt.Sprint(first, rest), "[{0-3 [v]} {7-1 [v]}] [{8-1 [v]} {3-1 [w]}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n, ranges, numbers := firstGroup(list); n != 2 || fmt.Sprint(ranges) != "[0-3 7-2]" || numbers != 5 {
		t.Errorf("%d, %v, %d", n, ranges, numbers)
	}
	u := units{list: []task.Range{task.Span(0, 2), task.Span(2, 3), task.Span(5, 6)}}
	if got := fmt.Sprint(u.within(list)); got != "[0-2 2-1 3-1 7-2]" {
		t.Errorf("places: %s", got)
	}
}

// TestVotedKeepPlaces: items that wait for a second worker keep their places among the running tasks at a review, and have
// them if this process did not know of them.
func TestVotedKeepPlaces(t *testing.T) {
	l := &loop{job: &task.Job{ID: "j", MaxRunning: 9}}
	l.collector = collect.New(collect.Config{
		Numbers: func(context.Context, task.Range) ([]nat.Nat, error) { return nil, nil }, Emit: func(*collect.Item) error { return nil },
	})
	d := &l.dispatch
	d.l = l
	d.running.list = []task.Range{task.Span(0, 1), task.Span(1, 2), task.Span(7, 8)}
	voted := []collect.Split{{Range: task.Span(0, 2), Workers: []string{"v"}}, {Range: task.Span(4, 5), Workers: []string{"v"}}}
	d.listed(nil, voted, []task.Range{task.Span(5, 6)}, new(task.Set), 10)
	if got := fmt.Sprint(d.running.list); got != "[0-1 1-1 4-1 5-1]" {
		t.Errorf("places: %s", got)
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
