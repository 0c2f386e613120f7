package fleet

import (
	"context"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Requeue queues ranges of a job in a new round, with all deliveries ahead of them; j is the manifest of
// the job. The numbers come from FACTOR_INPUTS, never from the process that requests this. A range of
// more than task.MaxCount numbers, or with more bytes than a chunk may have, becomes several tasks. An
// error wraps collect.ErrNoInput or ErrInputLost if the numbers cannot be read; ranges before may then
// have been queued.
//
// The round is the time in milliseconds. Two processes that requeue a range at the same millisecond store
// one task, at different times two; both are harmless.
func (f *Fleet) Requeue(ctx context.Context, j *task.Job, in *Inputs, ranges []task.Range) error {
	return f.queueRanges(ctx, j, in, ranges, task.NewRound(time.Now()), 0)
}

// queueRanges queues the ranges in a round, with spent deliveries in schema.HeaderSpent. All are stored
// or none, if they fit in one batch: the pieces of a return that is processed twice are refused the second
// time, because the round is the same. The pieces of one chunk always fit: they have its numbers, and at
// most one message for each.
func (f *Fleet) queueRanges(ctx context.Context, j *task.Job, in *Inputs, ranges []task.Range, round string, spent int) error {
	var batch []*nats.Msg
	size := 0
	for _, r := range ranges {
		for r.Count > 0 {
			part := task.Range{First: r.First, Count: min(r.Count, task.MaxCount)}
			m, n, err := f.taskMessage(ctx, j, in, part, round, spent)
			if err != nil {
				return err
			}
			if size += len(m.Data); size > stream.MaxBatchBytes {
				if err := f.link.StoreAll(ctx, batch, nil); err != nil {
					return err
				}
				batch, size = nil, len(m.Data)
			}
			batch = append(batch, m)
			r = task.Span(r.First+n, r.End())
		}
	}
	return f.link.StoreAll(ctx, batch, nil)
}

// taskMessage returns a task of the first n >= 1 numbers of r, as many as fit in a chunk, and n.
func (f *Fleet) taskMessage(ctx context.Context, j *task.Job, in *Inputs, r task.Range, round string, spent int) (*nats.Msg, uint64, error) {
	numbers, err := in.Numbers(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	n, size := 0, 0
	for n < len(numbers) && (n == 0 || size+numbers[n].ByteLen() <= task.MaxChunkBytes) {
		size += numbers[n].ByteLen()
		n++
	}
	at := task.Address{Class: j.Class, Job: j.ID, Range: task.Range{First: r.First, Count: uint64(n)}, Round: round}
	t := task.Task{Kind: j.Kind, Numbers: numbers[:n], Budget: j.Budget, Certify: j.Certify}
	m := message(schema.TaskSubject(at), t.Encode())
	if spent > 0 {
		m.Header.Set(schema.HeaderSpent, strconv.Itoa(spent))
	}
	return m, uint64(n), nil
}
