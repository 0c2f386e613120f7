package fleet

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// list returns the places of the stream whose subjects match the filter, in no
// order. Subjects that are not of the fleet's form are left out.
func (f *Fleet) list(ctx context.Context, s jetstream.Stream, filter string) ([]schema.Place, error) {
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", filter, stream.Explain(err))
	}
	if !stream.Leads(info) {
		return nil, fmt.Errorf("list %s: %w", filter, stream.ErrAlone)
	}
	places := make([]schema.Place, 0, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		if p, err := schema.ParseSubject(subject); err == nil {
			places = append(places, p)
		}
	}
	return places, nil
}

// A Backlog is what of a job is queued at one moment.
type Backlog struct {
	Ranges task.Set // queued, in work, or waiting for the sweeper
	Chunks int      // messages in FACTOR_TASKS
	Fed    uint64   // end of what the feeder has queued of these; who hands back cannot move it
}

// Backlog looks at the queue of a job.
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
		if p.Round == task.FirstRound {
			b.Fed = max(b.Fed, p.Range.End())
		}
	}
	for _, p := range returns {
		b.Ranges.Add(p.Range)
	}
	return b, nil
}

// Queued returns the ranges of a job that are queued or in work, and those that wait
// for the sweeper. Chunks is how many messages FACTOR_TASKS holds of it.
func (f *Fleet) Queued(ctx context.Context, job string) (queued task.Set, chunks int, err error) {
	b, err := f.Backlog(ctx, job)
	if err != nil {
		return queued, 0, err
	}
	return b.Ranges, b.Chunks, nil
}

// depth returns how many tasks of all jobs FACTOR_TASKS holds.
func (f *Fleet) depth(ctx context.Context) (uint64, error) {
	info, err := f.tasks.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("look at stream %s: %w", schema.StreamTasks, stream.Explain(err))
	}
	return info.State.Msgs, nil
}

// Answered returns the ranges of a job that have a result, verified or not.
func (f *Fleet) Answered(ctx context.Context, job string) (answered task.Set, err error) {
	places, err := f.list(ctx, f.results, schema.ResultsPrefix+job+".*.*")
	for _, p := range places {
		answered.Add(p.Range)
	}
	return answered, err
}

// A ClassStatus is how the queue of one priority stands; all but Class count tasks or
// requests for tasks.
type ClassStatus struct {
	Class       task.Class `json:"priority"`
	Pending     uint64     `json:"queued"`
	InWork      int        `json:"in_work"`
	Redelivered int        `json:"delivered_again"`
	Waiting     int        `json:"asking"` // workers that ask for a task now
}

// Queue returns how the queue stands, most urgent priority first.
func (f *Fleet) Queue(ctx context.Context) ([]ClassStatus, error) {
	var list []ClassStatus
	for _, class := range task.Classes {
		c, err := f.tasks.Consumer(ctx, schema.Durable(class))
		if err != nil {
			return nil, stream.Missing("durable", schema.Durable(class), err)
		}
		info := c.CachedInfo()
		list = append(list, ClassStatus{Class: class, Pending: info.NumPending, InWork: info.NumAckPending, Redelivered: info.NumRedelivered, Waiting: info.NumWaiting})
	}
	return list, nil
}
