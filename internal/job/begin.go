package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// open returns the access to a job that exists, and its manifest.
func open(ctx context.Context, f *fleet.Fleet, id string) (*streams, *task.Job, error) {
	j, err := f.Job(ctx, id)
	if err != nil {
		return nil, nil, causeOf(ctx, err)
	}
	if j.State == task.Removed {
		return nil, nil, removedError(id)
	}
	in, err := f.Inputs(ctx, id)
	if err != nil {
		return nil, nil, causeOf(ctx, err)
	}
	return newStreams(f, id, in), j, nil
}

// causeOf returns the cause of ctx if ctx has ended, else err.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// begin creates the job, or finds the one of that id, and returns the access to it and its
// feeder.
func begin(ctx context.Context, f *fleet.Fleet, sub Submission) (*streams, *feeder, error) {
	j, existed, err := createOrFind(ctx, f, sub)
	if err != nil {
		return nil, nil, causeOf(ctx, err)
	}
	in, err := f.Inputs(ctx, j.ID)
	if err != nil {
		return nil, nil, causeOf(ctx, err)
	}
	s := newStreams(f, j.ID, in)
	return s, newFeeder(s, sub, j, existed), nil
}

// createOrFind stores the manifest of a new job, or returns that of the job which has the id
// that the user chose.
func createOrFind(ctx context.Context, f *fleet.Fleet, sub Submission) (j *task.Job, existed bool, _ error) {
	now := time.Now()
	id := sub.ID
	if id == "" {
		id = task.NewJobID(now)
	}
	if err := task.CheckJob(id); err != nil {
		return nil, false, err
	}
	j = &task.Job{
		ID: id, Schema: 1, Kind: sub.Kind, Class: sub.Class, Chunk: sub.Chunking.String(),
		Budget: sub.Budget, Certify: sub.Certify, Keep: sub.Keep, State: task.Open, Created: now,
	}
	err := f.CreateJob(ctx, j)
	if errors.Is(err, fleet.ErrDiffers) && sub.ID != "" {
		j, err = find(ctx, f, sub)
		return j, true, err
	}
	return j, false, err
}

// find returns the manifest of the job that exists. An error wraps fleet.ErrDiffers if sub
// cannot join it.
func find(ctx context.Context, f *fleet.Fleet, sub Submission) (*task.Job, error) {
	j, err := f.Job(ctx, sub.ID)
	switch {
	case err != nil:
		return nil, err
	case j.State == task.Removed:
		return nil, fmt.Errorf("%w: job %s was removed; its id is reserved for 24 hours", fleet.ErrDiffers, j.ID)
	case j.State == task.Cancelled:
		return nil, fmt.Errorf("%w: job %s was cancelled; use another --id, or `producer rm %s` and wait 24 hours", fleet.ErrDiffers, j.ID, j.ID)
	case j.Kind != sub.Kind:
		return nil, fmt.Errorf("%w: job %s exists and is of kind %s, not %s", fleet.ErrDiffers, j.ID, j.Kind, sub.Kind)
	}
	return j, nil
}

// sameSettings reports whether a job was submitted with the settings of sub.
func sameSettings(j *task.Job, sub *Submission) bool {
	return j.Chunk == sub.Chunking.String() && j.Class == sub.Class && j.Budget == sub.Budget && j.Certify == sub.Certify
}
