package job

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestSupervise: a detached job is done and kept although no submitter waits. A manifest that
// cannot be decoded does not disturb that.
func TestSupervise(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	manifests, err := h.js.KeyValue(t.Context(), schema.BucketJobs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manifests.PutString(t.Context(), "bad", "hello"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	supervised := make(chan error)
	go func() { supervised <- Supervise(ctx, h.other(), Watch{}.Log, 0) }()
	h.worker("w", nil)
	j, err := Feed(t.Context(), h.Fleet, submission("j", text(0, 1000)), Watch{}, func(string) {})
	if err != nil || j.State != task.Sealed && j.State != task.Done || j.Count != 1000 {
		t.Fatalf("%+v, %v", j, err)
	}
	await(t, "it is done", func() bool {
		j, err := h.Job(t.Context(), "j")
		return err == nil && j.State == task.Done && j.Verified == 1000
	})
	cancel()
	if err := <-supervised; err != nil {
		t.Error(err)
	}
	if h.held(schema.StreamResults, "j") == 0 || h.held(schema.StreamInputs, "j") == 0 {
		t.Error("the results are gone")
	}
	r := h.wait(h.Fleet, "j")
	r.clean()
	r.out.check(t, 0, 1000)
}

// A logbook is what a process logged.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logbook) count(piece string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), piece)
}

// TestSuperviseBeyondRepair: a job that is beyond repair is reported once and left alone, until
// its manifest changes.
func TestSuperviseBeyondRepair(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	var book logbook
	s := newSupervisor(h.other(), zerolog.New(&book))
	s.pace = quickPace
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { s.run(ctx); close(ended) }()
	if _, err := Feed(t.Context(), h.Fleet, submission("j", text(0, 10)), Watch{}, func(string) {}); err != nil {
		t.Fatal(err)
	}
	for i := range maxRefusals {
		w := fmt.Sprint("w", i)
		h.put("FACTOR.results.j.0-10."+w, spoilt(w, 0, 10))
	}
	if err := h.PurgeQueue(t.Context(), "j"); err != nil { // as if they had acked the task
		t.Fatal(err)
	}
	const reported, begun = "job is left alone until it is changed", "watching job"
	await(t, "the verdict", func() bool { return book.count(reported) > 0 })
	before := book.count(begun) // the manifest may have been sealed meanwhile
	time.Sleep(20 * s.pace.look)
	if n := book.count(begun); n != before || book.count(reported) > before {
		t.Errorf("watched %d times after %d, reported %d times", n, before, book.count(reported))
	}
	if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.Note = "try again"; return nil }); err != nil {
		t.Fatal(err)
	}
	h.worker("honest", nil)
	await(t, "it is done", func() bool {
		j, err := h.Job(t.Context(), "j")
		return err == nil && j.State == task.Done && j.Verified == 10
	})
	cancel()
	<-ended
}

// TestSuperviseSweepsOnce: there is one sweeper, however many jobs are supervised.
func TestSuperviseSweepsOnce(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	for _, id := range []string{"a", "b", "c"} {
		if _, err := Feed(t.Context(), h.Fleet, submission(id, text(0, 10)), Watch{}, func(string) {}); err != nil {
			t.Fatal(err)
		}
		if err := h.PurgeQueue(t.Context(), id); err != nil { // else the job needs no watch
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	supervised := make(chan error)
	go func() { supervised <- Supervise(ctx, h.other(), zerolog.Nop(), 0) }()
	asking := func() int {
		c, err := h.js.Consumer(t.Context(), schema.StreamReturns, schema.DurableSweeper)
		if err != nil {
			t.Fatal(err)
		}
		return c.CachedInfo().NumWaiting
	}
	for _, id := range []string{"a", "b", "c"} {
		await(t, "job "+id+" has a holder", func() bool { who, err := h.Holder(t.Context(), id); return who != "" && err == nil })
	}
	await(t, "a sweeper asks", func() bool { return asking() > 0 })
	if n := asking(); n != 1 {
		t.Errorf("%d sweepers ask for returns", n)
	}
	cancel()
	if err := <-supervised; err != nil {
		t.Error(err)
	}
}
