package task

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

// Reason says why a worker hands a range back.
type Reason string

const (
	Drained     Reason = "drained"     // the worker is leaving
	Isolate     Reason = "isolate"     // an earlier worker died on it, or one number of it failed: cut it up
	Unsupported Reason = "unsupported" // the worker does not know this kind or schema
	Postponed   Reason = "spared"      // a number on its last delivery that is to have it again, elsewhere
)

// A Return is a range handed back for another worker; it spends no delivery.
type Return struct {
	Reason Reason
	Detail string // for a person, one line
	Pieces uint32 // into how many chunks the range is to be cut; 0 and 1 = one
}

// Encode returns the wire form of r.
func (r *Return) Encode() []byte {
	return marshal(&taskpb.Return{Reason: string(r.Reason), Detail: OneLine(r.Detail), Pieces: r.Pieces})
}

// DecodeReturn is the inverse of Encode.
func DecodeReturn(b []byte) (*Return, error) {
	var m taskpb.Return
	if err := unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("return: %w", err)
	}
	return &Return{Reason: Reason(m.Reason), Detail: OneLine(m.Detail), Pieces: m.Pieces}, nil
}

// A Failure says why a range is not done: one failed attempt, or the dead letter
// after the last. A failure without numbers could not even be decoded.
type Failure struct {
	Kind    string
	Class   Class
	Worker  string // who says so: a worker's name, or "sweeper"
	Version string
	Attempt uint32
	Err     string // one line
	Elapsed time.Duration
	Time    time.Time // to the millisecond
	Numbers []nat.Nat
	Budget  time.Duration
	Certify bool
}

// The milliseconds of the years 1 to 9999, which JSON can hold.
const (
	firstMilli = -62_135_596_800_000
	lastMilli  = 253_402_300_799_999
)

// Encode returns the wire form of f.
func (f *Failure) Encode() []byte {
	return marshal(&taskpb.Failure{
		Kind: f.Kind, Class: string(f.Class), Worker: f.Worker, Version: f.Version, Attempt: f.Attempt,
		Error: OneLine(f.Err), ElapsedNs: uint64(f.Elapsed), UnixMs: f.Time.UnixMilli(),
		Numbers: encodeNumbers(f.Numbers), BudgetNs: uint64(f.Budget), Certify: f.Certify,
	})
}

// DecodeFailure is the inverse of Encode.
func DecodeFailure(b []byte) (*Failure, error) {
	var m taskpb.Failure
	if err := unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("failure: %w", err)
	}
	numbers, err := decodeNumbers(m.Numbers, MaxCount, MaxBits)
	if err != nil {
		return nil, fmt.Errorf("failure: %w", err)
	}
	if m.UnixMs < firstMilli || m.UnixMs > lastMilli {
		m.UnixMs = 0
	}
	return &Failure{
		Kind: OneLine(m.Kind), Class: Class(OneLine(m.Class)), Worker: OneLine(m.Worker), Version: OneLine(m.Version), Attempt: m.Attempt,
		Err: OneLine(m.Error), Elapsed: duration(m.ElapsedNs), Time: time.UnixMilli(m.UnixMs), Numbers: numbers, Budget: duration(m.BudgetNs),
		Certify: m.Certify,
	}, nil
}

// OneLine makes s, which a stranger may have written, fit to be printed on one
// line of a terminal and sent as a protobuf string; at most 1,000 bytes of it are
// kept. OneLine(OneLine(s)) = OneLine(s).
func OneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) { // control characters, and those that reorder text
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 1000 {
		s = strings.ToValidUTF8(s[:997], "") + "..."
	}
	return s
}
