package fleet

import (
	"context"
	"fmt"
	"time"

	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// Workers returns the workers that are alive, by name and instance: at most 256 instances of a name. One that
// has died is listed for up to 30 s. It waits for a server that is unreachable.
func (f *Fleet) Workers(ctx context.Context) ([]worker.Status, error) {
	var r *roster
	err := f.link.Retry(ctx, func() (err error) {
		r, err = f.listWorkers(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list workers: %w", stream.Explain(err))
	}
	return r.list(), nil
}

// listWorkers reads the heartbeats once.
func (f *Fleet) listWorkers(ctx context.Context) (*roster, error) {
	r, now := newRoster(), time.Now()
	err := f.watchHeartbeats(ctx, func(b *beat) time.Duration {
		if b == nil {
			return 0
		}
		r.put(*b, now)
		return f.link.Timeout
	})
	return r, err
}
