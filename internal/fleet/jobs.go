package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// TombstoneAge is how long the id of a removed job stays taken.
const TombstoneAge = 24 * time.Hour

// abandonedAge is how old a job may get that never ended and that nobody waits for.
const abandonedAge = 30 * 24 * time.Hour

// CreateJob stores the manifest of a new job. An error wraps ErrDiffers if the id is
// taken.
func (f *Fleet) CreateJob(ctx context.Context, j *task.Job) error {
	manifest, again := j.Encode(), false
	err := f.link.RetryStart(ctx, func() error {
		_, err := f.jobs.Create(ctx, j.ID, manifest)
		if again && errors.Is(err, jetstream.ErrKeyExists) { // perhaps by ourselves, and the answer was lost
			if e, getErr := f.jobs.Get(ctx, j.ID); getErr == nil && bytes.Equal(e.Value(), manifest) {
				return nil
			}
		}
		again = true
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

// decodeManifest decodes the value of a key of FACTOR_JOBS, which must be of the job of that id.
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

// ChangeJob applies change to the manifest as it stands and stores the outcome,
// again if somebody else changed it meanwhile. An error of change ends it and is
// returned as it is.
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

// Jobs returns all manifests, tombstones too, in no order. A manifest that cannot be decoded is
// left out, and logged once for each time that it was written.
func (f *Fleet) Jobs(ctx context.Context) ([]*task.Job, error) {
	w, err := f.jobs.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", stream.Explain(err))
	}
	defer w.Stop()
	var jobs []*task.Job
	for e := range w.Updates() {
		if e == nil {
			return jobs, nil
		}
		if task.CheckJob(e.Key()) != nil {
			continue // strikes of a worker
		}
		j, err := decodeManifest(e.Key(), e.Value())
		if err != nil {
			f.logUnreadable(e.Key(), e.Revision(), err)
			continue
		}
		jobs = append(jobs, j)
	}
	return nil, fmt.Errorf("list jobs: %w", context.Cause(ctx))
}

// logUnreadable logs that the revision of a key of FACTOR_JOBS cannot be decoded, unless it
// has been logged before.
func (f *Fleet) logUnreadable(key string, revision uint64, err error) {
	if old, ok := f.unreadable.Swap(key, revision); ok && old == revision {
		return
	}
	f.link.Log.Warn().Err(err).Msgf("the job is left out; `nats kv purge %s %s` removes it", schema.BucketJobs, key)
}

// WatchJob calls changed with the manifest as it stands and after each change, until
// ctx ends. It does not wait.
func (f *Fleet) WatchJob(ctx context.Context, id string, changed func(*task.Job)) error {
	if err := task.CheckJob(id); err != nil {
		return fmt.Errorf("watch job: %w", err)
	}
	go func() {
		err := f.followKeys(ctx, id, func(_ string, value []byte) {
			if j, err := decodeManifest(id, value); err == nil {
				changed(j)
			}
		}, nil)
		if err != nil && ctx.Err() == nil {
			f.link.Log.Debug().Err(err).Str("job", id).Msg("watch job")
		}
	}()
	return nil
}

// Cancel marks the job cancelled, tells the workers, and empties the queue of it. The
// workers are told again by the holder for as long as it runs. In a store without room
// for the mark the queue is emptied first; an error wraps ErrFull if that was not
// enough, and the job goes on: what was queued its holder queues again.
func (f *Fleet) Cancel(ctx context.Context, id string) (*task.Job, error) {
	j, err := f.changeMakingRoom(ctx, id, f.PurgeQueue, func(j *task.Job) error {
		if j.Finished() {
			return fmt.Errorf("%w: job %s is %s already", ErrDiffers, id, j.State)
		}
		now := time.Now()
		j.State, j.Ended = task.Cancelled, &now
		expires := now.Add(max(j.Keep, TombstoneAge))
		j.Expires = &expires
		return nil
	})
	if err != nil {
		return j, err
	}
	return j, f.StopWork(ctx, id)
}

// EndJob is ChangeJob for the end of a job, of which nothing that is queued is needed any
// more: in a store without room for the mark the queue is emptied first. An error wraps
// ErrFull if that was not enough.
func (f *Fleet) EndJob(ctx context.Context, id string, change func(*task.Job) error) (*task.Job, error) {
	return f.changeMakingRoom(ctx, id, f.PurgeQueue, change)
}

// How often changeMakingRoom makes room, and how far apart: everybody who waits for some
// tries again within seconds, and may be faster.
const (
	roomTries = 25
	roomPause = 150 * time.Millisecond
)

// changeMakingRoom is ChangeJob with something to do when the store has no room for the
// manifest. What makeRoom takes away before the change is written may come back before:
// the caller takes it away again.
func (f *Fleet) changeMakingRoom(ctx context.Context, id string, makeRoom func(context.Context, string) error, change func(*task.Job) error) (*task.Job, error) {
	pause := stream.NewPause()
	for try := 0; ; try++ {
		j, err := f.ChangeJob(ctx, id, change)
		if !errors.Is(err, stream.ErrFull) || try == roomTries {
			return j, err
		}
		if try > 0 && pause.WaitAtMost(ctx, roomPause) != nil {
			return j, err
		}
		if err := makeRoom(ctx, id); err != nil {
			return nil, err
		}
	}
}

// StopWork tells the workers to drop the job and empties the queue of it.
func (f *Fleet) StopWork(ctx context.Context, id string) error {
	if err := f.link.NC.PublishMsg(order(schema.CancelPrefix + id)); err != nil {
		return fmt.Errorf("tell the workers to stop job %s: %w", id, stream.Explain(err))
	}
	return f.PurgeQueue(ctx, id)
}

// PurgeQueue removes the job from FACTOR_TASKS and FACTOR_RETURNS.
func (f *Fleet) PurgeQueue(ctx context.Context, id string) error {
	return f.purge(ctx, id, []purge{
		{f.tasks, schema.TasksPrefix + "*." + id + ".>"},
		{f.returns, schema.ReturnsPrefix + id + ".>"},
	})
}

// Remove removes all of the job but a tombstone, which keeps its id taken for a day. A
// job that goes on ends with it. In a store without room for the tombstone, even so,
// the error wraps ErrFull: the job is still listed, and can be removed again.
func (f *Fleet) Remove(ctx context.Context, id string) error {
	if err := f.purgeJob(ctx, id); err != nil {
		return err
	}
	wentOn := false
	_, err := f.changeMakingRoom(ctx, id, f.purgeJob, func(j *task.Job) error {
		wentOn = !j.Finished()
		expires := time.Now().Add(TombstoneAge)
		j.State, j.Expires, j.Bad = task.Removed, &expires, nil
		return nil
	})
	if err != nil || !wentOn {
		return err
	}
	if err := f.StopWork(ctx, id); err != nil {
		return err
	}
	return f.purgeJob(ctx, id) // what came until the workers and the holder knew
}

// purgeJob removes the job from all streams.
func (f *Fleet) purgeJob(ctx context.Context, id string) error {
	if err := f.PurgeQueue(ctx, id); err != nil {
		return err
	}
	return f.purge(ctx, id, []purge{
		{f.results, schema.ResultsPrefix + id + ".>"},
		{f.inputs, schema.InputsPrefix + id + ".>"},
		{f.dead, schema.DeadPrefix + id + ".>"},
		{f.dead, schema.FailedPrefix + id + ".>"},
	})
}

// RemoveExpired removes the jobs whose time is over, and the tombstones of those
// removed before. It is anybody's work; a job that somebody takes part in is left. Where
// there is no room for a lease that cannot be known of a job that has ended, and it goes
// all the same: who prints it learns that it was removed.
func (f *Fleet) RemoveExpired(ctx context.Context) error {
	jobs, err := f.Jobs(ctx)
	if err != nil {
		return err
	}
	remover := task.NewJobID(time.Now())
	var errs []error
	for _, j := range jobs {
		if expired(j) {
			errs = append(errs, f.removeUnheld(ctx, j, remover))
		}
	}
	return errors.Join(errs...)
}

// removeUnheld removes a job whose time is over unless somebody holds it.
func (f *Fleet) removeUnheld(ctx context.Context, j *task.Job, remover string) error {
	revision, err := f.acquire(ctx, j.ID, remover)
	switch {
	case err == nil:
		defer f.release(lease{job: j.ID, revision: revision})
	case errors.Is(err, jetstream.ErrKeyExists):
		return nil
	case stream.IsFull(err) && j.Expires != nil: // it has ended
		if holder, err := f.Holder(ctx, j.ID); err != nil || holder != "" {
			return err
		}
	default:
		return fmt.Errorf("ask for the lease of job %s: %w", j.ID, stream.Explain(err))
	}
	return f.removeExpired(ctx, j.ID)
}

// expired reports whether the time of a job is over, or whether it was left alone: the
// caller sees to it that nobody takes part in it.
func expired(j *task.Job) bool {
	if j.Expires != nil {
		return !time.Now().Before(*j.Expires)
	}
	return !j.Finished() && time.Since(j.Created) > abandonedAge
}

// removeExpired removes a job under its lease, if it is still to be removed.
func (f *Fleet) removeExpired(ctx context.Context, id string) error {
	j, err := f.Job(ctx, id)
	if errors.Is(err, ErrNoJob) {
		return nil
	}
	if err != nil || !expired(j) {
		return err
	}
	if err := f.Remove(ctx, id); err != nil || j.State != task.Removed {
		return err // a tombstone's job was purged once more: a late result may have come
	}
	// Not Purge of the bucket, which would leave a mark for ever.
	s, err := f.link.JS.Stream(ctx, "KV_"+schema.BucketJobs)
	if err != nil {
		return fmt.Errorf("remove job %s: %w", id, stream.Explain(err))
	}
	return f.purge(ctx, id, []purge{{s, "$KV." + schema.BucketJobs + "." + id}})
}

type purge struct {
	stream  jetstream.Stream
	subject string
}

func (f *Fleet) purge(ctx context.Context, id string, list []purge) error {
	for _, p := range list {
		if err := p.stream.Purge(ctx, jetstream.WithPurgeSubject(p.subject)); err != nil {
			return fmt.Errorf("remove job %s from %s: %w", id, p.stream.CachedInfo().Config.Name, stream.Explain(err))
		}
	}
	return nil
}
