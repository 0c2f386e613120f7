package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

const (
	behindMost  = 2 * time.Second // how long a replica of FACTOR_JOBS is waited for that has no manifest yet
	behindPause = 100 * time.Millisecond
)

// JobSoon is Job for a job that may have been created a moment ago, through another server of the cluster: a replica
// that is behind is asked again for two seconds. One server without a cluster is never behind.
func (f *Fleet) JobSoon(ctx context.Context, id string) (*task.Job, error) {
	j, _, err := f.jobSoon(ctx, id)
	return j, err
}

// jobSoon is JobSoon, and returns the revision of the key as well.
func (f *Fleet) jobSoon(ctx context.Context, id string) (*task.Job, uint64, error) {
	j, revision, err := f.jobRevision(ctx, id)
	if !errors.Is(err, ErrNoJob) || task.CheckJob(id) != nil || !f.jobsReplicated(ctx) {
		return j, revision, err
	}
	for end := time.Now().Add(behindMost); errors.Is(err, ErrNoJob) && time.Now().Before(end); {
		if stopped := stream.Sleep(ctx, behindPause); stopped != nil {
			return nil, 0, stopped
		}
		j, revision, err = f.jobRevision(ctx, id)
	}
	return j, revision, err
}

// jobsReplicated reports whether FACTOR_JOBS has more than one replica.
func (f *Fleet) jobsReplicated(ctx context.Context) bool {
	status, err := f.jobs.Status(ctx)
	if err != nil {
		return false
	}
	bucket, ok := status.(*jetstream.KeyValueBucketStatus)
	return ok && bucket.StreamInfo().Config.Replicas > 1
}
