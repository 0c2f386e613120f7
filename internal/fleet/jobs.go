package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// The states of a job, as its manifest has them. Only EndJob, Cancel and Remove may lose tasks or
// results; every other change is made by whoever finds the job so, and may be repeated.
//
//	          feeder at the end of input,
//	          or holder: the feeder died         holder: all accounted for
//	CreateJob ─► open ────────────────► sealed ──────────────────────────► done
//	              │ ▲                    │  ▲                               │  │
//	              │ └────────────────────┘  └───────────────────────────────┘  │
//	              │   feeder, also from done:    a dead letter is retried      │
//	              │   more input, or lost input                                │
//	              └───────┬── Cancel ────► cancelled                           │
//	                      │                    │                               │
//	                      └──── Remove ────────┴──────► removed ◄──────────────┘
//	                                                (tombstone) ──► no key, after TombstoneAge
//
// Count is known once a job is sealed. Expires is set when it ends.

// CreateJob stores the manifest of a new job. An error wraps ErrDiffers if the id is in use or
// reserved.
func (f *Fleet) CreateJob(ctx context.Context, j *task.Job) error {
	manifest, tried := j.Encode(), false
	err := f.link.RetryStart(ctx, func() error {
		_, err := f.jobs.Create(ctx, j.ID, manifest)
		if tried && errors.Is(err, jetstream.ErrKeyExists) { // the answer to an earlier try may be lost
			if e, getErr := f.jobs.Get(ctx, j.ID); getErr == nil && bytes.Equal(e.Value(), manifest) {
				return nil
			}
		}
		tried = true
		return err
	})
	if errors.Is(err, jetstream.ErrKeyExists) {
		return fmt.Errorf("%w: job %s exists", ErrDiffers, j.ID)
	}
	if err != nil {
		return fmt.Errorf("create job %s: %w", j.ID, stream.Explain(err))
	}
	return nil
}

// Job returns the manifest of a job. An error wraps ErrNoJob if there is none.
func (f *Fleet) Job(ctx context.Context, id string) (*task.Job, error) {
	j, _, err := f.jobRevision(ctx, id)
	return j, err
}

func (f *Fleet) jobRevision(ctx context.Context, id string) (*task.Job, uint64, error) {
	if err := task.CheckJob(id); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrNoJob, err)
	}
	e, err := f.jobs.Get(ctx, id)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, 0, fmt.Errorf("%w: %s; `producer ls` lists them", ErrNoJob, id)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read job %s: %w", id, stream.Explain(err))
	}
	j, err := decodeManifest(id, e.Value())
	return j, e.Revision(), err
}

// decodeManifest decodes the value of the key id of FACTOR_JOBS. The manifest must have that id.
func decodeManifest(id string, value []byte) (*task.Job, error) {
	j, err := task.DecodeJob(value)
	if err != nil {
		return nil, fmt.Errorf("read job %s: %w", id, err)
	}
	if j.ID != id {
		return nil, fmt.Errorf("read job %s: the manifest is of job %.60q", id, j.ID)
	}
	return j, nil
}

// ChangeJob applies change to the manifest and stores it; it repeats both if another process has
// changed the manifest meanwhile. An error of change ends it and is returned unchanged.
func (f *Fleet) ChangeJob(ctx context.Context, id string, change func(*task.Job) error) (*task.Job, error) {
	for {
		j, revision, err := f.jobRevision(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := change(j); err != nil {
			return j, err
		}
		_, err = f.jobs.Update(ctx, id, j.Encode(), revision)
		if err == nil {
			return j, nil
		}
		if !stream.IsConflict(err) {
			return nil, fmt.Errorf("write job %s: %w", id, stream.Explain(err))
		}
	}
}
