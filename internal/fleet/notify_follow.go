package fleet

import (
	"context"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// FollowManifests calls changed with the manifest of a job, or with those of all jobs for "", tombstones too, as they stand
// and after each change, and caughtUp once when changed has had those that were stored, until ctx ends. It has a consumer
// of its own, so that changed may block. reopened is that of stream.Source. Both may be nil. It returns the error of
// stream.Follow.
func (f *Fleet) FollowManifests(ctx context.Context, job string, changed func(*task.Job), caughtUp func(), reopened func(lost bool)) error {
	return f.followKeysAgain(ctx, orAny(job), func(k key) {
		if j := f.decodeOrLog(k); j != nil {
			changed(j)
		}
	}, caughtUp, reopened)
}

// FollowGivenUp calls got with the dead letters of the sweeper, those that are stored and new ones, until ctx ends: the job,
// and when the letter was stored, by the server's clock. It has a consumer of its own, so that got may block.
func (f *Fleet) FollowGivenUp(ctx context.Context, got func(job string, stored time.Time)) error {
	source := stream.Source{Stream: schema.StreamDead, Filter: schema.DeadPrefix + "*.*." + schema.Sweeper}
	return f.link.Follow(ctx, source, func(batch []stream.Message, _ uint64) error {
		for _, m := range batch {
			if p, err := schema.ParseSubject(m.Subject); err == nil {
				got(p.Job, m.Stored)
			}
		}
		return nil
	}, nil)
}
