package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// The states of a job, as its manifest has them. Only EndJob, Cancel and Remove may lose tasks or
// results; every other change is made by the process that finds the job so, and may be repeated.
//
//	          feeder at the end of input,
//	          or holder: the feeder died         watcher: all accounted for
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
// Which process may write which fields, all through ChangeJob:
//
//	fields                               | writer             | when
//	ID, Kind, Class, Chunk, Budget,      | CreateJob          | once
//	Certify, Keep, Created, MaxAttempts, |                    |
//	Backoff, Deadline                    |                    |
//	Count, Digest, Work, Bad             | feeder             | when it seals the job
//	Count, CutOff, Note; Expires         | holder, feeder     | when it seals a job that loses its feeder
//	State open                           | feeder             | more input, or lost input
//	State done, Ended, Expires, counts   | any watcher        | all positions are accounted for
//	State sealed; no Ended, no Expires   | RetryDeadLetter    | the job is done
//	FinishedEarly                        | FinishEarly        | the job is active
//	Paused, After, Rate, MaxRunning      | Pause, Resume,     | the job is active
//	                                     | ChangeThrottle,    |
//	                                     | FinishEarly        |
//	Throttled, Schema                    | the same           | with them
//	Deadline: none                       | holder             | a task has begun
//	State cancelled, Ended, Expires      | Cancel             | the job is active
//	Note                                 | holder             | it cancels a job of which no task has begun
//	State removed, Expires; no Bad       | Remove             | at any time
//
// Count is known once a job is sealed. Expires is set when it ends, and before that in a job that was cut
// off and whose submitter would have removed it: then no user may know its id. In a job that is
// done each position below Count is verified or given up. While a job is open, the count of
// FACTOR_INPUTS takes the place of Count.
// Nothing may be queued for a job that has ended, except to reopen it: workers would compute it in vain.

// CreateJob stores the manifest of a new job. An error wraps ErrDiffers if the id is in use or
// reserved by a tombstone. An attempt whose answer was lost is recognised by its manifest, which has
// the time of its creation: the id is then this process's own.
func (f *Fleet) CreateJob(ctx context.Context, j *task.Job) error {
	manifest, tried := j.Encode(), false
	err := f.link.RetryStart(ctx, func() error {
		revision, err := f.jobs.Create(ctx, j.ID, manifest)
		if err == nil {
			f.own.Store(j.ID, ownManifest{manifest, revision, f.now()})
		}
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

// Job returns the manifest of a job, which the caller may modify. An error wraps ErrNoJob if there is
// none. In a cluster a replica that is behind may answer with an older manifest, or with ErrNoJob for a
// job that was just created: see JobSoon.
func (f *Fleet) Job(ctx context.Context, id string) (*task.Job, error) {
	j, _, err := f.jobRevision(ctx, id)
	return j, err
}

// jobRevision is Job, and returns the revision of the key as well.
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
	j, err := decodeManifest(id, e.Value(), e.Created())
	return j, e.Revision(), err
}

// decodeManifest decodes the value of the key id of FACTOR_JOBS, which was stored at the time written. The manifest must have that id: the
// subjects of the job are made from it, and must be those of no other job.
func decodeManifest(id string, value []byte, written time.Time) (*task.Job, error) {
	j, err := task.DecodeJob(value)
	switch {
	case err != nil:
	case j.ID != id:
		err = fmt.Errorf("the manifest is of job %.60q", j.ID)
	default:
		err = j.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("read job %s: %w: %w", id, ErrUnreadable, err)
	}
	j.Written = written
	return j, nil
}

// ChangeJob applies change to the manifest and stores it; it repeats both if another process has
// changed the manifest meanwhile. change may so be called several times, each time with a manifest that
// was just read. An error of change ends it and is returned unchanged, with the manifest to which change
// was applied. Two processes that change a manifest at the same time both succeed, one after the other;
// a manifest that a replica has read too early leads to a conflict and another round, and a replica that
// has no manifest yet is asked again as by JobSoon. It does not wait for a server that is unreachable:
// see Retry.
func (f *Fleet) ChangeJob(ctx context.Context, id string, change func(*task.Job) error) (*task.Job, error) {
	if j, err := f.changeOwn(ctx, id, change); j != nil || err != nil {
		return j, err
	}
	for {
		j, revision, err := f.jobSoon(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := change(j); err != nil {
			return j, err
		}
		if _, err = f.writeJob(ctx, j, revision); err == nil {
			return j, nil
		}
		if !stream.IsConflict(err) {
			return nil, fmt.Errorf("write job %s: %w", id, stream.Explain(err))
		}
	}
}

// An ownManifest is the manifest of a job that this process has created, as this process wrote it last. It saves
// the reading before a change. It may be out of date; then the change leads to a conflict.
type ownManifest struct {
	value    []byte
	revision uint64
	written  time.Time
}

// changeOwn is ChangeJob for a job that this process has created, without reading the manifest. It returns nil and no
// error if the manifest must be read: because another process has changed it, or because change refuses the manifest.
func (f *Fleet) changeOwn(ctx context.Context, id string, change func(*task.Job) error) (*task.Job, error) {
	v, ok := f.own.LoadAndDelete(id)
	if !ok {
		return nil, nil
	}
	own := v.(ownManifest)
	j, err := decodeManifest(id, own.value, own.written)
	if err != nil || change(j) != nil {
		return nil, nil
	}
	revision, err := f.writeJob(ctx, j, own.revision)
	if stream.IsConflict(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("write job %s: %w", id, stream.Explain(err))
	}
	if !j.Finished() {
		f.own.Store(id, ownManifest{j.Encode(), revision, j.Written})
	}
	return j, nil
}

// writeJob stores a manifest in place of that revision, and returns the new revision.
func (f *Fleet) writeJob(ctx context.Context, j *task.Job, revision uint64) (uint64, error) {
	revision, err := f.writeManifest(ctx, j, revision)
	if err == nil {
		j.Written = f.now()
	}
	return revision, err
}
