package fleet

import (
	"context"
	"fmt"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// giveUp stores the sweeper's dead letter of a task.
func (f *Fleet) giveUp(ctx context.Context, job string, r task.Range, failure *task.Failure) error {
	failure.Worker, failure.Time = schema.Sweeper, time.Now()
	return f.link.Store(ctx, message(schema.DeadSubject(job, r, schema.Sweeper), failure.Encode()))
}

// RetryDeadLetter requeues each number of a dead letter as a task of its own, and then removes the
// letter. A job that is done becomes active again. An error wraps ErrDiffers if the job was
// cancelled or removed, or if the range is not one of the job's.
func (f *Fleet) RetryDeadLetter(ctx context.Context, d *DeadLetter) error {
	j, err := f.Job(ctx, d.Job)
	if err != nil {
		return err
	}
	in, err := f.Inputs(ctx, d.Job)
	if err != nil {
		return err
	}
	if d.Range.Count > task.MaxCount || d.Range.End() > in.Count() { // a worker chose the range
		return fmt.Errorf("%w: %v is no chunk of job %s", ErrDiffers, d.Range, d.Job)
	}
	if j.State != task.Open && j.State != task.Sealed {
		if j, err = f.reopen(ctx, d.Job); err != nil {
			return err
		}
	}
	if err := f.Requeue(ctx, j, in, d.Range.Pieces(d.Range.Count)); err != nil {
		return err
	}
	return f.RemoveDeadLetter(ctx, d)
}

// reopen makes a job that is done active again.
func (f *Fleet) reopen(ctx context.Context, job string) (*task.Job, error) {
	return f.ChangeJob(ctx, job, func(j *task.Job) error {
		if j.State != task.Done {
			return fmt.Errorf("%w: job %s is %s", ErrDiffers, job, j.State)
		}
		j.State, j.Ended, j.Expires = task.Sealed, nil, nil
		return nil
	})
}

// RemoveDeadLetter removes a dead letter.
func (f *Fleet) RemoveDeadLetter(ctx context.Context, d *DeadLetter) error {
	if err := f.link.DeleteMessage(ctx, schema.StreamDead, d.Seq); err != nil {
		return fmt.Errorf("remove the dead letter %s %v: %w", d.Job, d.Range, stream.Explain(err))
	}
	return nil
}
