package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// requeueStuck queues the first stuckBatch of the stuck tasks again. more = there are others. Several numbers
// become up to 64 tasks: they wait for the next look if that would leave no room for other producers.
func (w *stuckWatch) requeueStuck(ctx context.Context, stuck []uint64, workers []worker.Status) (more bool, err error) {
	if len(stuck) == 0 {
		return false, nil
	}
	depth, err := w.f.depth(ctx)
	if err != nil {
		return false, err
	}
	requeued := 0
	for i, seq := range stuck {
		if i == stuckBatch {
			more = true
			break
		}
		t := w.tasks[seq]
		if depth += t.decision.Pieces; depth > classDepth[w.class.Priority()] && t.at.Range.Count > 1 {
			break
		}
		gone, err := w.release(ctx, seq, t)
		switch {
		case err != nil:
			return false, err
		case gone == waits:
			t.unnamed = time.Time{}
			continue
		case gone == released:
			requeued++
			w.complain(t, workers)
		}
		delete(w.tasks, seq)
	}
	if requeued > 0 {
		w.log.requeued(w.class, requeued, w.looked)
	}
	return more, nil
}

// A releasing is what became of a stuck task.
type releasing uint8

const (
	settled  releasing = iota // it was not in the queue any more
	released                  // it was queued again, or given up, and removed
	waits                     // it stays, and is observed anew: it may be given up later
)

// release executes the decision about a stuck task and removes it.
func (w *stuckWatch) release(ctx context.Context, seq uint64, t *unsettled) (releasing, error) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	m, err := w.f.tasks.GetMsg(ctx, seq)
	if stream.IsNotFound(err) {
		return settled, nil
	}
	if err != nil {
		return waits, fmt.Errorf("read task %d: %w", seq, stream.Explain(err))
	}
	if t.decision.Action == attempt.Conclude {
		if wait, err := w.conclude(ctx, m, t.at); wait > 0 || err != nil {
			return waits, err
		}
		return released, nil
	}
	err = w.requeue(ctx, t.at, t.decision, roundAfter(t.at.Round, m.Time))
	if err != nil && !errors.Is(err, errVoid) {
		return waits, err
	}
	if err := w.f.link.DeleteMessage(ctx, schema.StreamTasks, seq); err != nil {
		return waits, fmt.Errorf("remove task %d: %w", seq, stream.Explain(err))
	}
	return released, nil
}

// complain counts a complaint about each live worker that has named the task and stopped, without a result.
func (w *stuckWatch) complain(t *unsettled, workers []worker.Status) {
	for name, times := range t.dropped {
		if times < maxDrops {
			continue
		}
		for i := range workers {
			if workers[i].Name == name {
				w.f.complain(name, ComplaintStuck)
				break
			}
		}
	}
}
