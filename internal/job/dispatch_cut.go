package job

import (
	"context"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// An order is what the holder of a throttled job has queued by one operation.
type order struct {
	job     *task.Job
	ranges  []task.Range // ascending
	tasks   int          // at most
	numbers uint64       // a task begins as long as fewer are queued
	longest uint64       // numbers of a task in mode auto
}

// autoWork is the predicted work of a task of a throttled job in mode auto, as that of package plan.
const autoWork = "1s"

// dispatch implements access. It is called by one operation at a time.
func (s *streams) dispatch(ctx context.Context, o order) (queued []task.Range, err error) {
	chunks, err := cutChunks(ctx, o, s.inputs.Numbers)
	if len(chunks) == 0 {
		return nil, err
	}
	if s.publisher == nil {
		s.publisher = s.fleet.Publisher(o.job, nil, nil)
		s.publisher.KnowFrom(s.inputs)
	}
	if failed := s.publisher.PublishIn(ctx, o.job, task.NewRound(time.Now()), chunks); failed != nil {
		return nil, failed
	}
	for _, c := range chunks {
		queued = append(queued, c.Range)
	}
	return queued, err
}

// cutChunks cuts the chunks of an order, of the size that the job has. After an error the chunks before it are valid.
func cutChunks(ctx context.Context, o order, read numbersFunc) (chunks []plan.Chunk, _ error) {
	size, err := plan.ParseChunking(o.job.Chunk)
	longest := size.Most()
	if err != nil || size == (plan.Chunking{}) {
		size, _ = plan.ParseChunking(autoWork)
		longest = o.longest
	}
	queued := uint64(0)
	for _, r := range o.ranges {
		for r.Count > 0 {
			if len(chunks) >= o.tasks || queued >= o.numbers {
				return chunks, nil
			}
			numbers, err := read(ctx, task.Range{First: r.First, Count: min(r.Count, longest)})
			if err != nil {
				return chunks, err
			}
			c := firstChunk(o.job, size, r.First, numbers)
			chunks, queued, r = append(chunks, c), queued+c.Range.Count, task.Span(c.Range.End(), r.End())
		}
	}
	return chunks, nil
}

// firstChunk returns the first chunk of numbers of a job, of which there is one at least.
func firstChunk(j *task.Job, size plan.Chunking, first uint64, numbers []nat.Nat) plan.Chunk {
	chunker := plan.NewChunker(size, j.Kind, 1, first)
	chunker.AddCost(j.Sleep)
	chunker.Add(numbers)
	c, _ := chunker.Next(plan.InputEnded)
	return c
}

// purgeQueue implements access.
func (s *streams) purgeQueue(ctx context.Context) error { return s.fleet.PurgeQueue(ctx, s.id) }

// reload implements access.
func (s *streams) reload(ctx context.Context) error { return s.inputs.Reload(ctx) }

// now implements access.
func (s *streams) now() time.Time { return s.fleet.ServerTime() }

// begun implements access.
func (s *streams) begun(ctx context.Context, j *task.Job, known bool) (*task.Job, error) {
	if !known {
		has, err := s.fleet.HasBegun(ctx, j)
		if err != nil {
			return nil, err
		}
		if !has {
			if s.fleet.Now(ctx).Before(*j.Deadline) {
				return j, nil
			}
			return s.fleet.CancelUnbegun(ctx, s.id)
		}
	}
	return s.fleet.NoteBegun(ctx, s.id)
}
