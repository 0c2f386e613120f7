package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"factorfleet/internal/schema"
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

// TestJobSoon: a job that does not exist is none in either way; TestClusterJobBehind has a cluster.
func TestJobSoon(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	if h.jobsReplicated(t.Context()) {
		t.Error("one server has replicas")
	}
	if _, err := h.JobSoon(t.Context(), "none"); !errors.Is(err, ErrNoJob) {
		t.Error(err)
	}
	h.job("j", task.ClassNorm, 1)
	if j, err := h.JobSoon(t.Context(), "j"); err != nil || j.ID != "j" {
		t.Errorf("%v, %v", j, err)
	}
}
