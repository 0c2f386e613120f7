package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A DeadLetter says that a range was given up, and why.
type DeadLetter struct {
	Job    string
	Range  task.Range
	Writer string // a worker's name, or Sweeper
	Seq    uint64
	task.Failure
}

// Authoritative reports whether the letter is more than a worker's claim.
func (d *DeadLetter) Authoritative() bool { return d.Writer == schema.Sweeper }

// DeadLetters returns the dead letters of a job, or of all jobs for "", in the order
// in which they came.
func (f *Fleet) DeadLetters(ctx context.Context, job string) ([]DeadLetter, error) {
	return f.failures(ctx, schema.DeadPrefix+orAny(job)+".*.*")
}

// CountDead returns how many dead letters a job has. Who may not read them may know that.
func (f *Fleet) CountDead(ctx context.Context, job string) (int, error) {
	places, err := f.list(ctx, f.dead, schema.DeadPrefix+job+".*.*")
	return len(places), err
}

// Attempts returns the records of failed attempts of a job, oldest first. The last one of
// a number is not among them: what is stored of it says only that it has begun, and how
// it ended is in the dead letter.
func (f *Fleet) Attempts(ctx context.Context, job string) ([]DeadLetter, error) {
	list, err := f.failures(ctx, schema.FailedPrefix+orAny(job)+".*.*.*.*")
	return slices.DeleteFunc(list, func(d DeadLetter) bool { return d.Attempt >= schema.MaxDeliver }), err
}

func orAny(job string) string {
	if job == "" {
		return "*"
	}
	return job
}

func (f *Fleet) failures(ctx context.Context, filter string) ([]DeadLetter, error) {
	var letters []DeadLetter
	err := f.eachFailure(ctx, filter, func(d *DeadLetter) { letters = append(letters, *d) })
	return letters, err
}

// eachFailure calls got with each record; what it gets is its own.
func (f *Fleet) eachFailure(ctx context.Context, filter string, got func(*DeadLetter)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := f.link.Follow(ctx, stream.Source{Stream: schema.StreamDead, Filter: filter}, func(batch []stream.Message, _ uint64) error {
		for _, m := range batch {
			p, err := schema.ParseSubject(m.Subject)
			if err != nil {
				continue
			}
			letter := DeadLetter{Job: p.Job, Range: p.Range, Writer: p.Worker, Seq: m.Seq}
			failure, err := task.DecodeFailure(m.Data)
			if err != nil {
				failure = &task.Failure{Worker: p.Worker, Err: "unreadable record: " + err.Error()}
			}
			letter.Failure = *failure
			got(&letter)
		}
		return nil
	}, func() { stop(errCaughtUp) })
	if errors.Is(err, errCaughtUp) {
		return nil
	}
	return err
}

// maxDeadRanges bounds the letters that DeadRanges returns: strangers may write any number.
const maxDeadRanges = 100_000

// DeadRanges returns the dead letters of a job, authoritative ones first, without
// their numbers.
func (f *Fleet) DeadRanges(ctx context.Context, job string) ([]DeadLetter, error) {
	there, err := f.list(ctx, f.dead, schema.DeadPrefix+job+".*.*")
	if err != nil || len(there) == 0 { // nearly always, and cheap to know
		return nil, err
	}
	var letters []DeadLetter
	err = f.eachFailure(ctx, schema.DeadPrefix+job+".*.*", func(d *DeadLetter) {
		if d.Range.Count > task.MaxCount || len(letters) == maxDeadRanges && !d.Authoritative() {
			return // of no chunk: forged
		}
		d.Numbers = nil
		letters = append(letters, *d)
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(letters, func(a, b DeadLetter) int {
		switch {
		case a.Authoritative() == b.Authoritative():
			return 0
		case a.Authoritative():
			return -1
		}
		return 1
	})
	return letters, nil
}

// bury stores the sweeper's dead letter of a task.
func (f *Fleet) bury(ctx context.Context, job string, r task.Range, failure *task.Failure) error {
	failure.Worker, failure.Time = schema.Sweeper, time.Now()
	return f.link.Store(ctx, message(schema.DeadSubject(job, r, schema.Sweeper), failure.Encode()))
}

// RetryDeadLetter queues the numbers of a dead letter again and removes the letter.
func (f *Fleet) RetryDeadLetter(ctx context.Context, d *DeadLetter) error {
	j, err := f.Job(ctx, d.Job)
	if err != nil {
		return err
	}
	in, err := f.Inputs(ctx, d.Job)
	if err != nil {
		return err
	}
	if d.Range.Count > task.MaxCount || d.Range.End() > in.Count() { // whoever may publish chose it
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

// reopen makes a finished job wait for answers again.
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
