package job

import (
	"context"

	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

// The parts of a loop that follow streams. Each runs in a goroutine of its own until its
// context ends, and only sends to the loop.

// parts returns the parts of a watcher but for the results.
func (s *streams) parts(l *loop) []func(context.Context) error {
	parts := []func(context.Context) error{
		func(ctx context.Context) error { return s.followManifest(ctx, l) },
		func(ctx context.Context) error { return s.followLetters(ctx, l) },
		func(ctx context.Context) error { return s.keepLease(ctx, l) },
	}
	if !l.watch.Supervised {
		parts = append(parts, s.fleet.Sweep)
	}
	return parts
}

// followManifest sends each manifest that is written. One that ends the job ends the loop at
// once, even if the loop waits for the server.
func (s *streams) followManifest(ctx context.Context, l *loop) error {
	return s.fleet.WatchJob(ctx, s.id, func(j *task.Job) {
		l.manifests.put(j)
		if end, ok := manifestEnding(j); ok {
			l.finish(end)
		}
	})
}

// followLetters asks for a review whenever dead letters arrive.
func (s *streams) followLetters(ctx context.Context, l *loop) error {
	return s.fleet.FollowDead(ctx, s.id, l.requestReview)
}

// keepLease takes the job's lease whenever it is free.
func (s *streams) keepLease(ctx context.Context, l *loop) error {
	return s.fleet.Hold(ctx, s.id, s.process, func(ctx context.Context) error {
		l.post(leaseChanged{held: true})
		<-ctx.Done()
		l.post(leaseChanged{held: false})
		return nil
	})
}

// followResults verifies the results as they arrive, and sends them in batches.
func (s *streams) followResults(ctx context.Context, l *loop) error {
	known, err := s.fleet.Trust(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	c := &checker{
		streams: s, log: l.watch.Log.With().Str("job", s.id).Logger(), check: l.collector.Check, trust: known,
		deliver: func(b batch) { l.deliver(b) }, refusals: make(map[task.Range][]string),
	}
	return s.fleet.FollowResults(ctx, s.id, func(arrivals []collect.Arrival, last uint64) error {
		return c.take(ctx, arrivals, last)
	}, func() { l.deliver(caughtUp{known}) })
}
