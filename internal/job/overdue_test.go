package job

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// TestPatience: a range may be held for four times its predicted time, but for no longer than its budget and a
// minute, and for two minutes at least. Each task of the range doubles that.
func TestPatience(t *testing.T) {
	for _, test := range []struct {
		predicted, budget time.Duration
		tasks             int
		want              time.Duration
	}{
		{0, 0, 1, 2 * time.Minute},
		{time.Second, 0, 1, 2 * time.Minute},
		{time.Minute, 0, 1, 4 * time.Minute},
		{time.Minute, 0, 3, 16 * time.Minute},
		{time.Hour, 10 * time.Minute, 1, 11 * time.Minute},
		{time.Hour, time.Second, 2, 4 * time.Minute},
		{time.Second, time.Hour, 0, 2 * time.Minute},
	} {
		if got := patience(overdueAfter, test.predicted, test.budget, test.tasks); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
	for tasks := range 1000 {
		if patience(overdueAfter, 24*time.Hour, 0, tasks) <= 0 {
			t.Fatalf("%d tasks: no patience", tasks)
		}
	}
}

// TestPredict: the numbers of a range add up.
func TestPredict(t *testing.T) {
	items := make([]nat.Nat, 50)
	for budget, want := range map[time.Duration]time.Duration{
		0: time.Hour, 3 * time.Hour: 150*time.Hour + time.Minute, time.Second: 2 * time.Minute, math.MaxInt64: execMost + time.Minute,
	} {
		predicted, most := predict(&task.Job{Kind: "exec:resize", Budget: budget}, items)
		if got := patience(2*time.Minute, predicted, most, 1); got != want {
			t.Errorf("items with a budget of %v are overdue after %v, want %v", budget, got, want)
		}
	}
	n := nat.New(1 << 60)
	predicted, budget := predict(&task.Job{Kind: task.KindFactor, Budget: time.Minute}, []nat.Nat{n, n, n})
	if want := 3 * plan.Cost(task.KindFactor, 61); predicted != want || budget != 3*time.Minute {
		t.Errorf("%v, want %v; budget %v", predicted, want, budget)
	}
}

// A heldWorld is a world in which a worker holds ranges and computes nothing.
type heldWorld struct {
	*world
	began time.Time

	mu         sync.Mutex // guards below
	holders    map[task.Range]fleet.Holder
	free       int // slots of other workers
	alone      bool
	tasks      map[task.Range]int
	issued     []string // what was issued again, and when
	dropped    []string
	complaints int
	slow       map[task.Range]time.Duration // how long a slow worker may hold a range
}

func (w *heldWorld) HeldRanges(string) map[task.Range]fleet.Holder {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.holders)
}

func (w *heldWorld) FreeSlots(string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.free
}

func (w *heldWorld) AnotherRuns(string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.alone
}

func (w *heldWorld) Complain(name string, what fleet.Complaint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if name == "liar" && what == fleet.ComplaintHeld {
		w.complaints++
	}
}

func (w *heldWorld) issueOverdue(_ context.Context, _ *task.Job, list []heldRange, least time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range list {
		h := &list[i]
		if h.tasks = w.tasks[h.Range]; h.tasks == 0 {
			continue
		}
		h.slow = h.since.Add(w.slow[h.Range])
		if h.due = h.since.Add(patience(least, 0, 0, h.tasks)); time.Now().Before(h.dueWith(h.due)) {
			continue
		}
		w.issued = append(w.issued, fmt.Sprintf("%v after %v", h.Range, time.Since(w.began).Round(15*time.Second)))
		w.tasks[h.Range]++
		h.issued, h.tasks = true, w.tasks[h.Range]
		h.due = h.since.Add(patience(least, 0, 0, h.tasks))
	}
	return nil
}

func (w *heldWorld) dropTasks(_ context.Context, _ *task.Job, r task.Range) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dropped = append(w.dropped, r.String())
	return nil
}

// take returns what was issued since the last call.
func (w *heldWorld) take() (issued []string) {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	issued, w.issued = w.issued, nil
	return issued
}

// hold makes the worker hold 20 numbers.
func (w *heldWorld) hold(first uint64, since time.Time) {
	w.holders[task.Range{First: first, Count: 20}] = fleet.Holder{Worker: "liar", Since: since}
}

// start runs a loop in the world, in which "liar" holds the first two ranges of 20 numbers.
func (w *heldWorld) start(t *testing.T, log zerolog.Logger) (l *loop, stop func()) {
	w.seal()
	w.began, w.tasks = time.Now(), map[task.Range]int{{First: 0, Count: 20}: 1, {First: 20, Count: 20}: 1}
	w.holders = make(map[task.Range]fleet.Holder)
	w.hold(0, w.began)
	w.hold(20, w.began.Add(time.Minute))
	w.hold(200, w.began) // not in the queue
	ctx, cancel := context.WithCancel(t.Context())
	l = newLoop(ctx, loopConfig{job: &w.job, watch: Watch{Emit: discard, Log: log}, access: w, numbers: worldNumbers, reread: w.result})
	l.results = func(context.Context) error { l.deliver(caughtUp{w}); return nil }
	var group sync.WaitGroup
	group.Go(func() { l.run(ctx) })
	l.post(heartbeatsKnown{func(string) registry { return w }, overdueAfter})
	return l, func() { cancel(); group.Wait() }
}

// TestOverdue: the holder of a job issues a range again that is held for too long, each time after twice as
// long a time, if another worker has a free slot. The log says so once.
// When another worker has answered the range, its tasks are removed. The one that held it gets a complaint, if it held
// it for longer than a slow worker takes.
func TestOverdue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &heldWorld{world: newWorld(t, 1), free: 1}
		var book logbook
		l, stop := w.start(t, zerolog.New(&book))
		defer stop()
		time.Sleep(10 * time.Minute)
		if got := w.take(); len(got) > 0 {
			t.Errorf("a process that is not the holder has issued %v", got)
		}
		w.mu.Lock()
		w.free, w.began = 5, time.Now()
		for _, first := range []uint64{0, 200} {
			w.hold(first, w.began)
		}
		w.hold(20, w.began.Add(time.Minute))
		w.slow = map[task.Range]time.Duration{{First: 20, Count: 20}: time.Hour}
		w.mu.Unlock()
		l.post(leaseChanged{held: true})
		time.Sleep(9 * time.Minute)
		want := []string{"0-20 after 2m0s", "20-20 after 3m0s", "0-20 after 4m0s", "20-20 after 5m0s", "0-20 after 8m0s", "20-20 after 9m0s"}
		if got := w.take(); !slices.Equal(got, want) {
			t.Errorf("issued %v", got)
		}
		if n := book.count(`"position 1 to 20 of job j is held by worker liar for 2m`); n != 1 || book.count("issued to another") != 2 || w.complaints != 0 {
			t.Errorf("%d complaints before it is answered; %s", w.complaints, book.text.String())
		}
		answer := func(first uint64) {
			w.answer("honest", task.Range{First: first, Count: 20}, true)
			w.world.mu.Lock()
			a := w.results[len(w.results)-1].Arrival
			w.world.mu.Unlock()
			k, err := l.collector.Check(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			l.deliver(batch{verified: []collect.Checked{k}, last: a.Seq})
		}
		answer(0)
		time.Sleep(10 * time.Minute)
		if got := w.take(); !slices.Equal(got, []string{"20-20 after 17m0s"}) || !slices.Equal(w.dropped, []string{"0-20"}) || w.complaints != 1 {
			t.Errorf("issued %v after the answer, dropped %v, %d complaints", got, w.dropped, w.complaints)
		}
		answer(20)
		time.Sleep(time.Second)
		if w.take(); !slices.Equal(w.dropped, []string{"0-20", "20-20"}) || w.complaints != 1 {
			t.Errorf("dropped %v, %d complaints after the answer for a slow worker", w.dropped, w.complaints)
		}
	})
}

// TestOverdueFreeSlots: no more ranges are issued at a time than other workers have free slots.
func TestOverdueFreeSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &heldWorld{world: newWorld(t, 1), free: 1}
		l, stop := w.start(t, zerolog.Nop())
		defer stop()
		w.mu.Lock()
		w.hold(20, w.began)
		delete(w.holders, task.Range{First: 200, Count: 20})
		w.mu.Unlock()
		l.post(leaseChanged{held: true})
		for i := range 2 {
			time.Sleep(2*time.Minute + time.Duration(i)*15*time.Second + time.Second - time.Since(w.began))
			if got := w.take(); len(got) != 1 {
				t.Errorf("issued %v", got)
			}
		}
	})
}

// TestOverdueCrowded: without a free slot a range may be held four times as long, and for ever by the only worker.
func TestOverdueCrowded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &heldWorld{world: newWorld(t, 1)}
		l, stop := w.start(t, zerolog.Nop())
		defer stop()
		l.post(leaseChanged{held: true})
		w.mu.Lock()
		w.alone = true
		w.mu.Unlock()
		time.Sleep(time.Hour)
		if got := w.take(); len(got) > 0 {
			t.Errorf("issued %v to the same worker", got)
		}
		w.mu.Lock()
		w.alone, w.began = false, time.Now()
		w.hold(0, w.began)
		w.hold(20, w.began.Add(time.Minute))
		w.mu.Unlock()
		time.Sleep(8*time.Minute - time.Second)
		if got := w.take(); len(got) > 0 {
			t.Errorf("issued %v", got)
		}
		time.Sleep(70 * time.Second)
		if got := w.take(); !slices.Equal(got, []string{"0-20 after 8m0s", "20-20 after 9m0s"}) {
			t.Errorf("issued %v", got)
		}
	})
}

// TestOverdueBehindInvented: a worker that names thousands of tasks that are not queued hides no range behind them.
func TestOverdueBehindInvented(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &heldWorld{world: newWorld(t, 1), free: 1_000_000}
		l, stop := w.start(t, zerolog.Nop())
		defer stop()
		w.mu.Lock()
		for i := range uint64(5000) { // by a multiple more than looks can pass over within least
			w.hold(1000+20*i, w.began.Add(-time.Hour))
		}
		w.mu.Unlock()
		l.post(leaseChanged{held: true})
		time.Sleep(10 * time.Minute)
		if got := w.take(); len(got) < 2 {
			t.Errorf("issued %v of two ranges that are held", got)
		}
	})
}
