package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// quickPace is for tests that do not wait for a minute. A watch reviews its job as soon as it has
// the lease; it seals a job whose feeder died cutOffAfter later, which must be less than quiet.
var quickPace = pace{
	look: 50 * time.Millisecond, remind: 100 * time.Millisecond, quiet: cutOffAfter + time.Second, hurried: cutOffAfter + time.Second, slice: time.Second,
	recheck: time.Hour, longest: time.Minute, retry: 100 * time.Millisecond, release: 20 * time.Second, watched: 8,
}

// supervise runs a supervisor in a process of its own.
func (h *testFleet) supervise(p pace) (stop func()) {
	s := newSupervisor(h.other(), zerolog.Nop())
	s.pace = p
	return h.background(s)
}

func (h *testFleet) background(s *supervisor) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); s.run(ctx) }()
	stop = func() { cancel(); <-ended }
	h.t.Cleanup(stop)
	return stop
}

// consumers returns how many consumers a stream has.
func (h *testFleet) consumers(stream string) int {
	h.t.Helper()
	s, err := h.js.Stream(h.t.Context(), stream)
	if err != nil {
		h.t.Fatal(err)
	}
	return s.CachedInfo().State.Consumers
}

// checkConsumers waits until there are no more consumers than a supervisor with quickPace needs, and some whose deletion
// is on its way to the server: on a busy machine there may be more for a moment.
func (h *testFleet) checkConsumers() {
	h.t.Helper()
	const deleted = 4
	for stream, most := range map[string]int{
		schema.StreamResults:                      quickPace.watched,
		schema.StreamDead:                         1,
		schema.BucketStream(schema.BucketJobs):    2, // manifests, standings
		schema.BucketStream(schema.BucketLeases):  0,
		schema.BucketStream(schema.BucketWorkers): 1,
	} {
		await(h.t, fmt.Sprintf("%s has the %d consumers that are needed, or fewer", stream, most), func() bool {
			return h.consumers(stream) <= most+deleted
		})
	}
}

func (h *testFleet) isDone(id string) bool {
	h.t.Helper()
	j, err := h.Job(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return j.State == task.Done
}

// awaitParked waits until the supervisor watches no job.
func (h *testFleet) awaitParked() {
	h.t.Helper()
	still := 0
	await(h.t, "all jobs are parked", func() bool {
		if h.consumers(schema.StreamResults) > 0 {
			still = 0
		}
		still++
		return still > 40
	})
}

// feed feeds a detached job of two chunks.
func (h *testFleet) feed(id string) {
	h.t.Helper()
	if _, err := Feed(h.t.Context(), h.Fleet, submission(id, text(0, 60)), Watch{}, func(string) {}); err != nil {
		h.t.Fatal(err)
	}
}

// deleteMessage deletes the message of a stream with that subject.
func (h *testFleet) deleteMessage(stream, subject string) {
	h.t.Helper()
	s, err := h.js.Stream(h.t.Context(), stream)
	if err != nil {
		h.t.Fatal(err)
	}
	info, err := s.Info(h.t.Context(), jetstream.WithSubjectFilter(subject))
	if err != nil || len(info.State.Subjects) != 1 {
		h.t.Fatalf("%s: %v, %v", subject, info, err)
	}
	if err := s.Purge(h.t.Context(), jetstream.WithPurgeSubject(subject)); err != nil {
		h.t.Fatal(err)
	}
}

// TestSuperviseManyJobs: jobs that need nothing but workers cost no consumer, and what many jobs
// share is followed once. All jobs are done when a worker comes: also one whose task is
// lost while it is parked, one whose stored result is lost, and one whose feeder dies.
func TestSuperviseManyJobs(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	jobs := []string{"lost-task", "lost-result", "fed"}
	for i := range 120 {
		jobs = append(jobs, fmt.Sprint("j", i))
	}
	for _, id := range jobs {
		h.feed(id)
	}
	// One chunk of lost-result is answered before.
	h.put(schema.ResultSubject("lost-result", task.Range{First: 0, Count: 43}, "early"), squares("early", 0, 43).Encode())
	if err := h.purgeTask("lost-result", "0-43"); err != nil {
		t.Fatal(err)
	}
	// The feeder of fed has not read its input to the end.
	_, err := h.ChangeJob(t.Context(), "fed", func(j *task.Job) error { j.State, j.Count = task.Open, 0; return nil })
	if err != nil {
		t.Fatal(err)
	}
	feeder, _ := h.holdLease(feedLease("fed"))

	var book logbook
	s := newSupervisor(h.other(), zerolog.New(&book))
	s.pace = quickPace
	h.background(s)
	await(t, "the job that is answered in part is watched", func() bool { who, err := h.Holder(t.Context(), "lost-result"); return err == nil && who != "" })
	h.awaitParked()
	h.checkConsumers()

	if n := book.count("watching job"); n > 3 {
		t.Errorf("%d watches; all jobs but one need none", n)
	}
	h.deleteMessage(schema.StreamTasks, "FACTOR.tasks.norm.lost-task.0-43.0")
	await(t, "the lost task is queued again", func() bool { return h.held(schema.StreamTasks, "lost-task") == 2 })
	h.awaitParked()
	h.deleteMessage(schema.StreamResults, "FACTOR.results.lost-result.0-43.early")
	feeder()
	await(t, "the job without a feeder is sealed", func() bool {
		j, err := h.Job(t.Context(), "fed")
		return err == nil && j.State == task.Sealed && j.CutOff
	})

	h.worker("w", nil)
	await(t, "all jobs are done", func() bool {
		h.checkConsumers()
		for len(jobs) > 0 && h.isDone(jobs[0]) {
			jobs = jobs[1:]
		}
		return len(jobs) == 0
	})
}

// TestSuperviseAfterWaiter: a supervisor does not watch a job that another process holds, and takes it over
// at once when that process leaves, and when it dies, after the end of its lease.
func TestSuperviseAfterWaiter(t *testing.T) {
	t.Parallel()
	for name, within := range map[string]time.Duration{"leaves": 10 * time.Second, "dies": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t)
			h.feed("j")
			if err := h.PurgeQueue(t.Context(), "j"); err != nil {
				t.Fatal(err)
			}
			leave, die := h.holdLease("j")
			h.supervise(quickPace)
			time.Sleep(20 * quickPace.look)
			if n := h.consumers(schema.StreamResults); n != 0 {
				t.Errorf("a job that another process holds is watched: %d consumers", n)
			}
			end := map[string]func(){"leaves": leave, "dies": die}[name]
			end()
			ended := time.Now()
			await(t, "its tasks are queued again", func() bool { return h.held(schema.StreamTasks, "j") > 0 })
			if d := time.Since(ended); d > within {
				t.Errorf("its tasks are queued again after %v", d)
			}
		})
	}
}

// TestSuperviseExpires: a tombstone is removed when its time has come.
func TestSuperviseExpires(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	at := time.Now().Add(2 * time.Second)
	for id, expires := range map[string]time.Time{"old": at, "new": at.Add(time.Hour)} {
		if err := h.CreateJob(t.Context(), &task.Job{ID: id, State: task.Removed, Created: time.Now(), Expires: &expires}); err != nil {
			t.Fatal(err)
		}
	}
	h.supervise(quickPace)
	await(t, "it is removed", func() bool { _, err := h.Job(t.Context(), "old"); return errors.Is(err, fleet.ErrNoJob) })
	if early := time.Until(at); early > time.Second { // the server's clock is known to within a round trip
		t.Errorf("it was removed %v too early", early)
	}
	if _, err := h.Job(t.Context(), "new"); err != nil {
		t.Errorf("one whose time has not come: %v", err)
	}
}

// TestSuperviseReminds: a worker that has missed its quarantine is told although no job is watched.
func TestSuperviseReminds(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	if _, err := h.Quarantine(t.Context(), "w", "a test"); err != nil {
		t.Fatal(err)
	}
	nc, js := h.connect()
	w, err := puller.Open(t.Context(), nc, js, "w", stream.Options{Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{}, 100)
	if err := w.Listen(t.Context(), puller.Orders{Quarantine: func() { told <- struct{}{} }}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Beat(worker.Status{}), nc.Flush()); err != nil {
		t.Fatal(err)
	}
	h.supervise(quickPace)
	select {
	case <-told:
	case <-time.After(30 * time.Second):
		t.Error("it is not told")
	}
}

// TestSupervisorsShare: two supervisors share the jobs; when one dies the other takes its jobs.
func TestSupervisorsShare(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	a, b := newSupervisor(h.other(), zerolog.Nop()), newSupervisor(h.other(), zerolog.Nop())
	a.pace, b.pace = quickPace, quickPace
	stop := h.background(a)
	h.background(b)
	survey := h.NewSurvey()
	await(t, "both are alive", func() bool { return survey.Look(t.Context()) == nil && len(survey.Supervisors()) == 2 })
	of := map[string]int{}
	for i := range 1000 {
		of[owner(fmt.Sprint("job", i), survey.Supervisors())]++
	}
	if of[a.name] < 400 || of[b.name] < 400 {
		t.Errorf("the jobs are shared as %v", of)
	}
	if names, err := h.Supervisors(t.Context()); err != nil || len(names) != 2 || !slices.Contains(names, a.name) || !slices.Contains(names, b.name) {
		t.Errorf("%q are alive, %v", names, err)
	}
	time.Sleep(10 * quickPace.look) // both know of each other
	stop()
	for i := range 4 {
		id := fmt.Sprint("j", i)
		h.feed(id)
		if err := h.PurgeQueue(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		await(t, "its tasks are queued again", func() bool { return h.held(schema.StreamTasks, id) > 0 })
	}
}

// holdLease takes a lease for another process, which leaves or dies: it gives the lease back, or not.
func (h *testFleet) holdLease(key string) (leave, die func()) {
	h.t.Helper()
	nc, js := h.connect()
	f := h.open(nc, js)
	has, left := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		f.Hold(ctx, key, "other", func(ctx context.Context) error { close(has); <-ctx.Done(); return context.Cause(ctx) })
		close(left)
	}()
	select {
	case <-has:
	case <-time.After(10 * time.Second):
		h.t.Fatalf("%s is not free", key)
	}
	h.t.Cleanup(cancel)
	return func() { cancel(); <-left }, nc.Close
}

// purgeTask removes a task as its worker's ack does.
func (h *testFleet) purgeTask(job, r string) error {
	s, err := h.js.Stream(h.t.Context(), schema.StreamTasks)
	if err != nil {
		return err
	}
	return s.Purge(h.t.Context(), jetstream.WithPurgeSubject("FACTOR.tasks.*."+job+"."+r+".*"))
}
