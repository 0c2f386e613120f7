package job

import (
	"context"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// access is what the loop reads and changes of its job outside of the process. The methods with a
// context block until the server has answered; the loop calls them in goroutines of their own, one
// at a time. Their errors are those of package fleet. After an error the request may have been
// carried out: all of them may be repeated.
type access interface {
	// manifest reads the manifest. An error wraps fleet.ErrNoJob if there is none.
	manifest(ctx context.Context) (*task.Job, error)
	// feederHolder returns the process that has the feeder's lease; "" if none has.
	feederHolder(ctx context.Context) (string, error)
	// sealCutOff seals the manifest, if it is open, with the numbers that are stored.
	sealCutOff(ctx context.Context) (*task.Job, error)
	// backlog lists TASKS and RETURNS, in this order; see the package comment.
	backlog(ctx context.Context) (*fleet.Backlog, error)
	// lastResult returns the sequence of the last stored result; 0 if there is none.
	lastResult(ctx context.Context) (uint64, error)
	// deadLetters lists DEAD, the sweeper's letters first.
	deadLetters(ctx context.Context) ([]fleet.DeadLetter, error)
	// requeue queues ranges of j with a new round, with the numbers of the stored input. An error
	// wraps collect.ErrNoInput if these are not stored. It waits while the store is full.
	requeue(ctx context.Context, j *task.Job, ranges []task.Range) error
	// stored returns how many numbers are stored, as far as this process knows.
	stored() uint64
	// election is how long the servers of a cluster may contradict each other: what one server does
	// not have for so long is lost.
	election() time.Duration
}

// trust tells which workers are not trusted. Its methods are safe for concurrent use.
type trust interface {
	// Quarantined reports whether the results and dead letters of a worker are ignored.
	Quarantined(worker string) bool
	// Remind tells the workers of quarantines and releases that they have missed.
	Remind(ctx context.Context) error
}

// See collect.Config, whose functions these are.
type (
	numbersFunc = func(ctx context.Context, r task.Range) ([]nat.Nat, error)
	rereadFunc  = func(ctx context.Context, seq uint64) ([]byte, error)
)

// streams is the access of this process to one job's streams. It is safe for concurrent use. (The
// tests of the loop have another access, to streams that lose messages and repeat them.)
type streams struct {
	fleet   *fleet.Fleet
	id      string // of the job
	inputs  *fleet.Inputs
	process string // name of this process in leases, unique
}

func newStreams(f *fleet.Fleet, id string, in *fleet.Inputs) *streams {
	return &streams{fleet: f, id: id, inputs: in, process: task.NewJobID(time.Now())}
}

func (s *streams) manifest(ctx context.Context) (*task.Job, error) { return s.fleet.Job(ctx, s.id) }

func (s *streams) feederHolder(ctx context.Context) (string, error) {
	return s.fleet.Holder(ctx, feedLease(s.id))
}

func (s *streams) sealCutOff(ctx context.Context) (*task.Job, error) {
	return s.cutOff(ctx, "the submitter died before it had read all input")
}

func (s *streams) backlog(ctx context.Context) (*fleet.Backlog, error) {
	return s.fleet.Backlog(ctx, s.id)
}

func (s *streams) lastResult(ctx context.Context) (uint64, error) {
	return s.fleet.LastResult(ctx, s.id)
}

func (s *streams) deadLetters(ctx context.Context) ([]fleet.DeadLetter, error) {
	return s.fleet.DeadRanges(ctx, s.id)
}

func (s *streams) requeue(ctx context.Context, j *task.Job, ranges []task.Range) error {
	return s.fleet.Requeue(ctx, j, s.inputs, ranges)
}

func (s *streams) stored() uint64 { return s.inputs.Count() }

func (s *streams) election() time.Duration { return s.fleet.Election() }

// The parts of a loop that follow streams. Each runs in a goroutine of its own until its context
// ends, and only sends to the loop.

// parts returns the parts of a watcher except the follower of the results, which starts later.
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

// followManifest sends the newest manifest whenever one was written. It returns at once: it leaves a
// goroutine of package fleet that calls putManifest until ctx ends, and perhaps once more after the
// end of the loop.
func (s *streams) followManifest(ctx context.Context, l *loop) error {
	return s.fleet.WatchJob(ctx, s.id, l.putManifest)
}

// followLetters requests a review whenever dead letters arrive.
func (s *streams) followLetters(ctx context.Context, l *loop) error {
	return s.fleet.FollowDead(ctx, s.id, l.requestReview)
}

// keepLease takes the job's lease whenever it is free, and keeps it until ctx ends or it is lost.
func (s *streams) keepLease(ctx context.Context, l *loop) error {
	return s.fleet.Hold(ctx, s.id, s.process, func(ctx context.Context) error {
		l.post(leaseChanged{held: true})
		<-ctx.Done()
		l.post(leaseChanged{held: false})
		return nil
	})
}

// followResults verifies the results as they arrive, and sends them in batches. It reads which
// workers are quarantined before it reads the first result.
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
