package task

import (
	"encoding/json"
	"fmt"
	"time"
)

// State of a job, in the order in which it changes; Cancelled and Removed may
// follow any.
type State string

const (
	Open      State = "open"      // its input is still being read
	Sealed    State = "sealed"    // all its input is stored
	Done      State = "done"      // every number is verified or accounted for
	Cancelled State = "cancelled" // stopped by the user
	Removed   State = "removed"   // a tombstone: the id may not be used again yet
)

// A Job is the manifest of one submit, the value of its key in FACTOR_JOBS. It is
// JSON so that a person with the nats CLI can read it.
type Job struct {
	ID      string        `json:"id"`
	Schema  int           `json:"schema"`
	Kind    string        `json:"kind"`
	Class   Class         `json:"class"`
	Chunk   string        `json:"chunk"`             // the --chunk it was submitted with
	Budget  time.Duration `json:"budget_ns"`         // for one number; 0 = the workers' default
	Certify bool          `json:"certify,omitempty"` // primes of 2^64 and more are to be proved
	Keep    time.Duration `json:"keep_ns"`           // how long it is kept once done; 0 = its submitter removes it
	State   State         `json:"state"`
	Note    string        `json:"note,omitempty"` // why it ended as it did, for a person

	Created time.Time  `json:"created"`
	Ended   *time.Time `json:"ended,omitempty"`
	Expires *time.Time `json:"expires,omitempty"` // when it may be removed

	// Known once it is sealed.
	Count    uint64        `json:"count"`             // accepted numbers
	Work     time.Duration `json:"work_ns"`           // predicted, on one core
	CutOff   bool          `json:"cut_off,omitempty"` // its submitter died before it had read all input
	Digest   string        `json:"sha256,omitempty"`  // of the canonical numbers, a decimal and a newline each
	BadCount uint64        `json:"bad_count"`         // tokens that are no numbers
	Bad      []BadToken    `json:"bad,omitempty"`     // the first MaxBad of them

	// Known once it is done.
	Verified   uint64 `json:"verified"`   // numbers with a verified answer
	Unfinished uint64 `json:"unfinished"` // of these, numbers with a composite left over
	Dead       uint64 `json:"dead"`       // numbers given up
}

// MaxBad is how many bad tokens a manifest keeps.
const MaxBad = 100

// A BadToken is a piece of input that is not a number.
type BadToken struct {
	Source string `json:"source"` // file name, "-" or "argument"
	Line   uint64 `json:"line"`   // from 1; 0 for arguments
	Text   string `json:"text"`   // shortened
	Why    string `json:"why"`
}

// Finished reports whether the job has come to its end.
func (j *Job) Finished() bool { return j.State == Done || j.State == Cancelled || j.State == Removed }

// Encode returns the JSON of j.
func (j *Job) Encode() []byte {
	b, err := json.Marshal(j)
	if err != nil { // no field of it can fail
		panic("task: internal error: " + err.Error())
	}
	return b
}

// DecodeJob is the inverse of Encode. It checks no field, but that Encode can write it again.
func DecodeJob(b []byte) (*Job, error) {
	j := new(Job)
	if err := json.Unmarshal(b, j); err != nil {
		return nil, fmt.Errorf("job manifest: %w", err)
	}
	for _, t := range []*time.Time{&j.Created, j.Ended, j.Expires} {
		if t == nil {
			continue
		}
		*t = t.UTC()                               // one form for each time
		if _, err := t.MarshalText(); err != nil { // JSON reads times that it does not write
			return nil, fmt.Errorf("job manifest: %w", err)
		}
	}
	if len(j.Bad) == 0 {
		j.Bad = nil // an empty list is not written
	}
	return j, nil
}
