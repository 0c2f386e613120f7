package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorfleet/internal/task"
)

// errNoChange ends a change of a job that is as it should be already.
var errNoChange = errors.New("the job is as it should be already")

// changeActive is ChangeJob for an active job. An error wraps ErrDiffers if the job has ended, and ErrNoJob if there is
// none. change may return errNoChange, which is no error.
func (f *Fleet) changeActive(ctx context.Context, id string, change func(*task.Job) error) (*task.Job, error) {
	j, err := f.ChangeJob(ctx, id, func(j *task.Job) error {
		switch {
		case j.State == task.Removed:
			return fmt.Errorf("%w: %s was removed", ErrNoJob, id)
		case j.Finished():
			return fmt.Errorf("%w: job %s is %s already", ErrDiffers, id, j.State)
		}
		if err := change(j); err != nil {
			return err
		}
		j.Throttle()
		j.SetSchema()
		return nil
	})
	if errors.Is(err, errNoChange) {
		return j, nil
	}
	return j, err
}

// Pause stores that a job is paused, and removes its tasks and returns from the queue: tasks that workers have received
// are finished, and their answers count. What a feeder, holder or sweeper that has read the former manifest queues
// meanwhile is removed by the holder. The errors are those of changeActive. To pause a paused job is no error.
func (f *Fleet) Pause(ctx context.Context, id string) (*task.Job, error) {
	j, err := f.changeActive(ctx, id, func(j *task.Job) error {
		if j.Paused {
			return errNoChange
		}
		j.Paused = true
		return nil
	})
	if err != nil {
		return j, err
	}
	return j, f.PurgeQueue(ctx, id)
}

// Resume stores that a job is not paused. Its holder then queues what is missing. was reports whether it was paused. The
// errors are those of changeActive.
func (f *Fleet) Resume(ctx context.Context, id string) (j *task.Job, was bool, err error) {
	j, err = f.changeActive(ctx, id, func(j *task.Job) error {
		if was = j.Paused; !was {
			return errNoChange
		}
		j.Paused = false
		return nil
	})
	return j, was, err
}

// A Throttle is a change of what may be queued of a job. nil = it stays as it is.
type Throttle struct {
	Rate       *float64   // task.Job.Rate; 0 = any
	MaxRunning *int       // task.Job.MaxRunning; 0 = any
	After      *time.Time // task.Job.After; the zero time = at once
}

// ChangeThrottle stores what may be queued of an active job. Its holder acts on it at once. Tasks that are queued already
// stay so. The errors are those of changeActive.
func (f *Fleet) ChangeThrottle(ctx context.Context, id string, t Throttle) (*task.Job, error) {
	return f.changeActive(ctx, id, func(j *task.Job) error {
		if t.Rate != nil {
			j.Rate = *t.Rate
		}
		if t.MaxRunning != nil {
			j.MaxRunning = *t.MaxRunning
		}
		if t.After != nil {
			if j.After = nil; !t.After.IsZero() {
				after := t.After.UTC()
				j.After = &after
			}
		}
		return nil
	})
}

// ServerTime returns the server's time as far as it is known, without a request; see Now.
func (f *Fleet) ServerTime() time.Time { return f.now() }
