// Package fleet has what a producer does with the streams: jobs, inputs, tasks, results,
// returns, dead letters, leases, the registry of workers and what is held against them.
// Package puller is the workers' side; package schema names the streams and subjects,
// package natsconn makes the connection.
//
// Four orders hold everywhere, and the rest follows from them. Inputs are stored before their
// tasks. A result is stored before its task is acked. A dead letter is stored before its task is
// terminated. Listings go TASKS, RETURNS, RESULTS, DEAD, so that a range on its way from one
// stream to the next is seen at least once.
//
// A process follows once what all its jobs share: the manifests if it supervises (FollowJobs), the
// standings of workers (Trust), and dead letters. Its consumers do not grow with its jobs, but for
// one of FACTOR_RESULTS for each job that it watches.
package fleet

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// A Fleet is a producer's access to the streams. It is safe for concurrent use.
type Fleet struct {
	link                                  *stream.Link
	inputs, results, dead, tasks, returns jetstream.Stream
	jobs, leases, workers                 jetstream.KeyValue
	leaseTTL                              time.Duration
	remindEvery                           time.Duration // see Trust.Remind

	unreadable sync.Map                  // key of FACTOR_JOBS -> its revision that was logged
	held       sync.Map                  // job -> true while this process holds its lease
	manifests  atomic.Pointer[manifests] // while FollowJobs runs, else nil
	letters    feed[*letters]
	trust      feed[*Trust]
}

// Open returns access to the streams of a server that is set up. An error wraps
// stream.ErrNotProvisioned if a stream or bucket is missing. Open waits for a cluster that elects a
// leader.
func Open(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, o stream.Options) (*Fleet, error) {
	f := &Fleet{link: stream.New(nc, js, o), leaseTTL: leaseTTL, remindEvery: remindEvery}
	f.letters.begin, f.trust.begin = f.newLetters, f.newTrust
	for name, at := range map[string]*jetstream.Stream{
		schema.StreamInputs: &f.inputs, schema.StreamTasks: &f.tasks, schema.StreamResults: &f.results, schema.StreamReturns: &f.returns, schema.StreamDead: &f.dead,
	} {
		err := f.link.RetryStart(ctx, func() error {
			s, err := js.Stream(ctx, name)
			if err != nil {
				return stream.NotProvisioned("stream", name, err)
			}
			*at = s
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for name, at := range map[string]*jetstream.KeyValue{schema.BucketJobs: &f.jobs, schema.BucketLeases: &f.leases, schema.BucketWorkers: &f.workers} {
		err := f.link.RetryStart(ctx, func() error {
			kv, err := js.KeyValue(ctx, name)
			if err != nil {
				return stream.NotProvisioned("bucket", name, err)
			}
			*at = kv
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Retry calls try until it succeeds, or fails for a reason that does not pass by itself, or ctx
// ends: a job outlives a restart of the server. try must be harmless if done twice.
func (f *Fleet) Retry(ctx context.Context, try func() error) error { return f.link.Retry(ctx, try) }

// Election returns how long a cluster may take until all its servers have the same state again.
func (f *Fleet) Election() time.Duration { return f.link.Election() }
