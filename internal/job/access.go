package job

import (
	"context"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// access is what the loop reads and changes of its job outside of the process. The methods
// with a context block; the loop calls them in goroutines of their own.
type access interface {
	// manifest reads the manifest.
	manifest(ctx context.Context) (*task.Job, error)
	// feederHolder returns the process that has the feeder's lease; "" if none has.
	feederHolder(ctx context.Context) (string, error)
	// sealCutOff seals the manifest, if it is open, with the numbers that are stored.
	sealCutOff(ctx context.Context) (*task.Job, error)
	// backlog lists TASKS and RETURNS, in this order.
	backlog(ctx context.Context) (*fleet.Backlog, error)
	// lastResult returns the sequence of the last stored result; 0 if there is none.
	lastResult(ctx context.Context) (uint64, error)
	// deadLetters lists DEAD, the sweeper's letters first.
	deadLetters(ctx context.Context) ([]fleet.DeadLetter, error)
	// requeue queues ranges of j with a new round.
	requeue(ctx context.Context, j *task.Job, ranges []task.Range) error
	// stored returns how many numbers are stored, as far as this process knows.
	stored() uint64
	// election is how long the servers of a cluster may contradict each other.
	election() time.Duration
}

// trust tells which workers are not believed. Its methods are safe for concurrent use.
type trust interface {
	Quarantined(worker string) bool
	// Remind tells the workers of quarantines and releases that they have missed.
	Remind(ctx context.Context) error
}

type (
	numbersFunc = func(ctx context.Context, r task.Range) ([]nat.Nat, error)
	rereadFunc  = func(ctx context.Context, seq uint64) ([]byte, error)
)

// streams is the access of this process to one job's streams. It is safe for concurrent use.
type streams struct {
	fleet   *fleet.Fleet
	id      string // of the job
	inputs  *fleet.Inputs
	process string // names this process in leases
}

func newStreams(f *fleet.Fleet, id string, in *fleet.Inputs) *streams {
	return &streams{fleet: f, id: id, inputs: in, process: task.NewJobID(time.Now())}
}

func (s *streams) manifest(ctx context.Context) (*task.Job, error) { return s.fleet.Job(ctx, s.id) }

func (s *streams) feederHolder(ctx context.Context) (string, error) {
	return s.fleet.Holder(ctx, feedLease(s.id))
}

func (s *streams) sealCutOff(ctx context.Context) (*task.Job, error) {
	if err := s.inputs.Reload(ctx); err != nil {
		return nil, err
	}
	return s.fleet.ChangeJob(ctx, s.id, func(j *task.Job) error {
		if j.State == task.Open {
			j.State, j.CutOff, j.Count = task.Sealed, true, s.inputs.Count()
			j.Note = "the submitter died before it had read all input"
		}
		return nil
	})
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
