package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// RemovePart stops the work of a part, and removes its tasks, its yields and then its manifest. The lease of the
// child is released by its holder, or expires. To remove a part that is gone does no harm. What a worker stores
// afterwards is an orphan: see orphanSweep.
func (f *Fleet) RemovePart(ctx context.Context, name PartName) error {
	if err := errors.Join(task.CheckJob(name.Parent), task.CheckJob(name.Child)); err != nil {
		return fmt.Errorf("%w: %w", ErrNoPart, err)
	}
	err := f.StopWork(ctx, name.Child)
	if err == nil {
		err = f.purge(ctx, name.Child, f.all(name.Child))
	}
	if err != nil {
		return err
	}
	s, err := f.jobsStream(ctx)
	if err != nil {
		return err
	}
	// Not Purge of the bucket, which would leave a marker for ever.
	return f.purge(ctx, name.Child, []purge{{stream: s, subject: schema.KeyPrefix(schema.BucketJobs) + partKey(name.Parent, name.Child)}})
}

// RemoveParts removes all parts of a job.
func (f *Fleet) RemoveParts(ctx context.Context, job string) error {
	names, err := f.PartsOf(ctx, job)
	for _, name := range names {
		err = errors.Join(err, f.RemovePart(ctx, name))
	}
	return err
}

// RemoveLostParts removes the parts of jobs that have ended or do not exist, and those that no process conducts and
// whose number has an answer, or was given up: no worker names their composite any more, so no process takes them over.
func (f *Fleet) RemoveLostParts(ctx context.Context) error {
	names, err := f.PartsOf(ctx, "")
	if err != nil {
		return fmt.Errorf("look for parts of jobs that have ended: %w", stream.Explain(err))
	}
	for _, name := range names {
		lost, err := f.isLostPart(ctx, name)
		if err == nil && lost {
			err = f.RemovePart(ctx, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isLostPart reports whether no process can have a use for a part. An unreadable one may be of a newer version of
// this program: it stays with its job.
func (f *Fleet) isLostPart(ctx context.Context, name PartName) (bool, error) {
	j, err := f.Job(ctx, name.Parent)
	switch {
	case errors.Is(err, ErrNoJob):
		exists, err := f.hasKey(ctx, name.Parent) // a replica that is behind may have answered
		return !exists, err
	case errors.Is(err, ErrUnreadable):
		return false, nil
	case err != nil:
		return false, err
	}
	if j.Finished() {
		return true, nil
	}
	return f.isLeftPart(ctx, name)
}

// isLeftPart reports whether no process conducts the campaign of a part, and the position of its number is not queued.
// It looks twice, because of a position that the sweeper queues again: see Outstanding.
func (f *Fleet) isLeftPart(ctx context.Context, name PartName) (bool, error) {
	if holder, err := f.Holder(ctx, name.Child); holder != "" || err != nil {
		return false, err
	}
	p, err := f.Part(ctx, name.Parent, name.Child)
	if errors.Is(err, ErrNoPart) || errors.Is(err, ErrUnreadable) {
		return false, nil
	}
	for range 2 {
		if err != nil {
			return false, err
		}
		var open bool
		if open, err = f.Outstanding(ctx, p.Parent, p.Position); open {
			return false, err
		}
		if slept := stream.Sleep(ctx, partRecheck); err == nil {
			err = slept
		}
	}
	return err == nil, err
}

// partRecheck is the time between two looks for the position of a part.
const partRecheck = 50 * time.Millisecond
