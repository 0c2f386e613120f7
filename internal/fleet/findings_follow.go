package fleet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// ErrReplaced is wrapped if the streams of the fleet were deleted and created again: all jobs of before are lost.
var ErrReplaced = fmt.Errorf("%w: the streams were created again, and the jobs of before are lost", ErrNoJob)

// A process that waits looks at the streams and durables after 2, 4, ... s, then once a minute: a look takes
// thirteen small requests. While something is missing or paused, it looks every 5 s, and soon after a reconnect.
const (
	firstLook   = 2 * time.Second
	longestLook = time.Minute
	troubleLook = 5 * time.Second
)

// FollowFindings looks now and then at what a waiting process depends on, until ctx ends: it then returns the cause. It
// calls changed, from its goroutine, with all that is missing or paused, whenever that has changed. It returns an error
// that wraps stream.ErrNotProvisioned if streams with jobs are gone at two looks in a row, and one that wraps ErrReplaced
// if they were created again. A server that does not answer is neither.
func (f *Fleet) FollowFindings(ctx context.Context, changed func([]Finding)) error {
	var known []Finding
	gone, wait := false, f.lookEvery
	for {
		if err := f.awaitLook(ctx, wait); err != nil {
			return err
		}
		s, err := f.look(ctx)
		if err != nil {
			f.link.Log.Debug().Err(err).Msg("cannot look at the streams, retrying")
			wait = min(2*wait, longestLook)
			continue
		}
		if err := f.lost(s); err != nil && (gone || s.Streams[schema.StreamInputs] != nil) {
			return err
		} else if gone = err != nil; gone {
			wait = f.lookEvery
			continue
		}
		list := waitsFor(Findings(s, Provision{}))
		if !slices.Equal(list, known) {
			known = list
			changed(list)
		}
		if wait = min(2*wait, longestLook); len(list) > 0 {
			wait = min(wait, troubleLook)
		}
	}
}

// Inspect is the function Inspect for the server of this fleet.
func (f *Fleet) Inspect(ctx context.Context, complete bool) (Snapshot, error) {
	return inspect(ctx, f.link, complete)
}

// look is Inspect within the time for one answer, with the permissions of a producer.
func (f *Fleet) look(ctx context.Context) (Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, f.link.Timeout)
	defer cancel()
	return f.Inspect(ctx, false)
}

// awaitLook waits for the given time, and at most for firstLook after a reconnect.
func (f *Fleet) awaitLook(ctx context.Context, wait time.Duration) error {
	reconnects := f.link.NC.Stats().Reconnects
	for end := time.Now().Add(wait); time.Now().Before(end); {
		if f.link.NC.IsClosed() {
			return natsconn.ErrClosed
		}
		if f.link.NC.Stats().Reconnects != reconnects {
			return stream.Sleep(ctx, f.lookEvery/2)
		}
		if err := stream.Sleep(ctx, min(time.Second, time.Until(end))); err != nil {
			return err
		}
	}
	return nil
}

// lost returns an error if the streams without which no job of before can end are missing or new.
func (f *Fleet) lost(s Snapshot) error {
	for _, name := range []string{schema.StreamInputs, schema.BucketStream(schema.BucketJobs)} {
		if s.Streams[name] == nil {
			return stream.NotProvisioned("stream", name, jetstream.ErrStreamNotFound)
		}
	}
	if created := s.Streams[schema.StreamInputs].Created; !created.Equal(f.born) {
		return ErrReplaced
	}
	return nil
}

// waitsFor returns the findings because of which a job may not go on. No job needs the cache.
func waitsFor(list []Finding) (some []Finding) {
	for _, f := range list {
		if (f.Kind == Missing || f.Kind == Paused) && f.of != schema.StreamCache {
			some = append(some, f)
		}
	}
	return some
}
