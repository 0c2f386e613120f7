package task

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

// Limits of tasks of kind KindECM.
const (
	CurvesOfGroup = 8                             // curves of a group, the unit of a range
	EvidenceBytes = 8                             // evidence of one curve
	GroupEvidence = CurvesOfGroup * EvidenceBytes // of a group

	MaxB1 = 1 << 30
	MaxB2 = 1 << 48
	// MaxCurvesTime bounds the time of a task. The worker ends the group that runs then.
	MaxCurvesTime = time.Minute
	// MaxWorkDigits bounds the ECM effort that was spent on a number before.
	MaxWorkDigits = 100
)

// A CurvesTask is the content of a task of kind KindECM: run the groups of curves whose numbers are in the range of the
// task, in ascending order, and begin none after Time has passed. Curve i of group g is that of ecm.Sigma(Seed,
// CurvesOfGroup*g+i). The worker publishes completed groups as yields. All fields are the sender's.
type CurvesTask struct {
	Composite   nat.Nat // 65 to MaxPartBits bits; whether it is odd and composite is left to the worker
	B1, B2      uint64  // 1 <= B1 <= MaxB1, B1 <= B2 <= MaxB2
	Seed        uint64
	Time, Flush time.Duration // wall-clock; a Time above MaxCurvesTime counts as MaxCurvesTime
}

// Field numbers of taskpb.Curves, and those of taskpb.Task that the fast path does not decode.
const (
	curvesComposite = iota + 1
	curvesB1
	curvesB2
	curvesSeed
	curvesTime
	curvesFlush

	taskCurves = taskSieve + 1
	taskWork   = taskCurves + 1

	taskSleep       = taskWork + 1
	taskMaxAttempts = taskWork + 2
	taskBackoff     = taskWork + 3
	taskFormat      = taskWork + 4
	taskKnown       = taskWork + 5
	taskOne         = taskWork + 6
)

// appendField appends c as the field taskCurves of a taskpb.Task.
func (c *CurvesTask) appendField(b []byte) []byte {
	m := appendColumn(make([]byte, 0, 64+c.Composite.ByteLen()), curvesComposite, c.Composite.AppendBytes(nil))
	m = appendScalar(m, curvesB1, c.B1)
	m = appendScalar(m, curvesB2, c.B2)
	m = appendScalar(m, curvesSeed, c.Seed)
	m = appendScalar(m, curvesTime, uint64(c.Time))
	m = appendScalar(m, curvesFlush, uint64(c.Flush))
	return protowire.AppendBytes(protowire.AppendTag(b, taskCurves, protowire.BytesType), m)
}

// curvesTask returns the task of m, nil if m is nil.
func curvesTask(m *taskpb.Curves) (*CurvesTask, error) {
	if m == nil {
		return nil, nil
	}
	c := &CurvesTask{
		Composite: nat.FromBytes(m.Composite), B1: m.B1, B2: m.B2, Seed: m.Seed,
		Time: duration(m.TimeNs), Flush: duration(m.FlushNs),
	}
	if err := cmp.Or(checkComposite(c.Composite), checkBounds(c.B1, c.B2)); err != nil {
		return nil, err
	}
	return c, nil
}

// checkBounds checks the bounds of curves.
func checkBounds(b1, b2 uint64) error {
	if b1 < 1 || b1 > MaxB1 || b2 < b1 || b2 > MaxB2 {
		return fmt.Errorf("curves with B1=%d and B2=%d, expected 1 <= B1 <= %d and B1 <= B2 <= %d", b1, b2, uint64(MaxB1), uint64(MaxB2))
	}
	return nil
}

// millidigits returns d in thousandths. Requires 0 <= d <= MaxWorkDigits.
func millidigits(d float64) uint64 { return uint64(math.Round(d * 1000)) }

// workDigits is the inverse of millidigits.
func workDigits(m uint32) (float64, error) {
	if m > 1000*MaxWorkDigits {
		return 0, fmt.Errorf("an earlier effort of %d thousandths of a digit, expected at most %d", m, 1000*MaxWorkDigits)
	}
	return float64(m) / 1000, nil
}

// MaxEffort is the number of entries of an Effort.
const MaxEffort = 16

// An Effort says how many curves were run on one composite, by B1, ascending.
type Effort []LevelEffort

// A LevelEffort is the curves of one B1, which have the B2 that the engine has for it.
type LevelEffort struct {
	B1     uint64 `json:"b1"` // 1 to MaxB1
	Curves uint64 `json:"curves"`
}

// Check returns an error unless there are at most MaxEffort entries, ascending, within their ranges.
func (e Effort) Check() error {
	if len(e) > MaxEffort {
		return fmt.Errorf("an effort at %d levels, expected at most %d", len(e), MaxEffort)
	}
	for i, l := range e {
		if l.B1 < 1 || l.B1 > MaxB1 || l.Curves > MaxPosition || i > 0 && e[i-1].B1 >= l.B1 {
			return errors.New("an effort whose levels are out of order or out of range")
		}
	}
	return nil
}
