package job

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/kind"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A countingKind squares numbers, and counts how many of its tasks run at a time. A task waits for gate, unless that is
// nil.
type countingKind struct {
	worker.Kind
	gate chan struct{} // a task takes one

	mu      sync.Mutex
	running int // guarded by mu
	most    int // guarded by mu
	begun   int // guarded by mu
}

func newCountingKind(gate chan struct{}) *countingKind {
	return &countingKind{Kind: kind.All()[task.KindSquare], gate: gate}
}

func (k *countingKind) kinds() map[string]worker.Kind {
	all := kind.All()
	all[task.KindSquare] = k
	return all
}

// counts returns how many tasks have begun, and how many ran at a time at most.
func (k *countingKind) counts() (begun, most int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.begun, k.most
}

// Run counts the task, and waits.
func (k *countingKind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	k.mu.Lock()
	k.running++
	k.begun++
	k.most = max(k.most, k.running)
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		k.running--
		k.mu.Unlock()
	}()
	for passed := false; !passed; {
		o.Tick()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case _, open := <-k.gate:
			passed = true
			if !open { // others may begin meanwhile
				time.Sleep(time.Millisecond)
			}
		case <-time.After(10 * time.Millisecond):
			passed = k.gate == nil
		}
	}
	return k.Kind.Run(ctx, numbers, o, done)
}

// chunks is the number of tasks of the jobs of these tests.
const chunks = 20

// throttled returns a submission of chunks tasks with rules.
func throttled(r Rules) Submission {
	s := submission("j", text(1, 43*chunks))
	s.Rules = r
	return s
}

// TestMaxRunning: no more tasks of a job run at a time than it permits, although there are more slots, and all its
// answers come once.
func TestMaxRunning(t *testing.T) {
	t.Parallel()
	for _, most := range []int{1, 3} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			t.Parallel()
			h, k := newPatient(t), newCountingKind(nil)
			for i := range 4 {
				h.workerOf(fmt.Sprint("w", i), 2, k.kinds(), nil)
			}
			j := h.submit(h.Fleet, throttled(Rules{MaxRunning: most}))
			j.clean()
			j.out.check(t, 1, 43*chunks)
			if begun, ran := k.counts(); ran > most || begun < chunks {
				t.Errorf("%d tasks ran at a time, %d have begun", ran, begun)
			}
		})
	}
}

// TestMaxRunningCounts: the job keeps as many tasks queued as it permits, and an answer brings the next one, without a
// review.
func TestMaxRunningCounts(t *testing.T) {
	t.Parallel()
	h, k := newPatient(t), newCountingKind(make(chan struct{}))
	h.workerOf("w", 8, k.kinds(), nil)
	j := h.submit(h.Fleet, throttled(Rules{MaxRunning: 4}))
	for n := 4; n <= chunks; n++ {
		await(t, fmt.Sprint(n, " tasks"), func() bool { begun, _ := k.counts(); return begun == n })
		await(t, "no more than 4 tasks queued", func() bool { return h.held(schema.StreamTasks, "j") <= 4 }) // acks take a moment
		k.gate <- struct{}{}
	}
	close(k.gate)
	j.clean()
	j.out.check(t, 1, 43*chunks)
	if begun, most := k.counts(); begun != chunks || most != 4 {
		t.Errorf("%d tasks have begun, %d at a time", begun, most)
	}
}

// TestPause: a job that is paused while workers compute queues nothing, its running tasks count, and it continues when it
// is resumed. A task that runs during all that is not queued again.
func TestPause(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string]Rules{"plain": {}, "limited": {MaxRunning: 4}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, k := newPatient(t), newCountingKind(make(chan struct{}))
			h.workerOf("w", 2, k.kinds(), nil)
			j := h.submit(h.Fleet, throttled(rules))
			user := h.other()
			await(t, "two tasks run", func() bool { begun, _ := k.counts(); return begun == 2 })
			await(t, "the input is stored", func() bool { m, err := user.Job(t.Context(), "j"); return err == nil && m.State == task.Sealed })
			for range 2 { // twice is no error
				m, err := user.Pause(t.Context(), "j")
				if err != nil || !m.Paused || !m.Throttled || m.Schema != 2 {
					t.Fatalf("%+v, %v", m, err)
				}
			}
			await(t, "an empty queue", func() bool { return h.held(schema.StreamTasks, "j") == 0 })
			k.gate <- struct{}{} // one task ends: its answers count
			await(t, "the result of a task", func() bool { return h.held(schema.StreamResults, "j") > 0 })
			if _, was, err := user.Resume(t.Context(), "j"); err != nil || !was {
				t.Fatalf("resume: %v, %v", was, err)
			}
			await(t, "more tasks", func() bool { begun, _ := k.counts(); return begun > 2 })
			close(k.gate)
			j.clean()
			j.out.check(t, 1, 43*chunks)
			if begun, most := k.counts(); most > 4 {
				t.Errorf("%d tasks have begun, %d at a time", begun, most)
			}
			if _, err := user.Pause(t.Context(), "j"); !errors.Is(err, fleet.ErrDiffers) {
				t.Errorf("pause of a job that is done: %v", err)
			}
		})
	}
}

// TestPausedEnds: a paused job can be cancelled, removed, and ended early.
func TestPausedEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*fleet.Fleet) error{
		"cancel": func(f *fleet.Fleet) error { _, err := f.Cancel(context.Background(), "j"); return err },
		"rm":     func(f *fleet.Fleet) error { return f.Remove(context.Background(), "j") },
		"finish": func(f *fleet.Fleet) error { _, err := f.FinishEarly(context.Background(), "j"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t)
			j := h.submit(h.Fleet, throttled(Rules{}))
			await(t, "the tasks", func() bool { return h.held(schema.StreamTasks, "j") == chunks })
			if _, err := h.other().Pause(t.Context(), "j"); err != nil {
				t.Fatal(err)
			}
			await(t, "an empty queue", func() bool { return h.held(schema.StreamTasks, "j") == 0 })
			if err := end(h.other()); err != nil {
				t.Fatal(err)
			}
			if name == "finish" {
				h.worker("w", nil)
				j.clean()
				j.out.check(t, 1, 43*chunks)
				return
			}
			if _, err := j.end(); !errors.Is(err, ErrCancelled) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestAfter: nothing is queued before the time, all of it then; a user can have it begin now.
func TestAfter(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]Moment{"comes": {In: 500 * time.Millisecond}, "changed": {In: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t)
			h.worker("w", nil)
			began := time.Now()
			j := h.submit(h.Fleet, throttled(Rules{After: after}))
			if name == "changed" {
				await(t, "the input is stored", func() bool { m, err := h.Job(t.Context(), "j"); return err == nil && m.State == task.Sealed })
				if j.out.len() > 0 || h.held(schema.StreamTasks, "j") > 0 {
					t.Error("the job has begun")
				}
				if _, err := h.other().ChangeThrottle(t.Context(), "j", fleet.Throttle{After: new(time.Time)}); err != nil {
					t.Fatal(err)
				}
			}
			j.clean()
			j.out.check(t, 1, 43*chunks)
			if took := time.Since(began); name == "comes" && took < after.In {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestRate: the numbers that are queued do not exceed the rate by more than a second and a task, by the server's
// times of the messages; a change of the rate takes effect at once.
func TestRate(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	s := submission("j", text(1, 600))
	s.Chunking = mustChunk("10")
	s.Rules = Rules{Rate: 100}
	began := time.Now()
	j := h.submit(h.Fleet, s)
	await(t, "some tasks", func() bool { return h.held(schema.StreamTasks, "j") >= 10 })
	queued := 10 * h.held(schema.StreamTasks, "j")
	if most := 100*(time.Since(began).Seconds()+1) + 11; float64(queued) > most {
		t.Errorf("%d numbers are queued, at most %v", queued, most)
	}
	none := 0.0
	if _, err := h.other().ChangeThrottle(t.Context(), "j", fleet.Throttle{Rate: &none}); err != nil {
		t.Fatal(err)
	}
	await(t, "all tasks", func() bool { return h.held(schema.StreamTasks, "j") == 60 })
	h.worker("w", nil)
	j.clean()
	j.out.check(t, 1, 600)
}

// TestStartDeadline: a job of which no task begins is cancelled with a note. One that begins is not.
func TestStartDeadline(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	j := h.submit(h.Fleet, throttled(Rules{StartDeadline: Moment{In: 300 * time.Millisecond}}))
	_, err := j.end()
	if !errors.Is(err, ErrCancelled) || !strings.Contains(err.Error(), "no task of it had begun by ") {
		t.Errorf("%v", err)
	}
	if m, err := h.Job(t.Context(), "j"); err != nil || m.State != task.Cancelled || m.Note == "" {
		t.Errorf("%+v, %v", m, err)
	}

	k := newCountingKind(make(chan struct{}))
	h.workerOf("w", 1, k.kinds(), nil)
	s := throttled(Rules{StartDeadline: Moment{In: time.Minute}})
	s.ID = "k"
	j = h.submit(h.Fleet, s)
	await(t, "the job has begun", func() bool { m, err := h.Job(t.Context(), "k"); return err == nil && m.Deadline == nil })
	close(k.gate)
	j.clean()
	j.out.check(t, 1, 43*chunks)
}

// TestSupervisorDispatches: a supervisor queues the tasks of jobs without a submitter, as far as their limits go: also
// after a pause, and of a job whose time to start comes.
func TestSupervisorDispatches(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string]Rules{"running": {MaxRunning: 2}, "rate": {Rate: 2000}, "after": {After: Moment{In: time.Second}}, "paused": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t)
			if _, err := Feed(t.Context(), h.Fleet, throttled(rules), Watch{}, func(string) {}); err != nil {
				t.Fatal(err)
			}
			if name == "paused" {
				if _, err := h.Pause(t.Context(), "j"); err != nil {
					t.Fatal(err)
				}
			}
			if n := h.held(schema.StreamTasks, "j"); n > 0 {
				t.Errorf("%d tasks are queued", n)
			}
			h.worker("w", nil)
			h.supervise(quickPace)
			if name == "paused" {
				h.awaitParked()
				if _, _, err := h.Resume(t.Context(), "j"); err != nil {
					t.Fatal(err)
				}
			}
			await(t, "the end of the job", func() bool { return h.isDone("j") })
		})
	}
}

// TestHolderDies: the tasks of a job whose holder dies are queued by the next one, within the limit.
func TestHolderDies(t *testing.T) {
	t.Parallel()
	h, k := newPatient(t), newCountingKind(make(chan struct{}))
	h.workerOf("w", 8, k.kinds(), nil)
	j := h.submit(h.Fleet, throttled(Rules{MaxRunning: 3}))
	await(t, "tasks run", func() bool { begun, _ := k.counts(); return begun == 3 })
	await(t, "the input is stored", func() bool { m, err := h.Job(t.Context(), "j"); return err == nil && m.State == task.Sealed })
	j.die()
	j.cancel(errStopped)
	next := h.wait(h.other(), "j")
	go func() {
		for range chunks {
			k.gate <- struct{}{}
		}
		close(k.gate)
	}()
	next.clean()
	next.out.check(t, 1, 43*chunks)
	if begun, most := k.counts(); most > 3 {
		t.Errorf("%d tasks have begun, %d at a time", begun, most)
	}
}

func mustChunk(text string) plan.Chunking {
	c, err := plan.ParseChunking(text)
	if err != nil {
		panic(err)
	}
	return c
}
