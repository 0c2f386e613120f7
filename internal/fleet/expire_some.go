package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// What one RemoveExpired does at most. So it costs the same in a store with any number of jobs.
const (
	sampleSize     = 128 // manifests that are read at once
	sampleInactive = 10 * time.Second
	removeParallel = 16 // jobs that are removed at the same time: their round trips overlap
)

// RemoveExpired removes some of the jobs whose time has passed, and some of the tombstones of those removed
// before, unless a supervisor is alive, which removes all. Any process may call it. It leaves a job that another
// process holds, and one that never ended.
//
// It reads the oldest manifests, and then others from a random position on: the oldest ones may be of jobs
// that are kept for long. In a store with more it so finds each expired job after some calls.
func (f *Fleet) RemoveExpired(ctx context.Context) error {
	if name, err := f.supervisor(ctx); err != nil || name != "" {
		return err
	}
	extents, err := f.extents(ctx)
	if err != nil {
		return fmt.Errorf("look for expired jobs: %w", err)
	}
	s, err := f.jobsStream(ctx)
	if err != nil {
		return fmt.Errorf("look for expired jobs: %w", err)
	}
	info, err := s.Info(ctx)
	if err != nil {
		return fmt.Errorf("look for expired jobs: %w", stream.Explain(err))
	}
	starts := []uint64{info.State.FirstSeq}
	if info.State.Msgs > sampleSize {
		starts = append(starts, info.State.FirstSeq+rand.Uint64N(info.State.LastSeq-info.State.FirstSeq+1))
	}
	for _, start := range starts {
		ids, err := f.sampleExpired(ctx, start)
		if err == nil {
			err = f.removeAll(ctx, ids, extents)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sampleExpired returns jobs that have expired, among the sampleSize manifests from that sequence on.
func (f *Fleet) sampleExpired(ctx context.Context, start uint64) (ids []string, _ error) {
	keys, err := f.sampleKeys(ctx, start)
	if err != nil {
		return nil, fmt.Errorf("look for expired jobs: %w", stream.Explain(err))
	}
	found, now := make(map[string]bool), f.Now(ctx)
	for _, k := range keys { // a later revision of a job replaces an earlier one
		j := f.decodeOrLog(k)
		found[k.name] = j != nil && mayRemove(j, now)
	}
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if found[id] {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// mayRemove reports whether RemoveExpired may remove a job at the time now of the server.
func mayRemove(j *task.Job, now time.Time) bool {
	return j.Expires != nil && expired(j, now)
}

// sampleKeys reads sampleSize revisions of manifests from that sequence on, fewer if the bucket ends before.
func (f *Fleet) sampleKeys(ctx context.Context, start uint64) (keys []key, _ error) {
	bucket := schema.BucketStream(schema.BucketJobs)
	c, err := f.link.JS.CreateConsumer(ctx, bucket, jetstream.ConsumerConfig{
		Name: task.NewJobID(time.Now()), FilterSubject: schema.KeyPrefix(schema.BucketJobs) + "*", AckPolicy: jetstream.AckNonePolicy,
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(start, 1),
		MemoryStorage: true, Replicas: 1, InactiveThreshold: sampleInactive,
	})
	if err != nil {
		return nil, err
	}
	defer f.link.NC.PublishRequest(f.link.API+"CONSUMER.DELETE."+bucket+"."+c.CachedInfo().Name, f.link.NC.NewInbox(), nil)
	batch, err := c.FetchNoWait(sampleSize)
	if err != nil {
		return nil, err
	}
	for m := range batch.Messages() {
		meta, err := m.Metadata()
		if err != nil {
			return nil, err
		}
		keys = append(keys, keyOf(m.Subject(), m.Headers(), m.Data(), meta.Sequence.Stream, meta.Timestamp))
	}
	return keys, batch.Error()
}

// removeAll removes those of the jobs that have expired by now, several at the same time.
func (f *Fleet) removeAll(ctx context.Context, ids []string, extents []extent) error {
	errs := make([]error, len(ids))
	var group sync.WaitGroup
	places := make(chan struct{}, removeParallel)
	for i, id := range ids {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			errs[i] = f.removeOne(ctx, id, extents)
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// removeOne removes a job if it has expired and no process holds it.
func (f *Fleet) removeOne(ctx context.Context, id string, extents []extent) error {
	j, revision, err := f.jobRevision(ctx, id)
	if errors.Is(err, ErrNoJob) {
		return nil
	}
	if err != nil || !mayRemove(j, f.Now(ctx)) {
		return err
	}
	_, err = f.removeUnheld(ctx, j, revision, extents)
	return err
}
