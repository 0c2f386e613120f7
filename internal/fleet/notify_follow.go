package fleet

import (
	"context"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A ManifestWatch has the functions that FollowManifests calls, in its own goroutine. All but Changed may be nil.
type ManifestWatch struct {
	Changed  func(*task.Job) // a manifest, tombstones too, as it is stored and after each change; it may be kept and changed
	Gone     func(id string) // a manifest was removed
	CaughtUp func()          // once, after all that was stored
	Reopened func(lost bool) // see stream.Source
}

// FollowManifests calls w for the manifest of a job, or for those of all jobs if job is "", until ctx ends, and returns its cause.
// It has a consumer of its own, so that any number of callers may run, and w may block. If the server has lost messages,
// all manifests are delivered again; those that were lost entirely are not reported.
func (f *Fleet) FollowManifests(ctx context.Context, job string, w ManifestWatch) error {
	return f.followKeysAgain(ctx, orAny(job), func(k key) {
		if j := f.decodeOrLog(k); j != nil {
			w.Changed(j)
		} else if w.Gone != nil && task.CheckJob(k.name) == nil {
			w.Gone(k.name)
		}
	}, w.CaughtUp, w.Reopened)
}

// FollowGivenUpAt calls got with the times of the dead letters of the sweeper, those that are stored and new ones, until ctx ends: the job,
// and when the letter was stored, by the server's clock. It has a consumer of its own, so that got may block.
func (f *Fleet) FollowGivenUpAt(ctx context.Context, got func(job string, stored time.Time)) error {
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
