// Package job takes one job from its input to its last line of output: the straight
// line that producer and embedded share.
//
// A job is run by one or more processes at once, each of which may die at any point:
//
//   - the feeder reads the input, stores it in FACTOR_INPUTS block by block, cuts it
//     into chunks and queues them;
//   - every watcher reads the results, verifies them against the stored input and
//     prints them;
//   - one of the watchers, the holder of the job's lease, queues again what was lost.
//
// Nothing is remembered but what is in the streams: a watcher that starts later reads
// the same results, and a new holder finds out by itself what is missing.
package job

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

var (
	// ErrCancelled is returned when the job was cancelled.
	ErrCancelled = errors.New("cancelled")
	// ErrBeyondRepair is returned when results for one range were refused again and again.
	ErrBeyondRepair = errors.New("verification failed beyond repair")
	// ErrInputLost is returned when the server has lost numbers of a job. Who submits the
	// same input again under the same id, stores them again.
	ErrInputLost = fleet.ErrInputLost
	// ErrOutput is wrapped by errors of Watch.Emit.
	ErrOutput = errors.New("write results")
)

// DefaultKeep is how long a job that somebody may come back to stays after its end.
const DefaultKeep = 30 * 24 * time.Hour

// A Submission is what is to be done.
type Submission struct {
	ID       string // "" = a new one is made
	Kind     string
	Class    task.Class
	Chunking plan.Chunking
	Budget   time.Duration // for one number; 0 = the workers' default
	Certify  bool          // prove the primes of 2^64 and more; of kind factor
	Keep     time.Duration // after the end; 0 = it is removed once printed
	Sources  []input.Source
	OnBad    func(task.BadToken) // called for each piece of input that is no number
}

// A Watch says how a job's answers are wanted.
type Watch struct {
	Emit     func(*collect.Item) error // one number's answer, its Factors valid during the call; see collect.Config
	Flush    func() error              // called when nothing more is there for the moment; may be nil
	Ordered  bool
	Private  bool              // nobody else can know the job: nothing is written about its end
	Swept    bool              // this process runs a sweeper already
	Slots    func() int        // how many numbers the fleet works on at a time, for cutting; may be nil
	Status   func(string)      // what is being waited for, for a person; "" = nothing; may be nil
	Progress *plan.JobProgress // filled if not nil
	Log      zerolog.Logger
}

// A Summary is how a job ended.
type Summary struct {
	Job task.Job
	collect.Counts
	Missing  uint64 // numbers without an answer: only of Results, which does not wait
	Requeued uint64 // ranges queued again by this process
}

// Clean reports whether every token was a number and every number is done completely.
func (s *Summary) Clean() bool {
	return s.Complete() && s.Job.BadCount == 0 && s.Unfinished == 0 && s.Counts.Dead == 0 && !s.Job.CutOff
}

// Complete reports whether all input was read and each of its numbers was answered or
// given up.
func (s *Summary) Complete() bool {
	return s.Missing == 0 && (s.Job.State == task.Sealed || s.Job.State == task.Done)
}

// A run is one process's part in one job.
type run struct {
	f      *fleet.Fleet
	watch  Watch
	inputs *fleet.Inputs
	holder string // this process, in leases

	manifest atomic.Pointer[task.Job] // as last seen
	fed      bool                     // this process is or was the feeder
	feeding  atomic.Bool              // and has not read all its input
	holding  atomic.Bool              // this process is the holder
	requeued atomic.Uint64

	joined   chan struct{} // closed once the input is known to be this job's: before, nothing is printed
	reviews  chan struct{} // capacity 1: somebody wants a review
	caughtUp chan struct{} // closed once every result that was stored at the start is dealt with
	seen     atomic.Uint64 // sequence of the last result dealt with
	finished atomic.Uint64 // results accepted
	moved    atomic.Int64  // when one was last accepted, unix nanoseconds

	told sync.Once // progress knows how much there is

	trust *fleet.Trust // set before caughtUp is closed

	mu       sync.Mutex // guards below, and that only one goroutine emits or flushes
	c        *collect.Collector
	refusals map[task.Range][]string // whose results were refused; of at most maxRefusedRanges
}

func newRun(f *fleet.Fleet, j *task.Job, in *fleet.Inputs, w Watch) *run {
	if w.Flush == nil {
		w.Flush = func() error { return nil }
	}
	if w.Status == nil {
		w.Status = func(string) {}
	}
	if w.Slots == nil {
		w.Slots = func() int { return 0 }
	}
	if w.Progress == nil {
		w.Progress = new(plan.JobProgress)
	}
	r := &run{
		f: f, watch: w, inputs: in, holder: task.NewJobID(time.Now()),
		joined: make(chan struct{}), reviews: make(chan struct{}, 1), caughtUp: make(chan struct{}),
		refusals: make(map[task.Range][]string),
	}
	r.manifest.Store(j)
	r.c = collect.New(collect.Config{
		Kind: j.Kind, Ordered: w.Ordered,
		Numbers: in.Numbers,
		Reread:  f.Result,
		Emit: func(item *collect.Item) error {
			if err := w.Emit(item); err != nil {
				return fmt.Errorf("%w: %w", ErrOutput, err)
			}
			return nil
		},
	})
	return r
}

func (r *run) id() string { return r.manifest.Load().ID }

// Submit runs a job as its feeder and watcher until it has ended. A job of that id
// that exists already is joined if its input is the same as far as it is stored, else
// the error wraps fleet.ErrDiffers. When ctx ends the job goes on, and the error is
// ctx's cause; started is called with the id once the job exists.
func Submit(ctx context.Context, f *fleet.Fleet, s Submission, w Watch, started func(id string)) (*Summary, error) {
	r, feeder, err := newFeeding(ctx, f, s, w, started)
	if err != nil {
		return nil, err
	}
	return r.until(ctx, feeder)
}

// Feed stores and queues the input of a job and returns, without waiting for answers.
func Feed(ctx context.Context, f *fleet.Fleet, s Submission, w Watch, started func(id string)) (*task.Job, error) {
	r, feeder, err := newFeeding(ctx, f, s, w, started)
	if err != nil {
		return nil, err
	}
	return r.feedOnly(ctx, feeder)
}

// newFeeding creates the job, or joins it, and returns this process's part in it.
func newFeeding(ctx context.Context, f *fleet.Fleet, s Submission, w Watch, started func(id string)) (*run, *feeder, error) {
	feeder, err := begin(ctx, f, s)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	started(feeder.job.ID)
	r := newRun(f, feeder.job, feeder.inputs, w)
	feeder.attach(r)
	return r, feeder, nil
}

// Wait runs a job as a watcher until it has ended.
func Wait(ctx context.Context, f *fleet.Fleet, id string, w Watch) (*Summary, error) {
	j, in, err := open(ctx, f, id)
	if err != nil {
		return nil, err
	}
	if n := in.Count(); n < j.Count {
		return nil, inputLost(id, j.Count, n)
	}
	return newRun(f, j, in, w).until(ctx, nil)
}

// inputLost says how much of a job's input is left.
func inputLost(id string, count, left uint64) error {
	return fmt.Errorf("%w: of the %d numbers of job %s only the first %d are whole", ErrInputLost, count, id, left)
}

// open looks up a job that is there.
func open(ctx context.Context, f *fleet.Fleet, id string) (*task.Job, *fleet.Inputs, error) {
	j, err := f.Job(ctx, id)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	if j.State == task.Removed {
		return nil, nil, fmt.Errorf("%w: %s was removed", fleet.ErrNoJob, id)
	}
	in, err := f.Inputs(ctx, id)
	return j, in, err
}

// Results emits the verified answers that are there now and the numbers that were
// given up, in order if w says so, and returns without waiting for more.
func Results(ctx context.Context, f *fleet.Fleet, id string, w Watch) (*Summary, error) {
	j, in, err := open(ctx, f, id)
	if err != nil {
		return nil, err
	}
	emit, missing := w.Emit, uint64(0)
	w.Emit = func(item *collect.Item) error {
		if item.Dead == notThere {
			missing++
			return nil
		}
		return emit(item)
	}
	s, err := newRun(f, j, in, w).present(ctx)
	s.Missing = missing + max(j.Count, in.Count()) - in.Count() // and what the server has lost
	return s, err
}
