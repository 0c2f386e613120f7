package job

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/plan"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

func TestSubmit(t *testing.T) {
	h := newTestFleet(t)
	h.worker("w", nil)
	sub := submission("", text(7, 10_000))
	sub.Keep = 0
	r := h.submit(h.Fleet, sub)
	s := r.clean()
	r.out.check(t, 7, 10_000)
	if s.Verified != 10_000 || s.Job.Count != 10_000 || s.Job.State != task.Done || s.Job.Digest == "" || len(s.Workers) != 1 {
		t.Errorf("%+v", s)
	}
	id := <-r.id
	for _, stream := range []string{schema.StreamInputs, schema.StreamTasks, schema.StreamReturns, schema.StreamResults, schema.StreamDead} {
		if n := h.held(stream, id); n != 0 {
			t.Errorf("%s still holds %d messages of a job that was not to be kept", stream, n)
		}
	}
	if _, err := Wait(t.Context(), h.Fleet, id, r.out.watch()); !errors.Is(err, fleet.ErrNoJob) {
		t.Errorf("Wait for a removed job: %v", err)
	}
	if _, err := Results(t.Context(), h.Fleet, id, r.out.watch()); !errors.Is(err, fleet.ErrNoJob) {
		t.Errorf("Results of a removed job: %v", err)
	}
}

// TestAsCompleted: each answer is printed once, in any order.
func TestAsCompleted(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.worker("w", nil)
	r := h.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
		w.Ordered = false
		return Submit(ctx, h.Fleet, submission("j", text(0, 3000)), w, started)
	})
	r.clean()
	slices.SortFunc(r.out.items, func(a, b collect.Item) int { return int(a.Position) - int(b.Position) })
	r.out.check(t, 0, 3000)
}

// TestEmpty: a job without numbers is done at once, without a worker.
func TestEmpty(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	r := h.submit(h.Fleet, submission("j", " \n"))
	if s := r.clean(); s.Job.State != task.Done || s.Job.Count != 0 {
		t.Errorf("%+v", s.Job)
	}
	if s := h.wait(h.other(), "j").clean(); s.Job.State != task.Done {
		t.Errorf("%+v", s.Job)
	}
}

func TestBadTokens(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.worker("w", nil)
	var reported []task.BadToken
	sub := submission("j", "1 2 x 3\n\n-4 4\n")
	sub.OnBad = func(b task.BadToken) { reported = append(reported, b) }
	r := h.submit(h.Fleet, sub)
	s, err := r.end()
	if err != nil || s.Clean() || s.Job.BadCount != 2 || len(s.Job.Bad) != 2 || s.Job.Bad[1].Line != 3 || s.Verified != 4 || len(reported) != 2 {
		t.Errorf("%+v, %v; reported %v", s, err, reported)
	}
	r.out.check(t, 1, 4)
	if j, err := h.Job(t.Context(), "j"); err != nil || j.BadCount != 2 || len(j.Bad) != 2 {
		t.Errorf("%+v, %v", j, err)
	}
}

// TestInputBreaks: the numbers that were read before the input failed are answered, and the
// job is reported as cut off.
func TestInputBreaks(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.worker("w", nil)
	sub := submission("j", text(0, 100))
	sub.Sources = append(sub.Sources, input.File("/does/not/exist"))
	r := h.submit(h.Fleet, sub)
	s, err := r.end()
	if err != nil || s.Clean() || !s.Job.CutOff || !strings.Contains(s.Job.Note, "/does/not/exist") || s.Job.Count != 100 {
		t.Errorf("%+v, %v", s.Job, err)
	}
	r.out.check(t, 0, 100)

	// The same input, broken earlier: the stored numbers stay.
	sub = submission("j", text(0, 50))
	sub.Sources = append(sub.Sources, input.File("/does/not/exist"))
	r = h.submit(h.Fleet, sub)
	if _, err := r.end(); err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("%v", err)
	}
	if j, err := h.Job(t.Context(), "j"); err != nil || j.Count != 100 {
		t.Errorf("%+v, %v", j, err)
	}

	// The whole input: the job is no longer cut off.
	r = h.submit(h.Fleet, submission("j", text(0, 300)))
	if s := r.clean(); s.Job.Count != 300 {
		t.Errorf("%+v", s.Job)
	}
	r.out.check(t, 0, 300)
}

// TestResume: a submitter is killed many times at random moments, and started again with the
// same id and input. The last one prints each number once.
func TestResume(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	stop := h.worker("w", nil)
	const count = 20_000
	numbers := text(0, count)
	var first string
	for try := 0; ; try++ {
		f := h.other()
		r := h.submit(f, submission("j", numbers))
		if try == 12 {
			r.clean()
			r.out.check(t, 0, count)
			break
		}
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond) // a random moment
		r.kill()
		if try == 5 {
			stop()
			stop = h.worker("v", nil)
		}
	}
	j, err := h.Job(t.Context(), "j")
	if err != nil || j.Count != count || j.State != task.Done || j.CutOff {
		t.Errorf("%+v, %v", j, err)
	}
	r := h.submit(h.Fleet, submission("k", numbers)) // the digest does not depend on how the input was fed
	if first = r.clean().Job.Digest; first != j.Digest {
		t.Errorf("digest %s after resuming, %s of a straight run", j.Digest, first)
	}
}

// TestTwoWaiters: each watcher prints all answers, also one that joins late.
func TestTwoWaiters(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	const count = 5000
	a := h.submit(h.Fleet, submission("j", text(0, count)))
	<-a.id
	b, c := h.wait(h.other(), "j"), h.wait(h.other(), "j")
	h.worker("w", nil)
	await(t, "the first answers", func() bool { return a.out.len() > 0 })
	d := h.wait(h.other(), "j")
	for _, r := range []*running{a, b, c, d, h.wait(h.other(), "j")} {
		r.clean()
		r.out.check(t, 0, count)
	}
}

// TestAttach: a second submit with the same id and input prints the same. One with other
// input prints nothing.
func TestAttach(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.worker("w", nil)
	const count = 6000
	a := h.submit(h.Fleet, submission("j", text(0, count)))
	<-a.id
	b := h.submit(h.other(), submission("j", text(0, count))) // perhaps while it is fed
	a.clean()
	b.clean()
	a.out.check(t, 0, count)
	b.out.check(t, 0, count)
	c := h.submit(h.Fleet, submission("j", text(0, count))) // when it is done
	c.clean()
	c.out.check(t, 0, count)

	other := submission("j", text(0, count))
	other.Kind = task.KindFactor
	for name, test := range map[string]struct {
		Submission
		want string
	}{
		"other numbers": {submission("j", text(0, 5000)+"17\n"+text(5001, count-5001)), "its number 5,001 is 5000, here it is 17"},
		"a long number": {submission("j", text(0, 5000)+strings.Repeat("1", 70)+"\n"+text(5001, count-5001)), "here it is 11111111111111111111...1111111111 (70 digits)"},
		"fewer":         {submission("j", text(0, count-1)), "only 5,999"},
		"more":          {submission("j", text(0, count+1)), "this input has more"},
		"none":          {submission("j", ""), "only 0"},
		"another kind":  {other, "of kind square"},
	} {
		r := h.submit(h.Fleet, test.Submission)
		if _, err := r.end(); !errors.Is(err, fleet.ErrDiffers) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if r.out.len() != 0 {
			t.Errorf("%s: %d lines were printed", name, r.out.len())
		}
	}
	if j, err := h.Job(t.Context(), "j"); err != nil || j.Count != count || j.State != task.Done {
		t.Errorf("the job suffered: %+v, %v", j, err)
	}
}

// TestChunkings: the answers do not depend on how the input is cut.
func TestChunkings(t *testing.T) {
	h := newTestFleet(t)
	h.worker("w", nil)
	for _, chunk := range []string{"auto", "1", "4096", "5ms"} {
		sub := submission("", text(0, 5000))
		sub.Chunking, _ = plan.ParseChunking(chunk)
		r := h.submit(h.Fleet, sub)
		r.clean()
		r.out.check(t, 0, 5000)
	}
}
