package fleet

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/plan"
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
//
// Workers that not names do not compute the tasks.
func (f *Fleet) Requeue(ctx context.Context, j *task.Job, in *Inputs, ranges []task.Range, not ...string) error {
	total := uint64(0)
	for _, r := range ranges {
		total += r.Count
	}
	var pieces []task.Range
	var unreadable error
	for i := 0; i < len(ranges) && unreadable == nil; i++ {
		pieces, unreadable = cutByWork(ctx, j, in, ranges[i], total/requeuedTasks, pieces)
	}
	if err := f.queueRanges(ctx, j, in, pieces, task.NewRound(time.Now()), 0, not...); err != nil {
		return err
	}
	return unreadable
}

// A submitter that ends may leave tens of thousands of numbers that are stored and not queued. Tasks of task.MaxCount of
// them could take hours, in few slots. So a task that is requeued has a predicted work of requeuedWork at most, unless
// there would be more than about requeuedTasks of them: they take the room of other jobs in the queue.
const (
	requeuedWork  = 10 * time.Second
	requeuedTasks = 4096
)

// cutByWork appends the pieces of a range of a job to a list: each of requeuedWork at most, or of least numbers.
func cutByWork(ctx context.Context, j *task.Job, in *Inputs, r task.Range, least uint64, pieces []task.Range) ([]task.Range, error) {
	piece, work := task.Range{First: r.First}, time.Duration(0)
	for r.Count > 0 {
		part := task.Range{First: r.First, Count: min(r.Count, task.MaxCount)}
		numbers, err := in.Numbers(ctx, part)
		if err != nil {
			return pieces, err
		}
		for _, n := range numbers {
			cost := plan.Cost(j.Kind, n.BitLen()) + j.Sleep
			if piece.Count > 0 && (work+cost > requeuedWork && piece.Count >= least || piece.Count == task.MaxCount) {
				pieces = append(pieces, piece)
				piece, work = task.Range{First: piece.End()}, 0
			}
			piece.Count, work = piece.Count+1, work+cost
		}
		r = task.Span(part.End(), r.End())
	}
	return append(pieces, piece), nil
}

// queueRanges queues the ranges in a round, with spent deliveries in schema.HeaderSpent, for all workers but those that
// not names. All are stored
// or none, if they fit in one batch: the pieces of a return that is processed twice are refused the second
// time, because the round is the same. The pieces of one chunk always fit: they have its numbers, and at
// most one message for each.
func (f *Fleet) queueRanges(ctx context.Context, j *task.Job, in *Inputs, ranges []task.Range, round string, spent int, not ...string) error {
	return f.queueRangesIn(ctx, j.Queue(), j, in, ranges, round, header{spent: spent, not: not})
}

// A header says which headers the tasks of a requeued range have.
type header struct {
	spent    int      // schema.HeaderSpent
	anywhere bool     // schema.HeaderAnywhere
	not      []string // schema.HeaderNot
}

// queueRangesIn is queueRanges for another class than that of the job. It creates the durable of the class.
func (f *Fleet) queueRangesIn(ctx context.Context, class task.Class, j *task.Job, in *Inputs, ranges []task.Range, round string, h header) error {
	if err := f.EnsureRoute(ctx, class); err != nil && !errors.Is(err, errBlind) { // tasks without a durable wait for it
		return err
	}
	var batch []*nats.Msg
	size := 0
	for _, r := range ranges {
		for r.Count > 0 {
			part := task.Range{First: r.First, Count: min(r.Count, task.MaxCount)}
			m, n, err := f.taskMessage(ctx, class, j, in, part, round, h)
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
func (f *Fleet) taskMessage(ctx context.Context, class task.Class, j *task.Job, in *Inputs, r task.Range, round string, h header) (*nats.Msg, uint64, error) {
	numbers, err := in.Numbers(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	n, size := 0, 0
	for n < len(numbers) && (n == 0 || size+numbers[n].ByteLen() <= task.MaxChunkBytes) {
		size += numbers[n].ByteLen()
		n++
	}
	at := task.Address{Class: class, Job: j.ID, Range: task.Range{First: r.First, Count: uint64(n)}, Round: round}
	t := taskOf(j, numbers[:n], in.knownIn(at.Range))
	m := message(schema.TaskSubject(at), t.Encode())
	if h.spent > 0 {
		m.Header.Set(schema.HeaderSpent, strconv.Itoa(h.spent))
	}
	if h.anywhere {
		m.Header.Set(schema.HeaderAnywhere, "1")
	}
	if len(h.not) > 0 {
		m.Header.Set(schema.HeaderNot, strings.Join(h.not, ","))
	}
	return m, uint64(n), nil
}
