package job

import (
	"context"
	"fmt"
	"slices"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// The methods of access and trust.

func (w *world) prepare(context.Context, *task.Job) error { return nil }

func (w *world) manifest(context.Context) (*task.Job, error) {
	w.pause(5 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	j := w.job
	return &j, w.failLocked()
}

// failLocked returns an error now and then.
func (w *world) failLocked() error {
	if w.rand.IntN(20) == 0 {
		return context.DeadlineExceeded
	}
	return nil
}

func (w *world) feederHolder(context.Context) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.noFeeder.IsZero() {
		return "", w.failLocked()
	}
	return "feeder", w.failLocked()
}

func (w *world) sealCutOff(context.Context) (*task.Job, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.noFeeder.IsZero() || time.Since(w.noFeeder) < cutOffAfter {
		w.t.Errorf("a job was cut off that has had no feeder since %v", w.noFeeder)
	}
	w.job.State, w.job.Count, w.job.CutOff = task.Sealed, w.numbers, true
	j := w.job
	return &j, w.failLocked()
}

func (w *world) backlog(context.Context) (*fleet.Backlog, error) {
	b := new(fleet.Backlog)
	w.mu.Lock()
	for r, first := range w.queue {
		b.Ranges.Add(r)
		b.Tasks = append(b.Tasks, r)
		if first {
			b.Fed = max(b.Fed, r.End())
		}
	}
	w.mu.Unlock()
	w.pause(5 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	for r := range w.handed {
		b.AddReturn(r)
	}
	return b, w.failLocked()
}

func (w *world) lastResult(context.Context) (uint64, error) {
	w.pause(5 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range slices.Backward(w.results) {
		if !a.lost {
			return a.Seq, w.failLocked()
		}
	}
	return 0, nil
}

func (w *world) deadLetters(context.Context) ([]fleet.DeadLetter, []schema.Place, error) {
	w.pause(5*time.Millisecond + 2*w.listing)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listed++
	return slices.Clone(w.letters), slices.Clone(w.claims), w.failLocked()
}

// decideClaims gives up what no worker can do, and requeues the rest.
func (w *world) decideClaims(_ context.Context, _ *task.Job, numbers []collect.Split) (time.Duration, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range numbers {
		r := s.Range
		switch {
		case w.rand.IntN(5) == 0:
			return time.Second, w.failLocked()
		case w.poison.Contains(r):
			w.giveUpLocked(r)
		default:
			w.queue[r] = false
		}
	}
	return 0, w.failLocked()
}

func (w *world) failureRecords(context.Context) ([]schema.Place, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return nil, w.failLocked()
}

// refutable checks that the records are of answered numbers.
func (w *world) refutable(list []schema.Place, verified func(task.Range) bool) (selected []schema.Place) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range list {
		if verified(p.Range) {
			if w.poison.Contains(p.Range) {
				w.t.Errorf("%v, which no worker can do, has a verified answer", p.Range)
			}
			selected = append(selected, p)
		}
	}
	return selected
}

func (w *world) refute(context.Context, []schema.Place) error {
	w.pause(5 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failLocked()
}

func (w *world) requeue(_ context.Context, _ *task.Job, ranges []task.Range) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.noInput {
		return fmt.Errorf("requeue: %w", collect.ErrNoInput)
	}
	for _, r := range ranges {
		w.queue[r] = false
		for _, a := range w.results {
			if !w.returns && !a.lost && a.correct && a.Range.First < r.End() && r.First < a.Range.End() {
				w.t.Errorf("%v is requeued, and has the result %d for %v", r, a.Seq, a.Range)
			}
		}
	}
	return w.failLocked()
}

func (w *world) issueOverdue(context.Context, *task.Job, []heldRange, time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failLocked()
}

// dispatch queues tasks of a few numbers.
func (w *world) dispatch(ctx context.Context, o order) ([]task.Range, error) {
	chunks, err := cutChunks(ctx, o, worldNumbers)
	w.pause(10 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	var queued []task.Range
	for _, c := range chunks {
		w.queue[c.Range] = false
		queued = append(queued, c.Range)
		w.dispatched += c.Range.Count
	}
	if w.job.Paused && time.Since(w.pausedAt) > time.Second && len(queued) > 0 {
		w.queuedPaused++
	}
	if err == nil {
		err = w.failLocked()
	}
	return queued, err
}

func (w *world) purgeQueue(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.queue)
	clear(w.handed)
	return w.failLocked()
}

func (w *world) reload(context.Context) error { return nil }

func (w *world) begun(context.Context, *task.Job, bool) (*task.Job, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.job.Deadline = nil
	j := w.job
	return &j, w.failLocked()
}

func (w *world) now() time.Time { return time.Now() }

func (w *world) orderFinish() error { return nil }

func (w *world) dropTasks(context.Context, *task.Job, task.Range) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failLocked()
}

func (w *world) Complain(string, fleet.Complaint) {}

func (w *world) stored() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.numbers
}

func (w *world) election() time.Duration { return 10 * time.Second }

func (w *world) Quarantined(string) bool { return false }

func (w *world) Remind(context.Context) error { w.pause(8 * time.Second); return nil }
