package fleet

import (
	"context"
	"fmt"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// FinishEarly ends the work on an active job. Its manifest says so first: from then on unfinished answers need no effort.
// Then the workers are told; see OrderFinish. The job stays active until each number has an answer, and its tasks stay
// queued. A job that is paused, waits for its start, or is queued at a rate has none of these limits any more. An error
// wraps ErrDiffers if the job has ended or is of a kind exec:NAME, and ErrNoJob if there is none.
func (f *Fleet) FinishEarly(ctx context.Context, id string) (*task.Job, error) {
	j, err := f.ChangeJob(ctx, id, func(j *task.Job) error {
		switch {
		case j.State == task.Removed:
			return fmt.Errorf("%w: %s was removed", ErrNoJob, id)
		case j.Finished():
			return fmt.Errorf("%w: job %s is %s already", ErrDiffers, id, j.State)
		case task.IsExec(j.Kind):
			return fmt.Errorf("%w: job %s is of kind %s, whose items have no answer before their command ends; cancel the job instead", ErrDiffers, id, j.Kind)
		case j.FinishedEarly == nil:
			now := f.Now(ctx)
			j.FinishedEarly = &now
		}
		j.Paused, j.After, j.Rate = false, nil, 0
		return nil
	})
	if err != nil {
		return j, err
	}
	if f.jobsReplicated(ctx) {
		if err := stream.Sleep(ctx, replicaPause); err != nil {
			return j, err
		}
	}
	return j, f.order(schema.FinishPrefix + id)
}

// replicaPause is the time between the manifest of a job that ends early and the first answer without effort: a process
// that verifies the answer reads the manifest again, perhaps from a replica that is behind.
const replicaPause = 300 * time.Millisecond

// OrderFinish tells the workers to end the numbers of a job with what is known of them. Workers that begin later, or
// are not connected now, miss the order. So it is repeated while such a job is active. A worker in doubt computes the
// number until its budget is spent. It does not wait for the server.
func (f *Fleet) OrderFinish(id string) error {
	if err := f.link.NC.PublishMsg(order(schema.FinishPrefix + id)); err != nil {
		return fmt.Errorf("tell the workers to end the numbers of job %s: %w", id, stream.Explain(err))
	}
	return nil
}
