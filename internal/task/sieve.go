package task

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

// Limits of the messages of a campaign.
const (
	MaxSieveParams = 1 << 10 // bytes of the parameters of a sieve
	// MaxYieldRelations bounds the relations of a yield in bytes, and MaxYieldBytes the whole message.
	MaxYieldRelations = 384 << 10
	MaxYieldEvidence  = 64 << 10 // bytes of the evidence of a yield: 1024 groups of curves
	MaxYieldBytes     = MaxYieldRelations + 1<<10
	// FirmTime: a task of a part, of either kind, whose Time is no longer is not ended early for ordinary tasks.
	// Supervisors issue such tasks while ordinary tasks wait, for the slots that are left to the part.
	FirmTime = 4 * time.Second
	// MaxSieveTime bounds the time of a sieve task. Workers stop then, whatever the task says.
	MaxSieveTime = time.Minute
)

const (
	// SieveRevision is siqs.Revision, by which workers and supervisors know whether they can sieve together.
	SieveRevision = 1
	// PartSchema is the value of SchemaHeader of tasks of parts while workers are alive that cannot run them. A worker
	// that does not know tasks of parts would store a dead letter for each task that has the value Schema. One with a
	// schema that it does not know it hands back, and then it requests no task of the class for up to half a minute.
	PartSchema = "2"
)

// A SieveTask is the content of a task of kind KindSieve: sieve the coefficients whose numbers are in the range of
// the task, in ascending order, until Time has passed. The worker publishes what it finds as yields. All fields are
// the sender's; the worker checks Params.
type SieveTask struct {
	Params []byte        // of siqs.Params, 1 to MaxSieveParams bytes
	Time   time.Duration // wall-clock time; above MaxSieveTime it counts as MaxSieveTime
	Flush  time.Duration // wall-clock time after which found relations are published
}

// Field numbers of taskpb.Sieve, and that of the message in taskpb.Task.
const (
	sieveParams = 1
	sieveTime   = 2
	sieveFlush  = 3

	taskSieve = taskFields
)

// appendField appends s as the field taskSieve of a taskpb.Task.
func (s *SieveTask) appendField(b []byte) []byte {
	m := appendColumn(make([]byte, 0, 32+len(s.Params)), sieveParams, s.Params)
	m = appendScalar(m, sieveTime, uint64(s.Time))
	m = appendScalar(m, sieveFlush, uint64(s.Flush))
	return protowire.AppendBytes(protowire.AppendTag(b, taskSieve, protowire.BytesType), m)
}

// sieveTask returns the sieve task of m, nil if m is nil.
func sieveTask(m *taskpb.Sieve) (*SieveTask, error) {
	if m == nil {
		return nil, nil
	}
	if n := len(m.Params); n == 0 || n > MaxSieveParams {
		return nil, fmt.Errorf("sieve parameters of %d bytes, expected 1 to %d", n, MaxSieveParams)
	}
	return &SieveTask{Params: m.Params, Time: duration(m.TimeNs), Flush: duration(m.FlushNs)}, nil
}

// A Yield is what one worker found for a range of coefficients, all of which it has sieved completely, or for a range
// of groups of curves, all of which it has run completely. The part (the job), the range and the worker are in its
// subject.
type Yield struct {
	Kind      string
	Worker    string        // the name in the subject must be the same
	Version   string        // of the worker, as it claims
	Params    uint64        // siqs.Params.Sum
	CPU, Wall time.Duration // as the worker claims
	Relations []byte        // as package siqs encodes them; at most MaxYieldRelations bytes; none is valid

	// Of kind KindECM. The curves of a yield with a divisor end with the group that has found it.
	B1       uint64  // that of the task
	Evidence []byte  // EvidenceBytes for each curve, group by group; at most MaxYieldEvidence bytes
	Divisor  nat.Nat // of the composite, as the worker claims; 0 = none was found
	Sigma    uint64  // of the curve that has found Divisor, as the worker claims
}

var errYield = errors.New("yield: it is too long")

// Encode returns the wire form of y. Requires at most MaxYieldRelations bytes of relations.
func (y *Yield) Encode() []byte {
	return marshal(&taskpb.Yield{
		Kind: y.Kind, Worker: y.Worker, Version: strings.ToValidUTF8(y.Version, "?"),
		Params: y.Params, CpuNs: uint64(y.CPU), WallNs: uint64(y.Wall), Relations: y.Relations,
		B1: y.B1, Evidence: y.Evidence, Divisor: y.Divisor.AppendBytes(nil), Sigma: y.Sigma,
	})
}

// DecodeYield is the inverse of Encode. A decoded yield has at most MaxYieldRelations bytes of relations. Whether they
// hold is left to the caller.
func DecodeYield(b []byte) (*Yield, error) {
	if len(b) > MaxYieldBytes {
		return nil, errYield
	}
	var m taskpb.Yield
	if err := unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("yield: %w", err)
	}
	if len(m.Relations) > MaxYieldRelations || len(m.Evidence) > MaxYieldEvidence {
		return nil, errYield
	}
	if len(m.Evidence)%GroupEvidence != 0 {
		return nil, fmt.Errorf("yield: %d bytes of evidence are no whole groups", len(m.Evidence))
	}
	divisor := nat.FromBytes(m.Divisor)
	if divisor.BitLen() > MaxPartBits {
		return nil, fmt.Errorf("yield: a divisor of %d bits, expected at most %d", divisor.BitLen(), MaxPartBits)
	}
	return &Yield{
		Kind: m.Kind, Worker: m.Worker, Version: OneLine(m.Version), Params: m.Params,
		CPU: duration(m.CpuNs), Wall: duration(m.WallNs), Relations: m.Relations,
		B1: m.B1, Evidence: m.Evidence, Divisor: divisor, Sigma: m.Sigma,
	}, nil
}

// The beginnings of the wire forms of the tasks of campaigns: Kind is the first field.
var (
	sievePrefix = appendText(nil, taskKind, KindSieve)
	ecmPrefix   = appendText(nil, taskKind, KindECM)
)

// IsPartTask reports whether b is a task of a campaign, of kind KindSieve or KindECM, as Encode writes it, without
// decoding it. It says nothing about the rest.
func IsPartTask(b []byte) bool {
	return bytes.HasPrefix(b, sievePrefix) || bytes.HasPrefix(b, ecmPrefix)
}
