package puller

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A longKind computes until the test says that it is done.
type longKind struct {
	worker  string
	started chan<- string
	done    <-chan struct{}
}

func (k longKind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	for range numbers {
		k.started <- k.worker
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for waiting := true; waiting; {
			select {
			case <-tick.C:
				o.Tick()
			case <-k.done:
				waiting = false
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		*done = append(*done, task.Factorization{})
	}
	return nil
}

// runLong runs workers of one slot whose computations end when done is closed. started gets a name for each that
// begins.
func (h *testFleet) runLong(count int, done <-chan struct{}) (started <-chan string) {
	h.t.Helper()
	begun := make(chan string, 100)
	for i := range count {
		name := "w" + string(rune('a'+i))
		c := h.client(name)
		w := worker.New(worker.Config{
			Name: name, Slots: 1, AckWait: c.AckWait(), Log: zerolog.Nop(),
			Kinds: map[string]worker.Kind{task.KindSquare: longKind{name, begun, done}},
		}, c, c)
		fleettest.Background(h.t, w.Run)
	}
	for _, class := range task.Classes {
		fleettest.Await(h.t, "all workers wait", func() bool { return h.durable(class).NumWaiting == count })
	}
	return begun
}

// TestWaitFair: as many tasks as workers that wait are all begun at once, one by each worker.
func TestWaitFair(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	const count = 8
	done := make(chan struct{})
	started := h.runLong(count, done)
	j := h.job("j", task.ClassNorm, count)
	for i := range count {
		h.queue(j, fleettest.Single(i))
	}
	begun := make(map[string]bool)
	for range count {
		begun[<-started] = true
	}
	if len(begun) != count {
		t.Errorf("only these workers have begun a task: %v", begun)
	}
	close(done)
}

// TestWaitSurplus: tasks of all classes that come at the same moment to a worker with one slot do not wait for it while
// other workers are idle.
func TestWaitSurplus(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	fleettest.Background(t, h.Sweep)
	done := make(chan struct{})
	defer close(done)
	started := h.runLong(len(task.Classes), done)
	var queued sync.WaitGroup
	for _, class := range task.Classes {
		j := h.job("j-"+string(class), class, 1)
		queued.Go(func() { h.queue(j, fleettest.Single(0)) })
	}
	queued.Wait()
	begun, began := make(map[string]bool), time.Now()
	for range task.Classes {
		begun[<-started] = true
	}
	t.Logf("all have begun after %v", time.Since(began))
	if len(begun) != len(task.Classes) {
		t.Errorf("only these workers have begun a task: %v", begun)
	}
}
