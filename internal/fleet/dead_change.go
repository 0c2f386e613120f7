package fleet

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// giveUp stores the sweeper's dead letter of a task. The caller removes the task afterwards. A letter
// that is there already, of an earlier try, counts as stored.
func (f *Fleet) giveUp(ctx context.Context, job string, r task.Range, failure *task.Failure) error {
	failure.Worker, failure.Time = schema.Sweeper, f.now()
	m := message(schema.DeadSubject(job, r, schema.Sweeper), failure.Encode())
	m.Header = schema.RecordHeader(schema.Place{Address: task.Address{Job: job, Range: r}, Worker: schema.Sweeper}, failure)
	return f.link.Store(ctx, m)
}

// GiveUp stores a dead letter of the sweeper for a number, with the content of a worker's: of the worker in this
// process, whose word needs no second worker. It does not return before the letter is stored, or ctx ends.
func (f *Fleet) GiveUp(ctx context.Context, job string, number task.Range, payload []byte) error {
	failure, err := task.DecodeFailure(payload)
	if err != nil {
		return err
	}
	return f.giveUp(ctx, job, number, failure)
}

// RetryDeadLetter requeues each number of a dead letter as a task of its own, removes the letter with the failure
// records of its range, and then makes a job that is done active. An error wraps ErrDiffers if the job was cancelled or removed, or
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

// RemoveDeadLetter removes a dead letter, and the failure records and dead letters of workers for the same range
// before: with them the range would be given up again at once. What is gone already is no error. The number is
// then missing, so that a review requeues it if the job is active.
func (f *Fleet) RemoveDeadLetter(ctx context.Context, d *DeadLetter) error {
	err := f.RemoveClaims(ctx, d.Job, d.Range)
	if err == nil {
		err = stream.Explain(f.link.DeleteMessage(ctx, schema.StreamDead, d.Seq))
	}
	if err != nil {
		return fmt.Errorf("remove the dead letter %s %v: %w", d.Job, d.Range, err)
	}
	return nil
}

// withdraw removes the last-attempt record of a worker for a round, if there is one.
func (f *Fleet) withdraw(ctx context.Context, at schema.Place) error {
	subject := schema.FailedSubject(at.Address, schema.MaxDeliver, at.Worker)
	if err := f.dead.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
		return fmt.Errorf("remove %s: %w", subject, stream.Explain(err))
	}
	return nil
}

// RemoveClaims removes the failure records and dead letters of workers for a range. What is gone already is no error.
func (f *Fleet) RemoveClaims(ctx context.Context, job string, r task.Range) error {
	letters, err := f.list(ctx, f.dead, schema.DeadSubject(job, r, "*"))
	if err != nil {
		return err
	}
	subjects := []string{schema.FailedPrefix + job + "." + r.String() + ".>"}
	for _, p := range letters {
		if p.Worker != schema.Sweeper {
			subjects = append(subjects, schema.DeadSubject(job, r, p.Worker))
		}
	}
	for _, subject := range subjects {
		if err := f.dead.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
			return stream.Explain(err)
		}
	}
	return nil
}
