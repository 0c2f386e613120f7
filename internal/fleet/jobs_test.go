package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"factorfleet/internal/natsserver"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

func TestJobs(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	ctx := t.Context()
	h.job("a", task.ClassHi, 10)
	if err := h.CreateJob(ctx, &task.Job{ID: "a"}); !errors.Is(err, ErrDiffers) {
		t.Errorf("the same id again: %v", err)
	}
	for _, id := range []string{"none", "", "a.b", "*"} {
		if _, err := h.Job(ctx, id); !errors.Is(err, ErrNoJob) {
			t.Errorf("job %q: %v", id, err)
		}
		if _, err := h.ChangeJob(ctx, id, func(*task.Job) error { return nil }); !errors.Is(err, ErrNoJob) {
			t.Errorf("change job %q: %v", id, err)
		}
	}
	oops := errors.New("oops")
	if j, err := h.ChangeJob(ctx, "a", func(j *task.Job) error { j.Count = 7; return oops }); err != oops || j.Class != task.ClassHi {
		t.Errorf("%+v, %v", j, err)
	}
	if j, err := h.Job(ctx, "a"); err != nil || j.Count != 0 || j.Class != task.ClassHi {
		t.Errorf("%+v, %v", j, err)
	}
	h.job("b", task.ClassNorm, 0)
	if _, err := h.jobs.PutString(ctx, "worker.w", "{}"); err != nil { // not a job
		t.Fatal(err)
	}
	jobs, err := h.Jobs(ctx)
	var ids []string
	for _, j := range jobs {
		ids = append(ids, j.ID)
	}
	slices.Sort(ids)
	if err != nil || strings.Join(ids, " ") != "a b" {
		t.Errorf("jobs %q, %v", ids, err)
	}
}

// TestChangeJob: concurrent changes are all there.
func TestChangeJob(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 0)
	var group sync.WaitGroup
	const writers, times = 4, 25
	for range writers {
		f := h.open(h.connect())
		group.Go(func() {
			for range times {
				if _, err := f.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.Count++; return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if j, err := h.Job(t.Context(), "j"); err != nil || j.Count != writers*times {
		t.Errorf("%+v, %v", j, err)
	}
}

func TestWatchJob(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 0)
	h.job("k", task.ClassNorm, 0)
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan uint64)
	err := h.WatchJob(ctx, "j", func(j *task.Job) {
		select {
		case seen <- j.Count:
		case <-ctx.Done():
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := <-seen; n != 0 {
		t.Errorf("first %d", n)
	}
	for i := range uint64(3) {
		for _, id := range []string{"k", "j"} {
			if _, err := h.ChangeJob(t.Context(), id, func(j *task.Job) error { j.Count = i + 1; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if n := <-seen; n != i+1 {
			t.Errorf("change %d is %d", i+1, n)
		}
	}
	cancel()
	await(t, "the consumer is removed", func() bool {
		s, err := h.js.Stream(t.Context(), schema.BucketStream(schema.BucketJobs))
		return err == nil && s.CachedInfo().State.Consumers == 0
	})
}

// fill leaves something of the job in every stream.
func (h *testFleet) fill(id string) {
	h.t.Helper()
	j, in := h.job(id, task.ClassNorm, 10)
	h.queue(j, single(1))
	w := h.station("w")
	a := task.Address{Class: j.Class, Job: id, Range: single(2), Round: task.FirstRound}
	for _, err := range []error{
		w.Result(h.t.Context(), id, single(2), nil), w.Return(h.t.Context(), a, nil),
		w.Failed(h.t.Context(), a, 1, nil), w.Dead(h.t.Context(), id, single(2), nil),
	} {
		if err != nil {
			h.t.Fatal(err)
		}
	}
	if in.Count() != 10 {
		h.t.Fatal("no input")
	}
}

// left returns what the streams hold of the job.
func (h *testFleet) left(id string) (list []string) {
	h.t.Helper()
	for _, stream := range []string{schema.StreamInputs, schema.StreamTasks, schema.StreamReturns, schema.StreamResults, schema.StreamDead} {
		for _, s := range h.subjects(stream) {
			if slices.Contains(strings.Split(s, "."), id) {
				list = append(list, s)
			}
		}
	}
	return list
}

// TestCancel: the queue is empty of it and the workers know; what is there stays.
func TestCancel(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fill("j")
	h.fill("other")
	orders := make(chan string, 10)
	w := h.station("w")
	if err := w.Listen(t.Context(), puller.Orders{Cancel: func(job string) { orders <- job }}); err != nil {
		t.Fatal(err)
	}
	if err := w.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	j, err := h.Cancel(t.Context(), "j")
	if err != nil || j.State != task.Cancelled || j.Ended == nil || j.Expires == nil || time.Until(*j.Expires) < TombstoneAge-time.Minute {
		t.Errorf("%+v, %v", j, err)
	}
	if got := <-orders; got != "j" {
		t.Errorf("the worker was told %q", got)
	}
	if got := strings.Join(h.left("j"), " "); got != "inputs.j.0-10 results.j.2-1.w dead.j.2-1.w failed.j.2-1.0.1.w" {
		t.Errorf("left: %s", got)
	}
	if got := h.left("other"); len(got) != 6 {
		t.Errorf("left of another job: %q", got)
	}
	if _, err := h.Cancel(t.Context(), "j"); !errors.Is(err, ErrDiffers) {
		t.Errorf("cancelled again: %v", err)
	}
	if _, err := h.Cancel(t.Context(), "none"); !errors.Is(err, ErrNoJob) {
		t.Errorf("%v", err)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fill("j")
	h.fill("other")
	if err := h.Remove(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	if got := h.left("j"); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
	if got := h.left("other"); len(got) != 6 {
		t.Errorf("left of another job: %q", got)
	}
	j, err := h.Job(t.Context(), "j")
	if err != nil || j.State != task.Removed || j.Expires == nil {
		t.Errorf("%+v, %v", j, err)
	}
	if err := h.CreateJob(t.Context(), &task.Job{ID: "j"}); !errors.Is(err, ErrDiffers) {
		t.Errorf("its id is free: %v", err)
	}
}

// fillStore publishes messages with the subjects that makeSubject makes until the store is full.
func (h *testFleet) fillStore(makeSubject func(i int) string) {
	h.t.Helper()
	payload := make([]byte, 100<<10)
	for i := range 100 {
		_, err := h.js.PublishMsg(h.t.Context(), message(makeSubject(i), payload))
		switch {
		case stream.IsFull(err):
			return
		case err != nil:
			h.t.Fatal(err)
		}
	}
	h.t.Fatal("the store takes more than 10 MB")
}

// TestFullStore: a job can be cancelled and removed although the store has no room for
// a word about it, and where nothing can be had from a job, that is said.
func TestFullStore(t *testing.T) {
	t.Parallel()
	newFull := func(t *testing.T, makeSubject func(i int) string) *testFleet {
		h := serve(t, natsserver.Config{Limit: 4 << 20})
		h.provision(Provision{TaskBytes: -1})
		h.job("idle", task.ClassNorm, 0)
		h.job("j", task.ClassNorm, 10)
		h.fillStore(makeSubject)
		if _, err := h.ChangeJob(t.Context(), "idle", func(*task.Job) error { return nil }); !errors.Is(err, stream.ErrFull) {
			t.Fatalf("the store has room: %v", err)
		}
		return h
	}
	taskOf := func(i int) string {
		return schema.TaskSubject(task.Address{Class: task.ClassNorm, Job: "j", Range: single(i), Round: task.FirstRound})
	}
	resultOf := func(i int) string { return schema.ResultSubject("j", single(i), "w") }

	t.Run("cancel", func(t *testing.T) {
		t.Parallel()
		h := newFull(t, taskOf)
		if _, err := h.Cancel(t.Context(), "idle"); !errors.Is(err, stream.ErrFull) {
			t.Errorf("cancelled a job that has nothing: %v", err)
		}
		if j, err := h.Cancel(t.Context(), "j"); err != nil || j.State != task.Cancelled {
			t.Errorf("%+v, %v", j, err)
		}
		if got := strings.Join(h.left("j"), " "); got != "inputs.j.0-10" {
			t.Errorf("left: %s", got)
		}
	})
	t.Run("remove", func(t *testing.T) {
		t.Parallel()
		h := newFull(t, resultOf)
		if _, err := h.Cancel(t.Context(), "j"); !errors.Is(err, stream.ErrFull) {
			t.Errorf("cancelled without taking a result away: %v", err)
		}
		if j, err := h.Job(t.Context(), "j"); err != nil || j.Over() || len(h.left("j")) < 20 {
			t.Errorf("a job that could not be cancelled: %+v, %v; left %q", j, err, h.left("j"))
		}
		if err := h.Remove(t.Context(), "idle"); !errors.Is(err, stream.ErrFull) {
			t.Errorf("removed a job that has nothing: %v", err)
		}
		if err := h.Remove(t.Context(), "j"); err != nil {
			t.Error(err)
		}
		if j, err := h.Job(t.Context(), "j"); err != nil || j.State != task.Removed || len(h.left("j")) > 0 {
			t.Errorf("%+v, %v; left %q", j, err, h.left("j"))
		}
		if err := h.Remove(t.Context(), "idle"); err != nil {
			t.Errorf("with room: %v", err)
		}
	})
	// Where there is no room for a lease, what has ended can be removed without.
	t.Run("expired", func(t *testing.T) {
		t.Parallel()
		h := serve(t, natsserver.Config{Limit: 4 << 20})
		h.provision(Provision{TaskBytes: -1})
		past := time.Now().Add(-time.Second)
		for id, change := range map[string]func(*task.Job){
			"j":         func(j *task.Job) { j.State, j.Expires = task.Done, &past },
			"held":      func(j *task.Job) { j.State, j.Expires = task.Done, &past },
			"abandoned": func(j *task.Job) { j.Created = time.Now().Add(-2 * abandonedAge) },
		} {
			h.job(id, task.ClassNorm, 10)
			if _, err := h.ChangeJob(t.Context(), id, func(j *task.Job) error { change(j); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.acquire(t.Context(), "held", "somebody"); err != nil {
			t.Fatal(err)
		}
		h.fillStore(resultOf)
		abandoned, err := h.Job(t.Context(), "abandoned")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.removeUnheld(t.Context(), abandoned); !errors.Is(err, stream.ErrFull) || len(h.left("abandoned")) == 0 {
			t.Errorf("a job that may go on: %v", err)
		}
		if err := h.RemoveExpired(t.Context()); err != nil && !errors.Is(err, stream.ErrFull) { // the abandoned one may come first
			t.Error(err)
		}
		if j, err := h.Job(t.Context(), "j"); err != nil || j.State != task.Removed || len(h.left("j")) > 0 {
			t.Errorf("%+v, %v; left %q", j, err, h.left("j"))
		}
		if len(h.left("held")) == 0 {
			t.Error("a job that somebody holds was removed")
		}
	})
	// Whoever looks after the job puts back what is taken from it before it is marked.
	t.Run("holder", func(t *testing.T) {
		t.Parallel()
		h := newFull(t, taskOf)
		mark, back := 0, 0
		_, err := h.changeMakingRoom(t.Context(), "j", func(ctx context.Context, id string) error {
			if err := h.PurgeQueue(ctx, id); err != nil {
				return err
			}
			if back++; back < 3 {
				h.fillStore(func(i int) string { return taskOf(back*1000 + i) })
			}
			return nil
		}, func(j *task.Job) error { mark++; return nil })
		if err != nil || back != 3 || mark != 4 {
			t.Errorf("after room was made %d times and the mark was tried %d times: %v", back, mark, err)
		}
	})
}

// TestRemoveGoingOn: a job that is removed while its holder queues something leaves
// nothing once the holder knows.
func TestRemoveGoingOn(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fill("j")
	ctx, cancel := context.WithCancel(t.Context())
	removed := make(chan struct{})
	err := h.WatchJob(ctx, "j", func(j *task.Job) {
		if j.State == task.Removed {
			close(removed)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	orders := make(chan string, 1)
	w := h.station("w")
	if err := w.Listen(ctx, puller.Orders{Cancel: func(job string) { orders <- job }}); err != nil {
		t.Fatal(err)
	}
	if err := w.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := h.Remove(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	<-removed
	if got := <-orders; got != "j" {
		t.Errorf("the worker was told %q", got)
	}
	cancel()
	if got := h.left("j"); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

// TestRemoveExpired: a job whose time is over becomes a tombstone, a tombstone whose
// time is over leaves nothing; others stay, and so does one that somebody looks at.
func TestRemoveExpired(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	for id, expires := range map[string]*time.Time{"old": &past, "new": &future, "open": nil, "held": &past} {
		h.fill(id)
		if _, err := h.ChangeJob(t.Context(), id, func(j *task.Job) error { j.Expires = expires; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.acquire(t.Context(), "held", "somebody"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.RemoveExpired(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]int{"old": 0, "new": 6, "open": 6, "held": 6} {
			if got := h.left(id); len(got) != want {
				t.Errorf("left of %s: %q", id, got)
			}
		}
	}
	if j, err := h.Job(t.Context(), "old"); err != nil || j.State != task.Removed || time.Until(*j.Expires) < TombstoneAge-time.Minute {
		t.Errorf("%+v, %v", j, err)
	}
	if _, err := h.ChangeJob(t.Context(), "old", func(j *task.Job) error { j.Expires = &past; return nil }); err != nil {
		t.Fatal(err)
	}
	h.put(schema.ResultSubject("old", single(3), "late"), nil)
	if err := h.RemoveExpired(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := h.left("old"); len(got) != 0 {
		t.Errorf("left of a tombstone: %q", got)
	}
	if got := strings.Join(h.subjects(schema.BucketStream(schema.BucketJobs)), " "); strings.Contains(got, ".old") {
		t.Errorf("jobs: %s", got)
	}
	if _, err := h.Job(t.Context(), "old"); !errors.Is(err, ErrNoJob) {
		t.Errorf("%v", err)
	}
	h.job("old", task.ClassNorm, 1) // the id is free
}
