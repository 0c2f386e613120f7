package task

import (
	"encoding/json"
	"fmt"
	"time"
)

// A State is the state of a job. It changes in this order; Cancelled and Removed may
// follow any state.
type State string

// The states. The values are part of the manifest.
const (
	Open      State = "open"      // its input is still being read
	Sealed    State = "sealed"    // all its input is stored
	Done      State = "done"      // every number is verified or given up
	Cancelled State = "cancelled" // stopped by the user
	Removed   State = "removed"   // a tombstone, which reserves the id
)

// A Job is the manifest of one job, the value of its key in the bucket FACTOR_JOBS. It is
// JSON, so that it can be read with the nats command.
type Job struct {
	ID      string        `json:"id"`
	Schema  int           `json:"schema"`
	Kind    string        `json:"kind"`
	Class   Class         `json:"class"`
	Chunk   string        `json:"chunk"`             // plan.Chunking as text
	Budget  time.Duration `json:"budget_ns"`         // CPU time for one number; 0 = the workers' default
	Certify bool          `json:"certify,omitempty"` // prove the primes of 2^64 and more
	Keep    time.Duration `json:"keep_ns"`           // from Ended to Expires; 0 = its submitter removes it

	Route       string          `json:"route,omitempty"`        // what a worker must offer: see Class.Route; "" = nothing
	Format      Format          `json:"format,omitempty"`       // of the items of kind exec:NAME
	Sleep       time.Duration   `json:"sleep_ns,omitempty"`     // Task.Sleep
	Replicas    int             `json:"replicas,omitempty"`     // workers that must give the same answer to an item; 0 = 1
	MaxAttempts int             `json:"max_attempts,omitempty"` // Task.MaxAttempts
	Backoff     []time.Duration `json:"backoff_ns,omitempty"`   // Task.Backoff

	// When its tasks are queued.
	Throttled  bool       `json:"throttled,omitempty"`   // the holder queues them, not the feeder: see Throttle
	Paused     bool       `json:"paused,omitempty"`      // none, until a user resumes the job
	After      *time.Time `json:"after,omitempty"`       // none before this time of the server's clock
	Deadline   *time.Time `json:"deadline,omitempty"`    // the job is cancelled if no task has begun by this time; nil once one has
	Rate       float64    `json:"rate,omitempty"`        // at most so many numbers a second over the whole fleet; 0 = any
	MaxRunning int        `json:"max_running,omitempty"` // at most so many tasks are queued or run; 0 = any

	// Campaign says when several workers sieve one number: "auto", "always" or "never"; "" = auto.
	Campaign string `json:"campaign,omitempty"`

	// WorkDigits is the ECM effort that was spent on each number before the job, see Task.WorkDigits.
	WorkDigits float64 `json:"work_digits,omitempty"`

	// One: an unfinished answer with a proper factor needs no effort, and workers stop at the first one.
	One bool `json:"one,omitempty"`
	// Retries is the job whose unfinished numbers this one works on; "" = none.
	Retries string `json:"retries,omitempty"`

	State   State  `json:"state"`
	Stopped bool   `json:"stopped,omitempty"` // of a tombstone: the job was cancelled, or removed while it was active
	Note    string `json:"note,omitempty"`    // for people: why the job ended

	// FinishedEarly is when a user ended the work on the job; nil = no user has. Unfinished answers then need no effort.
	FinishedEarly *time.Time `json:"finished_early,omitempty"`

	Created time.Time  `json:"created"`
	Ended   *time.Time `json:"ended,omitempty"`
	Expires *time.Time `json:"expires,omitempty"` // when it may be removed

	// Written is when this manifest was stored, by the server's clock. It is not part of the manifest: package
	// fleet sets it when it reads one. The other times are those of the processes that wrote them.
	Written time.Time `json:"-"`

	// Known once it is sealed.
	Count    uint64        `json:"count"`             // numbers, 0 to MaxPosition
	Work     time.Duration `json:"work_ns"`           // predicted, on one core
	CutOff   bool          `json:"cut_off,omitempty"` // its submitter died, or was stopped, before it had read all input
	Sizes    []SizeCount   `json:"sizes,omitempty"`   // the numbers by size, the smallest class first; nil = unknown
	Digest   string        `json:"sha256,omitempty"`  // hexadecimal, of each number in decimal with a newline
	BadCount uint64        `json:"bad_count"`         // invalid tokens in the input
	Bad      []BadToken    `json:"bad,omitempty"`     // the first MaxBad of them

	// Known once it is done.
	Verified   uint64 `json:"verified"`   // numbers with a verified answer
	Unfinished uint64 `json:"unfinished"` // of the verified ones, those with a composite factor left over, if One those without a proper factor
	Dead       uint64 `json:"dead"`       // numbers given up
}

// MaxBad is the number of bad tokens that a manifest keeps.
const MaxBad = 100

// A BadToken is a piece of the input that is not a number of at most MaxBits bits.
type BadToken struct {
	Source string `json:"source"` // file name, "-" or "argument"
	Line   uint64 `json:"line"`   // from 1; 0 for arguments
	Text   string `json:"text"`   // quoted, and shortened to 40 bytes
	Why    string `json:"why"`    // the rule that it breaks
}

// Finished reports whether the job is done, cancelled or removed.
func (j *Job) Finished() bool { return j.State == Done || j.State == Cancelled || j.State == Removed }

// Encode returns the JSON of j.
func (j *Job) Encode() []byte {
	b, err := json.Marshal(j)
	if err != nil { // no field of it can fail
		panic("task: internal error: " + err.Error())
	}
	return b
}

// DecodeJob is the inverse of Encode. Fields that an older version did not write are zero. It
// refuses what is not JSON of a Job, and times that Encode could not write. It checks no other field.
func DecodeJob(b []byte) (*Job, error) {
	j := new(Job)
	if err := json.Unmarshal(b, j); err != nil {
		return nil, fmt.Errorf("job manifest: %w", err)
	}
	for _, t := range []*time.Time{&j.Created, j.Ended, j.Expires, j.FinishedEarly, j.After, j.Deadline} {
		if t == nil {
			continue
		}
		*t = t.UTC()                               // so that equal times have equal JSON
		if _, err := t.MarshalText(); err != nil { // encoding/json reads times that it cannot write
			return nil, fmt.Errorf("job manifest: %w", err)
		}
	}
	if len(j.Bad) == 0 {
		j.Bad = nil // Encode omits an empty list
	}
	return j, nil
}
