package fleet

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A Fleet is a producer's access to the streams. It is safe for concurrent use. A process has one for
// each connection.
type Fleet struct {
	// Set by Open and not changed then. A stream or bucket is a handle: it names the stream and holds
	// no state of it, but for CachedInfo, which is as of Open.
	link                                  *stream.Link
	inputs, results, dead, tasks, returns jetstream.Stream
	jobs, leases, workers                 jetstream.KeyValue
	leaseTTL                              time.Duration // leaseTTL; less in tests
	remindEvery                           time.Duration // see Trust.Remind; less in tests
	returnShare, waitShare                Share         // returnShare, waitShare; less in tests
	fewResults                            uint64        // fewResults; less in tests
	beatInterval                          time.Duration // schema.BeatInterval; less in tests
	lookEvery                             time.Duration // firstLook; less in tests
	born                                  time.Time     // FACTOR_INPUTS was created then
	cacheless                             bool          // the credentials do not permit to use FACTOR_CACHE
	clock                                 clock         // of the server

	// Shared by the goroutines of the process.
	routes     routes
	unreadable unreadableKeys

	tombstonesStay atomic.Bool                      // FACTOR_JOBS has no time to live of single messages
	jobsOf         atomic.Pointer[jetstream.Stream] // set by jobsStream

	cached       cacheBudget               // of the inputs of all jobs
	own          sync.Map                  // job that this process has created -> ownManifest
	held         sync.Map                  // key of FACTOR_LEASES -> true while this process holds that lease
	rejected     atomic.Uint64             // results that this process has refused
	answerCounts sync.Map                  // job -> *answerCount of its holder in this process
	campaigns    sync.Map                  // child -> func() CampaignProgress of its holder in this process
	covers       sync.Map                  // job -> *coverage of a watcher in this process
	manifests    atomic.Pointer[manifests] // while FollowJobs runs, else nil
	letters      feed[*letters]            // dead letters of all jobs; followed only if FollowJobs runs
	trust        feed[*Trust]              // standings of workers
	registry     feed[*Registry]           // heartbeats of workers
}

// Open returns access to the streams of a server that is set up. An error wraps
// stream.ErrNotProvisioned if a stream or bucket is missing. Open waits for a cluster that elects a
// leader, at most for Election. Nothing is followed until it is requested, so that a Fleet needs no
// Close: its goroutines end with the contexts of its users.
func Open(ctx context.Context, nc *nats.Conn, js jetstream.JetStream, o stream.Options) (*Fleet, error) {
	f := &Fleet{
		link: stream.New(nc, js, o), leaseTTL: leaseTTL, remindEvery: remindEvery, returnShare: returnShare, waitShare: waitShare, beatInterval: schema.BeatInterval,
		fewResults: fewResults, lookEvery: firstLook,
	}
	f.letters.begin, f.trust.begin, f.registry.begin = f.newLetters, f.newTrust, f.newRegistry
	if err := f.bind(ctx); err != nil {
		return nil, err
	}
	f.routes.blind, f.routes.ensured = isBlind(nc), make(map[task.Class]time.Time)
	f.born = f.inputs.CachedInfo().Created
	if publish := publishOf(nc); len(publish) > 0 {
		f.cacheless = !schema.HasCache(publish)
	}
	f.warnOfClock()
	return f, nil
}

// bind requests all streams and buckets at the same time, which takes one round trip. Of several errors it
// returns the first in a fixed order.
func (f *Fleet) bind(ctx context.Context) error {
	streams := map[string]*jetstream.Stream{
		schema.StreamInputs: &f.inputs, schema.StreamTasks: &f.tasks, schema.StreamResults: &f.results, schema.StreamReturns: &f.returns, schema.StreamDead: &f.dead,
	}
	buckets := map[string]*jetstream.KeyValue{schema.BucketJobs: &f.jobs, schema.BucketLeases: &f.leases, schema.BucketWorkers: &f.workers}
	var requests []func() error
	for _, name := range slices.Sorted(maps.Keys(streams)) {
		requests = append(requests, func() error { return f.bindStream(ctx, name, streams[name]) })
	}
	for _, name := range slices.Sorted(maps.Keys(buckets)) {
		requests = append(requests, func() error { return f.bindBucket(ctx, name, buckets[name]) })
	}
	return together(requests...)
}

// bindStream requests a stream, and learns the server's time.
func (f *Fleet) bindStream(ctx context.Context, name string, at *jetstream.Stream) error {
	return f.link.RetryStart(ctx, func() error {
		before := localNow()
		s, err := f.link.JS.Stream(ctx, name)
		if err != nil {
			return stream.NotProvisioned("stream", name, err)
		}
		f.clock.observe(before, localNow(), s.CachedInfo().TimeStamp)
		*at = s
		return nil
	})
}

// bindBucket requests a bucket.
func (f *Fleet) bindBucket(ctx context.Context, name string, at *jetstream.KeyValue) error {
	return f.link.RetryStart(ctx, func() error {
		kv, err := f.link.JS.KeyValue(ctx, name)
		if err != nil {
			return stream.NotProvisioned("bucket", name, err)
		}
		*at = kv
		return nil
	})
}

// together calls all functions at the same time, waits for all, and returns the first error in their order. Each
// is a request: on a slow network, requests that do not depend on each other so take one round trip.
func together(requests ...func() error) error {
	errs := make([]error, len(requests))
	var group sync.WaitGroup
	for i, request := range requests {
		group.Go(func() { errs[i] = request() })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Retry calls try until it succeeds, or fails for a reason that does not pass by itself, or ctx
// ends, without a limit of time: a job outlives a restart of the server. try must be harmless if done
// twice, since an attempt whose answer was lost may have had its effect.
func (f *Fleet) Retry(ctx context.Context, try func() error) error { return f.link.Retry(ctx, try) }

// Connected reports whether the connection to the server is up now.
func (f *Fleet) Connected() bool { return f.link.NC.IsConnected() }

// Election returns how long a cluster may take until all its servers have the same state again. Something
// that is missing for longer is lost; before that, the server that answers may be behind.
func (f *Fleet) Election() time.Duration { return f.link.Election() }
