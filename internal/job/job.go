// Package job takes one job from its input to its last line of output. Package producer and
// package embedded share it.
//
// One or more processes run a job at the same time, and each may die at any point:
//
//   - the feeder reads the input, stores it in FACTOR_INPUTS block by block, cuts it into
//     chunks and queues them;
//   - every watcher reads the results, verifies them against the stored input and prints
//     them;
//   - the holder is the watcher that has the job's lease; it requeues lost ranges.
//
// All that is remembered is in the streams. A watcher that starts later reads the same
// results, and a new holder finds out by itself what is missing.
//
// # Goroutines
//
// In each process one goroutine, the loop, decides everything about the job. The others wait
// for a stream, the input or a timer, and send events to it (event.go, send.go):
//
//	source             goroutine    events
//	the input        > feeder     > inputConfirmed, manifestChanged, inputSealed ─┐
//	FACTOR_RESULTS   > checker    > batch, caughtUp ──────────────────────────────┤
//	FACTOR_JOBS      > manifests  > the newest manifest ──────────────────────────┤
//	FACTOR_DEAD      > letters    > a review is requested ────────────────────────┼─> loop ─> Watch.Emit
//	FACTOR_LEASES    > lease      > leaseChanged ─────────────────────────────────┤    │
//	timers           >            > a review is due ──────────────────────────────┤    │
//	the job's streams> operations > answer, reminded ─────────────────────────────┘    │
//	                       ^                                                           │
//	                       └─────────── one for each step of a review <────────────────┘
//
// Who owns what:
//
//   - The loop owns the collector, the manifest, the state of the review, and whether this
//     process is the holder (loop.go). It alone accepts, gives up, emits and flushes.
//   - The feeder owns the input and the publisher (feed.go). Its states are a table
//     (feed_state.go).
//   - The checker owns the counts of refused results (check.go). It verifies a batch on all
//     cores before the loop gets it. The channel for batches has no buffer: a slow output
//     slows down the checker, and so the messages that the server sends.
//   - An operation owns nothing. It reads or changes the streams once.
//
// How a job ends is a value (ending.go). The first ending wins. Then all goroutines stop, and
// conclude.go does with the streams what that ending needs.
//
// Goroutines share only what is safe for concurrent use: fleet.Fleet, fleet.Inputs,
// fleet.Trust, plan.JobProgress, Watch.Status, collector.Check, and the count of accepted results.
package job

import (
	"errors"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

var (
	// ErrCancelled is wrapped by the error for a job that was cancelled.
	ErrCancelled = errors.New("cancelled")
	// ErrBeyondRepair is wrapped when so many results for one range were refused that no
	// worker seems able to answer it.
	ErrBeyondRepair = errors.New("verification failed beyond repair")
	// ErrInputLost is wrapped when the server has lost numbers of a job. To submit the same
	// input with the same id stores them again.
	ErrInputLost = fleet.ErrInputLost
	// ErrOutput is wrapped by the errors of Watch.Emit and Watch.Flush.
	ErrOutput = errors.New("write results")
)

// DefaultKeep is how long a job is kept after its end if its user knows its id.
const DefaultKeep = 30 * 24 * time.Hour

// A Submission is what a new job has to do.
type Submission struct {
	ID       string // "" = a new one is made
	Kind     string // task.KindFactor or task.KindSquare
	Class    task.Class
	Chunking plan.Chunking
	Budget   time.Duration // for one number; 0 = the workers' default
	Certify  bool          // prove the primes of 2^64 and more; only for task.KindFactor
	Keep     time.Duration // after the end; 0 = the job is removed once its answers are printed
	Sources  []input.Source
	OnBad    func(task.BadToken) // called for each token that is not a number, by one goroutine; may be nil
}

// A Watch says how a process takes part in a job.
type Watch struct {
	// Emit gets the answer of one number. The item is valid during the call; see
	// collect.Config. Emit and Flush are called by one goroutine.
	Emit  func(*collect.Item) error
	Flush func() error // called when no more answers are at hand; may be nil

	Ordered    bool // answers are emitted in the order of the input
	Private    bool // no other process can know the job: its end is not written down
	Supervised bool // this process runs a sweeper already, and no user waits for it

	Slots    func() int        // how many numbers the workers compute at the same time, for cutting; may be nil
	Status   func(string)      // what the process waits for, for the user; "" = nothing. Safe for concurrent use; may be nil
	Progress *plan.JobProgress // filled if not nil
	Log      zerolog.Logger
}

// withDefaults returns w with all functions set.
func (w Watch) withDefaults() Watch {
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
	return w
}

// A Summary is how a job stood when the process's part in it ended.
type Summary struct {
	Job task.Job
	collect.Counts
	Missing  uint64 // numbers without an answer; only of Results, which does not wait
	Requeued uint64 // ranges that this process queued again
}

// Clean reports whether every token was a number, and every number was answered completely.
func (s *Summary) Clean() bool {
	return s.Complete() && s.Job.BadCount == 0 && s.Unfinished == 0 && s.Counts.Dead == 0 && !s.Job.CutOff
}

// Complete reports whether all input was read, and each number was answered or given up.
func (s *Summary) Complete() bool {
	return s.Missing == 0 && (s.Job.State == task.Sealed || s.Job.State == task.Done)
}
