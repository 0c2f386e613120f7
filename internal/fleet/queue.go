package fleet

import (
	"context"
	"fmt"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A ClassStatus counts the tasks of one class: a priority, or a priority and a route. Its JSON is part of the output of `producer
// status --json`, whose names are kept for scripts.
type ClassStatus struct {
	Class       task.Class `json:"priority"`
	Queued      uint64     `json:"queued"`          // not delivered yet
	Running     int        `json:"in_work"`         // delivered and not settled; some may wait for redelivery
	Redelivered int        `json:"delivered_again"` // of these, delivered more than once
	Waiting     int        `json:"asking"`          // pull requests of workers that wait for a task
}

// Queue returns the status of the queue, most urgent priority first, each before its routes. The numbers are those of the durables,
// each at a moment of its own. Tasks whose deliveries are exhausted are in none of them.
func (f *Fleet) Queue(ctx context.Context) ([]ClassStatus, error) {
	var list []ClassStatus
	classes, err := f.Classes(ctx)
	if err != nil {
		return nil, err
	}
	for _, class := range classes {
		c, err := f.tasks.Consumer(ctx, schema.Durable(class))
		if isGone(class, err) {
			continue
		}
		if err != nil {
			return nil, stream.NotProvisioned("durable", schema.Durable(class), err)
		}
		info := c.CachedInfo()
		list = append(list, ClassStatus{Class: class, Queued: info.NumPending, Running: info.NumAckPending, Redelivered: info.NumRedelivered, Waiting: info.NumWaiting})
	}
	return list, nil
}

// depth returns how many tasks of all jobs FACTOR_TASKS holds, running ones too: a task leaves the stream
// when it is acked.
func (f *Fleet) depth(ctx context.Context) (uint64, error) {
	info, err := f.tasks.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("look at stream %s: %w", schema.StreamTasks, stream.Explain(err))
	}
	return info.State.Msgs, nil
}

// AckWait returns the durables' ack wait: how long a worker that has fallen silent keeps its task. It is
// read from one durable, because init makes all with the same.
func (f *Fleet) AckWait(ctx context.Context) (time.Duration, error) {
	c, err := f.link.JS.Consumer(ctx, schema.StreamTasks, schema.Durable(task.ClassNorm))
	if err != nil {
		return 0, stream.NotProvisioned("durable", schema.Durable(task.ClassNorm), err)
	}
	return c.CachedInfo().Config.AckWait, nil
}
