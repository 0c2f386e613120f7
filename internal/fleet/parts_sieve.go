package fleet

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// SieveClass is the class of sieve tasks, whatever that of the job: a campaign has few tasks at a time, and they would
// wait behind thousands of others. The campaign leaves half of the slots to tasks that wait.
const SieveClass = task.ClassHi

// IssueSieve queues sieve tasks of a part, one for each range. A task that is queued already counts as stored. It
// waits for a server that is unreachable, until ctx ends.
func (f *Fleet) IssueSieve(ctx context.Context, p *task.Part, ranges []task.Range, s task.SieveTask) error {
	return f.issuePart(ctx, p, ranges, &task.Task{Kind: task.KindSieve, Sieve: &s, Predicted: s.Time})
}

// IssueCurves is IssueSieve for tasks of curves, whose ranges are of groups.
func (f *Fleet) IssueCurves(ctx context.Context, p *task.Part, ranges []task.Range, c task.CurvesTask) error {
	return f.issuePart(ctx, p, ranges, &task.Task{Kind: task.KindECM, Curves: &c, Predicted: c.Time})
}

// issuePart queues t for each range.
func (f *Fleet) issuePart(ctx context.Context, p *task.Part, ranges []task.Range, t *task.Task) error {
	messages := make([]*nats.Msg, len(ranges))
	payload := t.Encode()
	for i, r := range ranges {
		at := task.Address{Class: SieveClass, Job: p.ID, Range: r, Round: task.FirstRound}
		messages[i] = message(schema.TaskSubject(at), payload)
	}
	// A range that was sieved and acked while the answer was lost is queued again: it costs its time, no relation.
	if err := f.link.StoreAll(ctx, messages, nil); err != nil {
		return fmt.Errorf("queue %s tasks of part %s: %w", t.Kind, p.ID, err)
	}
	return nil
}

// A SieveQueue is what FACTOR_TASKS holds, as a campaign sees it.
type SieveQueue struct {
	Tasks int    // of the child, queued or running
	Other uint64 // of all other jobs
}

// SieveQueue lists the tasks of a child, and counts those of all others. The leader of FACTOR_TASKS answers.
func (f *Fleet) SieveQueue(ctx context.Context, child string) (q SieveQueue, _ error) {
	filter := filtersOf(schema.StreamTasks, child)[0]
	info, err := f.tasks.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err == nil && !stream.HasQuorum(info) {
		err = stream.ErrNoQuorum
	}
	if err != nil {
		return q, fmt.Errorf("list %s: %w", filter, stream.Explain(err))
	}
	q.Tasks = len(info.State.Subjects)
	q.Other = info.State.Msgs - min(info.State.Msgs, uint64(q.Tasks))
	return q, nil
}

// Outstanding reports whether a position of a job is queued, running, or returned: else it is answered or given up,
// or its job has ended. A position that the sweeper queues again in this moment may be missed: a caller asks twice.
func (f *Fleet) Outstanding(ctx context.Context, job string, position uint64) (bool, error) {
	b, err := f.Backlog(ctx, job)
	if err != nil {
		return false, err
	}
	return b.Ranges.Contains(task.Range{First: position, Count: 1}), nil
}

// Hint sends a hint to a worker. It does not wait for the worker, and the hint may be lost.
func (f *Fleet) Hint(worker string, h *task.Hint) error {
	if err := task.CheckWorker(worker); err != nil {
		return err
	}
	m := order(schema.HintPrefix + worker)
	m.Data = h.Encode()
	if err := f.link.NC.PublishMsg(m); err != nil {
		return fmt.Errorf("send a hint to worker %s: %w", worker, stream.Explain(err))
	}
	return nil
}
