package job

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/collect"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// newSmall returns a fleet whose store takes 4 MiB.
func newSmall(t *testing.T) *testFleet {
	return build(t, natsserver.Config{Store: t.TempDir(), Limit: 4 << 20}, time.Second)
}

// filling returns w, with an Emit that fills the store when the last of count numbers is
// answered.
func (h *testFleet) filling(w Watch, count uint64) Watch {
	emit := w.Emit
	w.Emit = func(item *collect.Item) error {
		if item.Position == count-1 {
			h.fill("j")
		}
		return emit(item)
	}
	return w
}

// TestEndInFullStore: a job has filled the store itself, so that there is no room to record
// its end. Its submitter removes it if it is not to be kept. Else the submitter returns the
// error, after all answers.
func TestEndInFullStore(t *testing.T) {
	t.Parallel()
	const count = 500
	for name, keep := range map[string]time.Duration{"removed": 0, "kept": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newSmall(t)
			h.worker("w", nil)
			r := h.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
				sub := submission("j", text(0, count))
				sub.Keep = keep
				return Submit(ctx, h.Fleet, sub, h.filling(w, count), started)
			})
			_, err := r.end()
			r.out.check(t, 0, count)
			if keep > 0 {
				if !errors.Is(err, stream.ErrFull) {
					t.Errorf("ended with %v", err)
				}
				if err := h.Remove(t.Context(), "j"); err != nil {
					t.Error(err)
				}
			} else if err != nil {
				t.Errorf("ended with %v", err)
			}
			if j, err := h.Job(t.Context(), "j"); err != nil || j.State != task.Removed || h.held(schema.StreamDead, "j") > 0 {
				t.Errorf("%+v, %v; %d records are left", j, err, h.held(schema.StreamDead, "j"))
			}
		})
	}
}

// TestQueueEndsInFullStore: the queue of a finished job is emptied to make room for its end.
func TestQueueEndsInFullStore(t *testing.T) {
	t.Parallel()
	h := newSmall(t)
	h.worker("w", nil)
	r := h.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
		emit := w.Emit
		w.Emit = func(item *collect.Item) error {
			if item.Position == 499 {
				h.put("FACTOR.tasks.exec-none.j.0-1.late", make([]byte, 300<<10)) // no worker takes it
				h.fill("j")
			}
			return emit(item)
		}
		return Submit(ctx, h.Fleet, submission("j", text(0, 500)), w, started)
	})
	r.clean()
	if j, err := h.Job(t.Context(), "j"); err != nil || j.State != task.Done {
		t.Errorf("%+v, %v", j, err)
	}
}

// TestInputLost: a running job whose input the server loses ends when it needs the input, and
// reports the loss. To submit the same input again completes the job.
func TestInputLost(t *testing.T) {
	t.Parallel()
	const count = 10_000 // in three blocks
	for name, sealed := range map[string]bool{"needed for the queue": true, "needed for an answer": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t)
			if _, err := Feed(t.Context(), h.other(), submission("j", text(0, count)), Watch{}, func(string) {}); err != nil {
				t.Fatal(err)
			}
			r := h.wait(h.Fleet, "j")
			await(t, "the job has a holder", func() bool {
				holder, err := h.Holder(t.Context(), "j")
				return err == nil && holder != ""
			})
			h.lose(schema.StreamInputs, "FACTOR.inputs.j.8192-1808")
			if sealed {
				h.lose(schema.StreamTasks, "FACTOR.tasks.norm.j.>")
			} else {
				h.worker("w", nil)
			}
			if _, err := r.end(); !errors.Is(err, ErrInputLost) || !strings.Contains(err.Error(), "of the 10,000 numbers of job j only the first 8,192 are stored") {
				t.Errorf("ended with %v", err)
			}
			if sealed {
				h.worker("w", nil)
			}
			again := h.submit(h.other(), submission("j", text(0, count)))
			again.clean()
			again.out.check(t, 0, count)
		})
	}
}

// TestInputRemoved: input that is gone because the active job is removed is not reported as lost, but as stopped.
func TestInputRemoved(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	if _, err := Feed(t.Context(), h.other(), submission("j", text(0, 500)), Watch{}, func(string) {}); err != nil {
		t.Fatal(err)
	}
	r := h.wait(h.Fleet, "j")
	await(t, "the job has a holder", func() bool {
		holder, err := h.Holder(t.Context(), "j")
		return err == nil && holder != ""
	})
	h.lose(schema.StreamInputs, "FACTOR.inputs.j.>")
	h.worker("w", nil)
	await(t, "results", func() bool { return h.held(schema.StreamResults, "j") > 0 })
	time.Sleep(h.Election() / 4)
	if err := h.Remove(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.end(); !errors.Is(err, ErrCancelled) {
		t.Errorf("ended with %v", err)
	}
}

// lose removes the messages of a stream that match the subject.
func (h *testFleet) lose(stream, subject string) {
	h.t.Helper()
	s, err := h.js.Stream(h.t.Context(), stream)
	if err == nil {
		err = s.Purge(h.t.Context(), jetstream.WithPurgeSubject(subject))
	}
	if err != nil {
		h.t.Fatal(err)
	}
}
