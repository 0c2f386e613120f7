package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A job may have a time by which one of its tasks must have begun (task.Job.Deadline). The holder removes the time from
// the manifest once a task has begun, and cancels the job if none has by then.

// NoteBegun removes the time from the manifest. The errors are those of changeActive.
func (f *Fleet) NoteBegun(ctx context.Context, id string) (*task.Job, error) {
	return f.changeActive(ctx, id, func(j *task.Job) error {
		if j.Deadline == nil {
			return errNoChange
		}
		j.Deadline = nil
		return nil
	})
}

// CancelUnbegun cancels a job of which no task has begun by its time, with a note that says so. It does nothing if the
// manifest has no such time any more, or a later one than now, and returns the manifest.
func (f *Fleet) CancelUnbegun(ctx context.Context, id string) (*task.Job, error) {
	j, err := f.cancel(ctx, id, func(j *task.Job) error {
		if j.Deadline == nil || f.now().Before(*j.Deadline) {
			return errNoChange
		}
		j.Note = fmt.Sprintf("no task of it had begun by %s", j.Deadline.UTC().Format(time.RFC3339))
		return nil
	})
	if errors.Is(err, errNoChange) {
		return j, nil
	}
	return j, err
}

// HasBegun reports whether a task of the job has begun, by what is stored: a result, a return, a failure record or a dead
// letter, or a task that was delivered. A heartbeat that names a task is another sign, of which the caller knows.
func (f *Fleet) HasBegun(ctx context.Context, j *task.Job) (bool, error) {
	if last, err := f.LastResult(ctx, j.ID); err != nil || last > 0 {
		return last > 0, err
	}
	for s, filter := range map[jetstream.Stream]string{
		f.returns: schema.ReturnsPrefix + j.ID + ".>", f.dead: schema.FailedPrefix + j.ID + ".>",
	} {
		if places, err := f.list(ctx, s, filter); err != nil || len(places) > 0 {
			return len(places) > 0, err
		}
	}
	if letters, err := f.list(ctx, f.dead, schema.DeadPrefix+j.ID+".>"); err != nil || len(letters) > 0 {
		return len(letters) > 0, err
	}
	return f.isDelivered(ctx, j)
}

// isDelivered reports whether the first task of the job that is queued was delivered to a worker.
func (f *Fleet) isDelivered(ctx context.Context, j *task.Job) (bool, error) {
	class := j.Queue()
	m, err := f.tasks.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(schema.TasksPrefix+string(class)+"."+j.ID+".>"))
	if stream.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the first task of job %s: %w", j.ID, stream.Explain(err))
	}
	info, err := f.durable(ctx, class)
	if err != nil {
		return false, err
	}
	return info.Delivered.Stream >= m.Sequence, nil
}
