package job

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

var (
	// ErrCancelled is wrapped by the error for a job that was cancelled.
	ErrCancelled = errors.New("cancelled")
	// ErrBeyondRepair is wrapped when so many results for one range were refused that no
	// worker seems able to answer it.
	ErrBeyondRepair = errors.New("verification failed beyond repair")
	// ErrInputLost is wrapped when the server has lost numbers of a job. If the same input is
	// submitted with the same id, they are stored again.
	ErrInputLost = fleet.ErrInputLost
	// ErrOutput is wrapped when Watch.Emit or Watch.Flush has failed. The error of that function is
	// wrapped too.
	ErrOutput = errors.New("write results")
)

// DefaultKeep is how long a job is kept after its end if its user knows its id.
const DefaultKeep = 30 * 24 * time.Hour

// A Submission is what a new job has to do. If the job of the ID exists, Kind and Format must be those of the job, and
// Class, Route, Chunking, Budget, Certify, WorkDigits, One, Retries, Sleep, Campaign, Keep and Rules are ignored: those of the
// manifest hold. Reuse is for the numbers that this process stores.
type Submission struct {
	ID       string      // see task.CheckJob; "" = a new one is made
	Kind     string      // task.KindFactor, task.KindSquare, or exec:NAME
	Format   task.Format // of the items of a kind exec:NAME; "" for other kinds
	Replicas int         // workers that must give the same answer to an item, 1 or 2; 0 = 1
	Class    task.Class  // a priority
	Route    string      // what a worker must offer besides the command of the kind: see task.Job.Route; "" = nothing
	Chunking plan.Chunking
	Budget   time.Duration // longest computing time of one number; 0 = the workers' default
	Certify  bool          // prove the primes of 2^64 and more; only for task.KindFactor
	// WorkDigits is the ECM effort that was spent on each number before: see task.Task.WorkDigits.
	WorkDigits float64
	Sleep      time.Duration // that each number takes, only for task.KindSquare: see task.Task.Sleep
	Campaign   string        // when several workers sieve one number: "auto", "always", "never"; "" = auto
	Reuse      bool          // answer numbers of task.KindFactor from the cache, unless Certify is set
	One        bool          // a first factor of each number is enough, see task.Job.One; only for task.KindFactor
	Retries    string        // the job whose unfinished numbers these are; "" = none
	Keep       time.Duration // after the end; 0 = the submitter removes the job once all its answers are printed
	Rules
	Sources  []input.Source
	OnNumber func(position uint64, n nat.Nat) // called for each number when it is read, by one goroutine; may be nil
	OnBad    func(task.BadToken)              // called for each token that is not a number, or no item, by one goroutine; may be nil
}

// A Watch says how a process takes part in a job.
type Watch struct {
	// Emit gets the answer of one number, each number once. The item is valid during the call;
	// see collect.Config. Emit and Flush are called by one goroutine. While Emit blocks, no more
	// results are read. An error ends this process's part in the job.
	Emit  func(*collect.Item) error
	Flush func() error // called when no more answers are at hand; may be nil

	Ordered    bool // answers are emitted in the order of the input
	Private    bool // no other process can know the job: its end is not recorded
	Supervised bool // this process runs a sweeper already, and no user waits: a full store is waited for

	// Leave returns the context of what this process does for the job after its own context has ended.
	// nil = one of 2 s.
	Leave    func() (context.Context, context.CancelFunc)
	Slots    func() int        // numbers that the workers compute at the same time, for the size of chunks; 0 = unknown; may be nil
	Status   func(string)      // what the process waits for, for the user; "" = nothing. Safe for concurrent use; may be nil
	Progress *plan.JobProgress // filled if not nil
	Log      zerolog.Logger

	// Memory is how many bytes the relations and the linear algebra of campaigns may take; 0 = no limit.
	Memory uint64

	audits *askedAudits // of the supervisor, for all its watches; nil otherwise
	busy   *atomic.Bool // of the supervisor: whether numbers of a throttled job wait for their turn; nil otherwise
}

// withDefaults returns w with all functions set.
func (w Watch) withDefaults() Watch {
	if w.Flush == nil {
		w.Flush = func() error { return nil }
	}
	if w.Status == nil {
		w.Status = func(string) {}
	}
	if w.Leave == nil {
		w.Leave = func() (context.Context, context.CancelFunc) { return LeaveWithin(context.Background()) }
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
	Sizes []task.SizeCount // those of the manifest, with the answers that this process has counted

	// Missing counts numbers without an answer. It is 0 after Submit and Wait, unless more input was
	// added to the job while it ended. Results does not wait for answers.
	Missing uint64

	Requeued uint64 // ranges that this process requeued
}

// Clean reports whether every token was a number, and every number was answered completely.
func (s *Summary) Clean() bool {
	return s.Complete() && s.Job.BadCount == 0 && s.Unfinished == 0 && s.Counts.Dead == 0 && !s.Job.CutOff
}

// Complete reports whether all input was read, and each number was answered or given up.
func (s *Summary) Complete() bool {
	return s.Missing == 0 && (s.Job.State == task.Sealed || s.Job.State == task.Done)
}
