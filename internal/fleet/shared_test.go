package fleet

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// consumers returns how many consumers a stream has.
func (h *testFleet) consumers(stream string) int {
	h.t.Helper()
	s, err := h.js.Stream(h.t.Context(), stream)
	if err != nil {
		h.t.Fatal(err)
	}
	return s.CachedInfo().State.Consumers
}

// TestSharedFollowers: what a process with many jobs follows costs as many consumers as for one
// job, and none when it has no user. Watchers of a job see what concerns it, and only that.
func TestSharedFollowers(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	const jobs = 20
	id := func(i int) string { return fmt.Sprint("j", i) }
	for i := range jobs {
		h.job(id(i), task.ClassNorm, 0)
	}
	h.put(schema.DeadSubject(id(0), single(1), "w"), new(task.Failure).Encode())

	var mu sync.Mutex
	all := make(map[string]uint64) // counts in manifests; guarded by mu
	background(t, func(ctx context.Context) error {
		return h.FollowJobs(ctx, func(j *task.Job) { mu.Lock(); all[j.ID] = j.Count; mu.Unlock() })
	})
	await(t, "all manifests are known", func() bool { mu.Lock(); defer mu.Unlock(); return len(all) == jobs })

	ctx, cancel := context.WithCancel(t.Context())
	var counts [jobs]atomic.Uint64
	var letters [jobs]atomic.Int64
	var group sync.WaitGroup
	for i := range jobs {
		if err := h.WatchJob(ctx, id(i), func(j *task.Job) { counts[i].Store(1000 + j.Count) }); err != nil {
			t.Fatal(err)
		}
		group.Go(func() { h.FollowDead(ctx, id(i), func() { letters[i].Add(1) }) })
		if _, err := h.Trust(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for i := range jobs {
		await(t, "the manifest as it stands", func() bool { return counts[i].Load() == 1000 })
	}
	await(t, "a letter that was there", func() bool { return letters[0].Load() > 0 })
	if jobs, dead := h.consumers(schema.BucketStream(schema.BucketJobs)), h.consumers(schema.StreamDead); jobs != 2 || dead != 1 {
		t.Errorf("%d consumers of manifests and standings, %d of dead letters", jobs, dead)
	}
	if _, err := h.ChangeJob(t.Context(), id(3), func(j *task.Job) error { j.Count = 7; return nil }); err != nil {
		t.Fatal(err)
	}
	before := letters[4].Load()
	other := letters[5].Load()
	h.put(schema.DeadSubject(id(4), single(1), "w"), new(task.Failure).Encode())
	await(t, "the change", func() bool { return counts[3].Load() == 1007 })
	await(t, "the letter", func() bool { return letters[4].Load() > before })
	if counts[2].Load() != 1000 || letters[5].Load() != other {
		t.Error("a watcher saw what concerns another job")
	}
	mu.Lock()
	if all[id(3)] != 7 {
		t.Errorf("the supervisor knows %d", all[id(3)])
	}
	mu.Unlock()

	cancel()
	group.Wait()
	await(t, "the standings are followed no more", func() bool { return h.consumers(schema.BucketStream(schema.BucketJobs)) == 1 })
}

// followJobs runs FollowJobs until the test ends, and returns once it has seen the job.
func (h *testFleet) followJobs(job string) {
	h.t.Helper()
	var seen atomic.Bool
	background(h.t, func(ctx context.Context) error {
		return h.FollowJobs(ctx, func(j *task.Job) {
			if j.ID == job {
				seen.Store(true)
			}
		})
	})
	await(h.t, "the job is known", seen.Load)
}

// TestSharedNewStore: the followers that all jobs share continue with a server that has lost its store:
// its streams are made anew, and their sequences begin at 1.
func TestSharedNewStore(t *testing.T) {
	t.Parallel()
	h, again := newLasting(t)
	for i := range 10 { // so that the new streams are shorter
		h.job(fmt.Sprint("old", i), task.ClassNorm, 0)
	}
	h.job("j", task.ClassNorm, 0)
	h.followJobs("j")
	for i := range 10 {
		h.put(schema.DeadSubject("j", single(i), "w"), new(task.Failure).Encode())
	}
	var count atomic.Uint64
	var letters atomic.Int64
	if err := h.WatchJob(t.Context(), "j", func(j *task.Job) { count.Store(1000 + j.Count) }); err != nil {
		t.Fatal(err)
	}
	background(t, func(ctx context.Context) error { return h.FollowDead(ctx, "j", func() { letters.Add(1) }) })
	trust, err := h.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the manifest", func() bool { return count.Load() == 1000 })
	time.Sleep(100 * time.Millisecond) // the letters are read

	h.stop()
	again.Store = t.TempDir()
	h.start(again)
	if _, err := Init(t.Context(), h.js, Provision{}); err != nil {
		t.Fatal(err)
	}
	h.job("j", task.ClassNorm, 0)
	if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.Count = 7; return nil }); err != nil {
		t.Fatal(err)
	}
	await(t, "the new manifest", func() bool { return count.Load() == 1007 })
	before := letters.Load()
	h.put(schema.DeadSubject("j", single(0), "w"), new(task.Failure).Encode())
	await(t, "the new letter", func() bool { return letters.Load() > before })
	if _, err := h.Quarantine(t.Context(), "w", "a test"); err != nil {
		t.Fatal(err)
	}
	await(t, "the new standing", func() bool { return trust.Quarantined("w") })
}

// TestWatchJobAlone: a watcher continues when FollowJobs has ended, and a job that has ended can be
// watched.
func TestWatchJobAlone(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 0)
	h.ended("over", task.Done, time.Hour)
	known := make(chan string, 10)
	stop := background(t, func(ctx context.Context) error {
		return h.FollowJobs(ctx, func(j *task.Job) { known <- j.ID })
	})
	<-known
	<-known
	var count, over atomic.Uint64
	for id, n := range map[string]*atomic.Uint64{"j": &count, "over": &over} {
		if err := h.WatchJob(t.Context(), id, func(j *task.Job) { n.Store(1000 + j.Count) }); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "both manifests", func() bool { return count.Load() == 1000 && over.Load() == 1000 })
	stop()
	if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.Count = 5; return nil }); err != nil {
		t.Fatal(err)
	}
	await(t, "the change", func() bool { return count.Load() == 1005 })
}

// TestFeed: a feed has one follower at a time, which ends with the last user; after a failure
// the next user starts another.
func TestFeed(t *testing.T) {
	t.Parallel()
	var running, begun atomic.Int32
	fail := make(chan error)
	d := &feed[int32]{begin: func() (int32, func(context.Context) error) {
		return begun.Add(1), func(ctx context.Context) error {
			running.Add(1)
			defer running.Add(-1)
			select {
			case <-ctx.Done():
				return nil
			case err := <-fail:
				return err
			}
		}
	}}
	a, endA := context.WithCancel(t.Context())
	b, endB := context.WithCancel(t.Context())
	if d.join(a).state != 1 || d.join(b).state != 1 {
		t.Error("two users have two states")
	}
	await(t, "the follower has begun", func() bool { return running.Load() > 0 })
	endA()
	time.Sleep(10 * time.Millisecond)
	if running.Load() != 1 {
		t.Errorf("%d followers for one user", running.Load())
	}
	endB()
	await(t, "the follower ends", func() bool { return running.Load() == 0 })
	c := d.join(t.Context())
	fail <- context.DeadlineExceeded
	<-c.ctx.Done()
	if context.Cause(c.ctx) != context.DeadlineExceeded || d.join(t.Context()).state != 3 {
		t.Errorf("after a failure: %v, %d begun", context.Cause(c.ctx), begun.Load())
	}
}

// TestSurvey: it sees leases and queues of all jobs, and every change of them.
func TestSurvey(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	s := h.NewSurvey()
	look := func() {
		t.Helper()
		s.leases.due, s.tasks.due = time.Time{}, time.Time{}
		if err := s.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	held := func(key string) bool { held, _ := s.Held(key); return held }
	look()
	if q := s.Queue("a"); q.chunks != 0 || held("a") || len(s.Supervisors()) != 0 {
		t.Errorf("of an empty store it sees %+v", q)
	}
	a, _ := h.job("a", task.ClassNorm, 10)
	b, _ := h.job("b", task.ClassHi, 10)
	h.queue(a, single(0))
	seq := h.queue(a, single(1))
	h.queue(b, single(0))
	revision, err := h.acquire(t.Context(), "a", "me")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.acquire(t.Context(), SupervisorLease("me"), "me"); err != nil {
		t.Fatal(err)
	}
	look()
	before := *s.Queue("a")
	if before.chunks != 2 || !before.Ranges.Contains(task.Span(0, 2)) || s.Queue("b").chunks != 1 || !held("a") || held("b") {
		t.Errorf("%+v", before)
	}
	if names := s.Supervisors(); len(names) != 1 || names[0] != "me" {
		t.Errorf("supervisors %q", names)
	}
	// Another task takes the place of one: the count is the same.
	if err := h.link.DeleteMessage(t.Context(), schema.StreamTasks, seq); err != nil {
		t.Fatal(err)
	}
	h.queue(a, single(2))
	h.release(lease{job: "a", revision: revision})
	look()
	if q := s.Queue("a"); q.chunks != 2 || q.Same(&before) || held("a") {
		t.Errorf("%+v, before %+v, held %v", q, before, held("a"))
	}
	if len(h.subjects(schema.BucketStream(schema.BucketLeases))) != 2 {
		t.Error("the marker of the released lease is not listed")
	}
	// A lease that is neither renewed nor removed is one that the server has not let expire.
	h.leaseTTL = time.Millisecond
	await(t, "the lease is removed", func() bool {
		if l := s.keys[SupervisorLease("me")]; l != nil {
			l.read = time.Time{}.Add(1) // due
		}
		look()
		return !held(SupervisorLease("me")) && len(s.Supervisors()) == 0
	})
}
