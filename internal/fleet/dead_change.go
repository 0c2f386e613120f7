package fleet

import (
	"context"
	"fmt"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// giveUp stores the sweeper's dead letter of a task. The caller removes the task afterwards. A letter
// that is there already, of an earlier try, counts as stored.
func (f *Fleet) giveUp(ctx context.Context, job string, r task.Range, failure *task.Failure) error {
	failure.Worker, failure.Time = schema.Sweeper, time.Now()
	return f.link.Store(ctx, message(schema.DeadSubject(job, r, schema.Sweeper), failure.Encode()))
}

// RetryDeadLetter requeues each number of a dead letter as a task of its own, removes the letter, and
// then makes a job that is done active. An error wraps ErrDiffers if the job was cancelled or removed, or
// if the range is not one of the job's.
//
// The order of the three steps matters. An active job may be watched at once, and a watch that sees the
// letter and no task of its number gives the number up. So the job becomes active last. If it was active
// before, the task is queued first. A process that dies between two steps leaves a task in the queue,
// whose answer is stored like any other.
func (f *Fleet) RetryDeadLetter(ctx context.Context, d *DeadLetter) error {
	j, err := f.Job(ctx, d.Job)
	if err != nil {
		return err
	}
	if j.State == task.Cancelled || j.State == task.Removed {
		return fmt.Errorf("%w: job %s is %s", ErrDiffers, d.Job, j.State)
	}
	in, err := f.Inputs(ctx, d.Job)
	if err != nil {
		return err
	}
	if d.Range.Count > task.MaxCount || d.Range.End() > in.Count() { // a worker chose the range
		return fmt.Errorf("%w: %v is no chunk of job %s", ErrDiffers, d.Range, d.Job)
	}
	if err := f.Requeue(ctx, j, in, d.Range.Pieces(d.Range.Count)); err != nil {
		return err
	}
	if err := f.RemoveDeadLetter(ctx, d); err != nil {
		return err
	}
	return f.reopen(ctx, d.Job)
}

// reopen makes a job active if it is done, or was done by the time that its letter was removed. It waits
// for a server that is unreachable: the letter is gone, so that the user cannot repeat the command.
func (f *Fleet) reopen(ctx context.Context, job string) error {
	return f.link.Retry(ctx, func() error {
		j, err := f.Job(ctx, job)
		if err != nil || !j.Finished() {
			return err
		}
		_, err = f.ChangeJob(ctx, job, func(j *task.Job) error {
			if j.State == task.Cancelled || j.State == task.Removed {
				return fmt.Errorf("%w: job %s is %s", ErrDiffers, job, j.State)
			}
			if j.State == task.Done {
				j.State, j.Ended, j.Expires = task.Sealed, nil, nil
			}
			return nil
		})
		return err
	})
}

// RemoveDeadLetter removes a dead letter. One that is gone already is no error. The number of the letter
// is then missing, so that a review requeues it if the job is active.
func (f *Fleet) RemoveDeadLetter(ctx context.Context, d *DeadLetter) error {
	if err := f.link.DeleteMessage(ctx, schema.StreamDead, d.Seq); err != nil {
		return fmt.Errorf("remove the dead letter %s %v: %w", d.Job, d.Range, stream.Explain(err))
	}
	return nil
}
