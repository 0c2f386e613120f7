package job

import (
	"io"
	"sync"
	"testing"
	"time"

	"factorfleet/internal/input"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestCutOff: a watcher finishes the stored numbers of a job whose submitter died in the
// middle of its input, and reports the job as cut off. Submitted again, the job is complete.
func TestCutOff(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.worker("w", nil)
	pipe, feed := io.Pipe()
	defer feed.Close()
	sub := submission("j", "")
	sub.Sources = []input.Source{input.From("-", pipe)}
	a := h.submit(h.Fleet, sub)
	io.WriteString(feed, text(0, 200))
	await(t, "the numbers are stored", func() bool { return h.held(schema.StreamInputs, "j") > 0 })
	await(t, "some answers", func() bool { return a.out.len() > 0 })
	a.kill()
	b := h.wait(h.other(), "j")
	s, err := b.end()
	if err != nil || s.Clean() || !s.Job.CutOff || s.Job.Count != 200 || s.Job.State != task.Done {
		t.Errorf("%+v, %v", s, err)
	}
	b.out.check(t, 0, 200)
	c := h.submit(h.Fleet, submission("j", text(0, 1000)))
	if s := c.clean(); s.Job.CutOff || s.Job.Count != 1000 || s.Job.State != task.Done {
		t.Errorf("%+v", s.Job)
	}
	c.out.check(t, 0, 1000)
}

// TestFeederLosesLease: the input is read once, however often the lease changes hands.
func TestFeederLosesLease(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.worker("w", nil)
	pipe, feed := io.Pipe()
	sub := submission("j", "")
	sub.Sources = []input.Source{input.From("-", pipe)}
	a := h.submit(h.Fleet, sub)
	<-a.id
	leases, err := h.js.KeyValue(t.Context(), schema.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	const count = 3000
	var group sync.WaitGroup
	group.Go(func() {
		for i := 0; i < count; i += 10 {
			io.WriteString(feed, text(i, 10))
			time.Sleep(20 * time.Millisecond)
		}
		feed.Close()
	})
	await(t, "it is fed", func() bool { holder, err := h.Holder(t.Context(), feedLease("j")); return holder != "" && err == nil })
	if _, err := leases.PutString(t.Context(), feedLease("j"), "thief"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5500 * time.Millisecond) // the feeder has noticed
	if err := leases.Purge(t.Context(), feedLease("j")); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	if s := a.clean(); s.Job.Count != count {
		t.Errorf("%+v", s.Job)
	}
	a.out.check(t, 0, count)
}

// TestFeedRemoved: a feeder that finds its job removed ends as every other part of the process
// does, not as if the job was cancelled.
func TestFeedRemoved(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	s, fd, err := begin(t.Context(), h.Fleet, submission("j", text(0, 10)))
	if err != nil {
		t.Fatal(err)
	}
	fd.attach(s.newLoop(t.Context(), goalFed, fd.job, Watch{}, true))
	if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.State = task.Removed; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := fd.readState(t.Context()); endingOf(err).kind != removed {
		t.Errorf("the manifest is read: %v", err)
	}
	if _, err := fd.changeJob(t.Context(), func(*task.Job) {}); endingOf(err).kind != removed {
		t.Errorf("the manifest is changed: %v", err)
	}
}

// TestFeedLate: a submitter that gets the lease late may find its own new job sealed as cut off, and opens it again.
func TestFeedLate(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	s, fd, err := begin(t.Context(), h.Fleet, submission("", text(0, 10)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newStreams(h.other(), s.id, h.EmptyInputs(s.id)).sealCutOff(t.Context()); err != nil {
		t.Fatal(err)
	}
	fd.attach(s.newLoop(t.Context(), goalFed, fd.job, Watch{}, true))
	fd.begun = fd.begun.Add(-cutOffAfter)
	if err := fd.readState(t.Context()); err != nil || fd.state != feedAppending || fd.job.State != task.Sealed {
		t.Fatalf("%v: a job that is %s, %v", fd.state, fd.job.State, err)
	}
	if err := fd.reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if j, err := h.Job(t.Context(), s.id); err != nil || j.State != task.Open || j.CutOff {
		t.Errorf("%+v, %v", j, err)
	}
}

// TestSlowInput: numbers that arrive slowly are stored in no more than one block for each cutEvery.
func TestSlowInput(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	pipe, feed := io.Pipe()
	sub := submission("j", "")
	sub.Sources = []input.Source{input.From("-", pipe)}
	a := h.submit(h.Fleet, sub)
	<-a.id
	began := time.Now()
	const count = 25
	for i := range count {
		io.WriteString(feed, text(i, 1))
		time.Sleep(pauseAfter + 5*time.Millisecond) // so that each number is followed by a silence
	}
	await(t, "all are stored", func() bool {
		in, err := h.Inputs(t.Context(), "j")
		return err == nil && in.Count() == count
	})
	blocks, most := h.held(schema.StreamInputs, "j"), int(time.Since(began)/cutEvery)+2
	if int(blocks) > most {
		t.Errorf("%d blocks of %d numbers, want at most %d", blocks, count, most)
	}
	feed.Close()
	a.kill()
}
