package fleet

import (
	"context"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/task"
)

// Requeue queues ranges of a job again, with a new round; j is its manifest. Numbers
// are taken from the record, never from whoever asks.
func (f *Fleet) Requeue(ctx context.Context, j *task.Job, in *Inputs, ranges []task.Range) error {
	return f.requeue(ctx, j, in, ranges, 0)
}

// headerSpent says how many deliveries a task has had in earlier rounds.
const headerSpent = "Factor-Spent"

// spent reads the header.
func spent(h nats.Header) int {
	n, _ := strconv.Atoi(h.Get(headerSpent))
	return min(max(n, 0), maxDeliver-1)
}

func (f *Fleet) requeue(ctx context.Context, j *task.Job, in *Inputs, ranges []task.Range, spent int) error {
	round := task.NewRound(time.Now())
	for _, r := range ranges {
		for r.Count > 0 {
			part := task.Range{First: r.First, Count: min(r.Count, task.MaxCount)}
			n, err := f.requeueRange(ctx, j, in, part, round, spent)
			if err != nil {
				return err
			}
			r = task.Span(r.First+n, r.End())
		}
	}
	return nil
}

// requeueRange publishes as much of r as one chunk holds, and returns how many
// numbers that was.
func (f *Fleet) requeueRange(ctx context.Context, j *task.Job, in *Inputs, r task.Range, round string, spent int) (uint64, error) {
	numbers, err := in.Numbers(ctx, r)
	if err != nil {
		return 0, err
	}
	n, size := 0, 0
	for n < len(numbers) && (n == 0 || size+numbers[n].ByteLen() <= task.MaxChunkBytes) {
		size += numbers[n].ByteLen()
		n++
	}
	at := task.Address{Class: j.Class, Job: j.ID, Range: task.Range{First: r.First, Count: uint64(n)}, Round: round}
	t := task.Task{Kind: j.Kind, Numbers: numbers[:n], Budget: j.Budget}
	m := message(taskSubject(at), t.Encode())
	if spent > 0 {
		m.Header.Set(headerSpent, strconv.Itoa(spent))
	}
	return uint64(n), f.store(ctx, m)
}
