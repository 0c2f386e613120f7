package task

import (
	"fmt"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
	"factorfleet/internal/text"
)

// A Reason says why a worker hands a range back.
type Reason string

// The reasons. The values are part of the wire format.
const (
	Drained     Reason = "drained"     // the worker shuts down
	Isolate     Reason = "isolate"     // a worker died on the range, or one number of it failed: split it
	Unsupported Reason = "unsupported" // the worker does not support this kind or schema
	TooLarge    Reason = "too large"   // a number is larger than the worker accepts: queue it for one that offers OfferLarge
	Postponed   Reason = "spared"      // a single number whose last delivery is postponed, to another worker
	Elsewhere   Reason = "elsewhere"   // the computation says that another worker may have the answer, and that the number is not at fault
)

// A Return is a range that a worker hands back for another worker. It does not count as
// an attempt.
type Return struct {
	Reason Reason // may be unknown
	Detail string // for people, one line
	Pieces uint32 // number of chunks into which the range is to be cut; 0 counts as 1
}

// Encode returns the wire form of r.
func (r *Return) Encode() []byte {
	return marshal(&taskpb.Return{Reason: string(r.Reason), Detail: OneLine(r.Detail), Pieces: r.Pieces})
}

// DecodeReturn is the inverse of Encode. Reason and Pieces are as the sender claims.
func DecodeReturn(b []byte) (*Return, error) {
	var m taskpb.Return
	if err := unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("return: %w", err)
	}
	return &Return{Reason: Reason(m.Reason), Detail: OneLine(m.Detail), Pieces: m.Pieces}, nil
}

// A Failure says why a range has no answer: the record of one failed attempt, or the
// dead letter after the last attempt. Class, Numbers, Budget and Certify are those of
// the task, so that the range can be requeued.
type Failure struct {
	Kind    string        `json:"Kind"`
	Class   Class         `json:"Class"`
	Worker  string        `json:"Worker"`  // the writer: a worker's name, or "sweeper"
	Version string        `json:"Version"` // of the writer
	Attempt uint32        `json:"Attempt"` // from 1
	Err     string        `json:"Err"`     // one line
	Elapsed time.Duration `json:"Elapsed"`
	Time    time.Time     `json:"Time"`    // to the millisecond
	Numbers []nat.Nat     `json:"Numbers"` // empty if the task could not be decoded
	Budget  time.Duration `json:"Budget"`
	Certify bool          `json:"Certify"`
	// Instance is the process of the worker, as in the key of its heartbeats; "" = not stated.
	Instance string `json:"Instance"`

	// Of the sweeper's dead letters: what supervisors have seen of the attempts, the oldest first, and since when the
	// writer has watched the workers; zero = not stated.
	Seen    []Seen    `json:"Seen"`
	Watched time.Time `json:"Watched"`
}

// The Unix milliseconds of the years 1 to 9999, which JSON can represent.
const (
	firstMilli = -62_135_596_800_000
	lastMilli  = 253_402_300_799_999
)

// Encode returns the wire form of f.
func (f *Failure) Encode() []byte {
	m := &taskpb.Failure{
		Kind: f.Kind, Class: string(f.Class), Worker: f.Worker, Version: f.Version, Attempt: f.Attempt,
		Error: OneLine(f.Err), ElapsedNs: uint64(f.Elapsed), UnixMs: f.Time.UnixMilli(),
		Numbers: encodeNumbers(f.Numbers), BudgetNs: uint64(f.Budget), Certify: f.Certify,
		WatchedMs: milli(f.Watched), Instance: f.Instance,
	}
	encodeSeen(m, f.Seen)
	return marshal(m)
}

// DecodeFailure is the inverse of Encode. Texts become one line; a time outside the
// years 1 to 9999 becomes 1970.
func DecodeFailure(b []byte) (*Failure, error) {
	var m taskpb.Failure
	if err := unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("failure: %w", err)
	}
	numbers, err := decodeNumbers(m.Numbers, MaxCount, maxBitsOf(m.Kind))
	if err != nil {
		return nil, fmt.Errorf("failure: %w", err)
	}
	if m.UnixMs < firstMilli || m.UnixMs > lastMilli {
		m.UnixMs = 0
	}
	return &Failure{
		Kind: OneLine(m.Kind), Class: Class(OneLine(m.Class)), Worker: OneLine(m.Worker), Version: OneLine(m.Version), Attempt: m.Attempt,
		Err: OneLine(m.Error), Elapsed: duration(m.ElapsedNs), Time: time.UnixMilli(m.UnixMs), Numbers: numbers, Budget: duration(m.BudgetNs),
		Certify: m.Certify, Seen: decodeSeen(&m), Watched: fromMilli(m.WatchedMs), Instance: OneLine(m.Instance),
	}, nil
}

// maxText bounds the text of a Return or a Failure, in bytes.
const maxText = 1000

// OneLine makes s, which another process may have written, fit to be printed on one line
// of a terminal and to be sent as a protobuf string of at most maxText bytes.
func OneLine(s string) string { return text.Sanitize(s, maxText) }
