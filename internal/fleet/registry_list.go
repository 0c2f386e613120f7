package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// A WorkerList has the workers that are alive.
type WorkerList struct {
	Workers []worker.Status // by name and instance
	Crowds  []Crowd         // by name
}

// A Crowd is a worker name with more heartbeats than are read.
type Crowd struct {
	Worker     string
	Heartbeats int // all of the name
	Shown      int // how many of them are in the list
}

// Workers returns the workers that are alive, by name and instance: at most 256 instances of a name and 4096 in
// all. One that has died is listed for up to 30 s. It waits for a server that is unreachable.
func (f *Fleet) Workers(ctx context.Context) ([]worker.Status, error) {
	list, err := f.ListWorkers(ctx)
	return list.Workers, err
}

// ListWorkers is Workers, and also returns the names that have more heartbeats than are read.
func (f *Fleet) ListWorkers(ctx context.Context) (WorkerList, error) {
	var r *roster
	err := f.link.Retry(ctx, func() (err error) {
		r, err = f.readHeartbeats(ctx)
		return err
	})
	if errors.Is(err, nats.ErrStreamNotFound) { // that of nats.go's watch
		err = stream.NotProvisioned("bucket", schema.BucketWorkers, jetstream.ErrBucketNotFound)
	}
	if err != nil {
		return WorkerList{}, fmt.Errorf("list workers: %w", stream.Explain(err))
	}
	return WorkerList{r.list(), r.crowds()}, nil
}

// aliveWorkers is Workers for callers that come often. It reads no heartbeats if this process has a registry.
func (f *Fleet) aliveWorkers(ctx context.Context) ([]worker.Status, error) {
	if r, ok := f.registry.current(); ok && r.Observed() > 0 {
		return r.Workers(), nil
	}
	return f.Workers(ctx)
}

// readHeartbeats reads all heartbeats once.
func (f *Fleet) readHeartbeats(ctx context.Context) (*roster, error) {
	r, now := newRoster(), time.Now()
	err := f.watchHeartbeats(ctx, func(b *beat) time.Duration {
		if b != nil {
			r.put(*b, now)
		}
		return 0
	})
	return r, err
}

// crowds returns the names of which heartbeats were not read.
func (r *roster) crowds() (list []Crowd) {
	for name, n := range r.names {
		if n.dropped > 0 {
			list = append(list, Crowd{name, len(n.present) + n.dropped, len(n.present)})
		}
	}
	slices.SortFunc(list, func(a, b Crowd) int { return cmp.Compare(a.Worker, b.Worker) })
	return list
}
