package fleet

import (
	"context"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// list returns the parsed subjects of a stream that match the filter, in no order. Subjects that
// are not of the fleet's form are left out. An error wraps stream.ErrNoQuorum if the server that
// answered may not have the latest state: a leader that is cut off would list a range that is gone, or
// miss one that is there. A listing costs no messages and no consumer, about 2.7 µs a subject.
func (f *Fleet) list(ctx context.Context, s jetstream.Stream, filter string) ([]schema.Place, error) {
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", filter, stream.Explain(err))
	}
	if !stream.HasQuorum(info) {
		return nil, fmt.Errorf("list %s: %w", filter, stream.ErrNoQuorum)
	}
	places := make([]schema.Place, 0, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		if p, err := schema.ParseSubject(subject); err == nil {
			places = append(places, p)
		}
	}
	return places, nil
}

// A Backlog is the part of a job that is queued, at one moment. Ranges may overlap in several rounds: a
// set does not count them twice.
type Backlog struct {
	Ranges   task.Set     // queued, running, or returned and waiting for the sweeper
	Returned task.Set     // those of Ranges that are in no task. A return is the claim of a worker
	Classes  []task.Class // of the tasks, each once
	Chunks   int          // messages in FACTOR_TASKS
	Tasks    []task.Range // their ranges, in no order; one that is queued in several rounds is there as often
	Fed      uint64       // the highest end of a task that the feeder has queued; a return does not change it
}

// AddReturn adds a range that is returned. All tasks must have been added to Ranges before.
func (b *Backlog) AddReturn(r task.Range) {
	for part := range b.Ranges.Gaps(r) {
		b.Returned.Add(part)
	}
	b.Ranges.Add(r)
}

// IgnoreReturns removes the positions of a set from Ranges that are in no task.
func (b *Backlog) IgnoreReturns(of *task.Set) {
	for r := range of.Ranges() {
		for part := range b.Returned.Within(r) {
			b.Ranges.Remove(part)
		}
	}
}

// Backlog lists the queue of a job: first FACTOR_TASKS, then FACTOR_RETURNS. A return is stored
// before its task is acked, so a range that is returned between the two listings is in the second,
// and usually in both. One that the sweeper requeues between the two is in neither: a caller
// that acts on a missing range lists once more.
func (f *Fleet) Backlog(ctx context.Context, job string) (*Backlog, error) {
	tasks, err := f.list(ctx, f.tasks, schema.TasksPrefix+"*."+job+".*.*")
	if err != nil {
		return nil, err
	}
	returns, err := f.list(ctx, f.returns, schema.ReturnsPrefix+job+".*.*.*")
	if err != nil {
		return nil, err
	}
	b := &Backlog{Chunks: len(tasks)}
	for _, p := range tasks {
		b.Ranges.Add(p.Range)
		if !slices.Contains(b.Classes, p.Class) {
			b.Classes = append(b.Classes, p.Class)
		}
		b.Tasks = append(b.Tasks, p.Range)
		if p.Round == task.FirstRound {
			b.Fed = max(b.Fed, p.Range.End())
		}
	}
	for _, p := range returns {
		b.AddReturn(p.Range)
	}
	return b, nil
}

// Queued returns the ranges of a job that are queued or running, and those that wait for the
// sweeper. chunks is how many messages of the job FACTOR_TASKS holds.
func (f *Fleet) Queued(ctx context.Context, job string) (queued task.Set, chunks int, err error) {
	b, err := f.Backlog(ctx, job)
	if err != nil {
		return queued, 0, err
	}
	return b.Ranges, b.Chunks, nil
}

// Answered returns the ranges of a job that have a stored result, verified or not.
func (f *Fleet) Answered(ctx context.Context, job string) (answered task.Set, err error) {
	places, err := f.list(ctx, f.results, schema.ResultsPrefix+job+".*.*")
	for _, p := range places {
		answered.Add(p.Range)
	}
	return answered, err
}

// listed returns the ranges of a job that are listed in any of the streams between which a range moves (order 4): as a
// task, a return, a result or a dead letter. Nothing of that is verified.
func (f *Fleet) listed(ctx context.Context, job string) (known task.Set, _ error) {
	b, err := f.Backlog(ctx, job)
	if err != nil {
		return known, err
	}
	known = b.Ranges
	results, err := f.list(ctx, f.results, resultsFilter(job))
	if err != nil {
		return known, err
	}
	letters, err := f.list(ctx, f.dead, schema.DeadPrefix+job+".*.*")
	for _, p := range slices.Concat(results, letters) {
		known.Add(p.Range)
	}
	return known, err
}
