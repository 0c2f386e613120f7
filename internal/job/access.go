package job

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// access is what the loop reads and changes of its job outside of the process. The methods with a
// context block until the server has answered; the loop calls them in goroutines of their own, one
// at a time. Their errors are those of package fleet. After an error the request may have been
// carried out: all of them may be repeated.
type access interface {
	// manifest reads the manifest. An error wraps fleet.ErrNoJob if there is none.
	manifest(ctx context.Context) (*task.Job, error)
	// prepare creates the durable of the job's class if it is missing. It does nothing for a job without a route.
	prepare(ctx context.Context, j *task.Job) error
	// feederHolder returns the process that has the feeder's lease; "" if none has.
	feederHolder(ctx context.Context) (string, error)
	// sealCutOff seals the manifest, if it is open, with the numbers that are stored.
	sealCutOff(ctx context.Context) (*task.Job, error)
	// backlog lists TASKS and RETURNS, in this order; see the package comment.
	backlog(ctx context.Context) (*fleet.Backlog, error)
	// lastResult returns the sequence of the last stored result; 0 if there is none.
	lastResult(ctx context.Context) (uint64, error)
	// deadLetters lists DEAD: the sweeper's letters, and which ranges have letters of workers.
	deadLetters(ctx context.Context) (final []fleet.DeadLetter, claims []fleet.FailureRecord, err error)
	// decideClaims decides about numbers of j that have left the queue with letters of workers: each is given up by a
	// letter of the sweeper, or requeued. It may leave some for the next review. If some have to wait, wait is for
	// how long. The errors are those of requeue.
	decideClaims(ctx context.Context, j *task.Job, numbers []collect.Split) (wait time.Duration, err error)
	// failureRecords lists the records of failed attempts.
	failureRecords(ctx context.Context) ([]fleet.FailureRecord, error)
	// refutable returns which failure records of a list refute is to examine: of numbers that are verified. It does
	// not wait.
	refutable(list []fleet.FailureRecord, verified func(number task.Range) bool) []fleet.FailureRecord
	// refute writes strikes for those of the records that are refuted; see fleet.Refutations.
	refute(ctx context.Context, records []fleet.FailureRecord) error
	// requeue queues ranges of j with a new round, with the numbers of the stored input. An error
	// wraps collect.ErrNoInput if these are not stored. It waits while the store is full.
	requeue(ctx context.Context, j *task.Job, ranges []task.Range) error
	// issueOverdue issues the ranges of list that are overdue once more, and fills in the answers of list.
	issueOverdue(ctx context.Context, j *task.Job, list []heldRange, least time.Duration) error
	// dropTasks removes the tasks of exactly that range, of all rounds.
	dropTasks(ctx context.Context, j *task.Job, r task.Range) error
	// orderFinish tells the workers to end the numbers of the job with what is known of them. It does not wait.
	orderFinish() error
	// dispatch queues tasks of a throttled job, and returns their ranges, ascending. After an error it may have queued any
	// of them. It waits for room in the queue. An error wraps collect.ErrNoInput as that of requeue.
	dispatch(ctx context.Context, o order) ([]task.Range, error)
	// purgeQueue removes the tasks and returns of the job.
	purgeQueue(ctx context.Context) error
	// reload looks for input that other processes have stored.
	reload(ctx context.Context) error
	// begun finds out whether a task of the job has begun; known: one has. If so it removes the deadline from the manifest,
	// and if not it cancels the job, unless the deadline is later. It returns the manifest.
	begun(ctx context.Context, j *task.Job, known bool) (*task.Job, error)
	// now returns the server's time, as far as it is known. It does not wait.
	now() time.Time
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
	// Complain counts a complaint about a worker. It does not block.
	Complain(worker string, what fleet.Complaint)
}

// See collect.Config, whose functions these are.
type (
	writtenFunc = func(ctx context.Context, r task.Range) ([]task.Written, error)
	numbersFunc = func(ctx context.Context, r task.Range) ([]nat.Nat, error)
	rereadFunc  = func(ctx context.Context, seq uint64) ([]byte, time.Time, error)
)

// leastBudget returns the least time that a worker may have had for a number of so many bits, whose task names a
// budget; 0 = none.
func leastBudget(named time.Duration, bits int) time.Duration {
	if named > 0 {
		return named
	}
	return plan.LeastBudget(bits)
}

// streams is the access of this process to one job's streams. It is safe for concurrent use. (The
// tests of the loop have another access, to streams that lose messages and repeat them.)
type streams struct {
	fleet   *fleet.Fleet
	id      string // of the job
	inputs  *fleet.Inputs
	process string // name of this process in leases, unique

	publisher *fleet.Publisher // of the dispatcher; used by one operation of the loop at a time; nil before the first

	failures    atomic.Pointer[fleet.Failures] // set by followFailures
	refutations *fleet.Refutations             // set with failures; used by one operation of the loop at a time
}

func newStreams(f *fleet.Fleet, id string, in *fleet.Inputs) *streams {
	return &streams{fleet: f, id: id, inputs: in, process: task.NewJobID(time.Now())}
}

func (s *streams) manifest(ctx context.Context) (*task.Job, error) { return s.fleet.JobSoon(ctx, s.id) }

func (s *streams) prepare(ctx context.Context, j *task.Job) error {
	if class := j.Queue(); class.Route() != "" && !j.Finished() {
		return s.fleet.EnsureRoutes(ctx, []task.Class{class})
	}
	return nil
}

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

func (s *streams) deadLetters(ctx context.Context) ([]fleet.DeadLetter, []fleet.FailureRecord, error) {
	return s.fleet.DeadRanges(ctx, s.id)
}

func (s *streams) decideClaims(ctx context.Context, j *task.Job, numbers []collect.Split) (time.Duration, error) {
	x := s.failures.Load()
	if x == nil {
		return 0, errors.New("the workers that are alive are not known yet")
	}
	return x.Conclude(ctx, j, s.inputs, numbers)
}

func (s *streams) failureRecords(ctx context.Context) ([]fleet.FailureRecord, error) {
	if s.failures.Load() == nil {
		return nil, nil
	}
	return s.refutations.Records(ctx)
}

func (s *streams) refutable(list []fleet.FailureRecord, verified func(task.Range) bool) []fleet.FailureRecord {
	if len(list) == 0 || s.failures.Load() == nil {
		return nil
	}
	return s.refutations.Select(list, verified)
}

func (s *streams) refute(ctx context.Context, records []fleet.FailureRecord) error {
	if len(records) == 0 {
		return nil
	}
	return s.refutations.Examine(ctx, records)
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
		s.followFailures,
		func(ctx context.Context) error { return s.watchHeartbeats(ctx, l) },
	}
	if !l.watch.Supervised {
		parts = append(parts, s.fleet.Sweep, func(ctx context.Context) error { return s.runCampaigns(ctx, l) })
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

// followFailures gets what decideClaims needs, which is kept up to date until ctx ends. It begins with the process,
// because only a process that has seen the workers for a while knows that no other one is alive.
func (s *streams) followFailures(ctx context.Context) error {
	x, err := s.fleet.Failures(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err == nil {
		s.refutations = x.Refutations(s.id)
		s.failures.Store(x)
	}
	return err
}

// keepLease takes the job's lease whenever it is free, and keeps it until ctx ends or it is lost. The
// holder queues audits.
func (s *streams) keepLease(ctx context.Context, l *loop) error {
	return s.fleet.Hold(ctx, s.id, s.process, func(ctx context.Context) error {
		defer s.fleet.ShowAnswered(s.id, l.answered.Load)()
		l.replicas.reset()
		l.post(leaseChanged{held: true})
		if l.replicated {
			s.keepReplicating(ctx, l) // the answers of commands are not audited
		} else {
			s.keepAuditing(ctx, l)
		}
		l.post(leaseChanged{held: false})
		return nil
	})
}

// followResults verifies the results as they arrive, and sends them in batches. It reads which workers are
// quarantined before it looks at the first result; its consumer is made meanwhile.
func (s *streams) followResults(ctx context.Context, l *loop) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	standings := s.askTrust(ctx, stop)
	forget := func() {}
	defer func() { forget() }()
	c := &checker{
		streams: s, log: l.watch.Log.With().Str("job", s.id).Logger(), check: l.collector.Check, audits: l.audits, early: &l.early,
		replicas: l.replicated, deliver: func(b batch) { l.deliver(b) }, refusals: make(map[task.Range][]string), collector: l.collector,
	}
	return s.fleet.FollowResults(ctx, s.id, func(arrivals []collect.Arrival, last uint64) (err error) {
		if c.trust, err = standings(); err != nil {
			return err
		}
		return c.take(ctx, arrivals, last)
	}, func() {
		forget = s.fleet.KnowCovered(s.id, l.collector.Missing) // before, the sweeper knows more from a listing
		if known, err := standings(); err == nil {
			l.deliver(caughtUp{known})
		}
	})
}

// askTrust requests the standings of workers and returns a function that waits for them. If they cannot be read, that
// function fails, and stop is called with the error.
func (s *streams) askTrust(ctx context.Context, stop context.CancelCauseFunc) func() (*fleet.Trust, error) {
	var known *fleet.Trust
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		if known, err = s.fleet.Trust(ctx); err != nil {
			stop(err)
		}
	}()
	return func() (*fleet.Trust, error) {
		<-done
		return known, err
	}
}
