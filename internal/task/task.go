// Package task holds the domain's types and their wire format: Range, Task, Result,
// Factorization, Certificate, Return, Failure and the manifest of a Job; and SieveTask,
// CurvesTask, Yield, Part and Hint of a campaign, in which many workers work on one composite.
//
// # Wire format
//
// task.proto defines the messages; Job, Part and Hint are JSON. The job, range, class, round and
// worker of a message stand in its subject, not in its payload. Durations are
// nanoseconds. Numbers are big-endian bytes. Lists of a Result are columns: one entry
// for each number of the range, or one for each factor of all numbers.
//
// Encoders panic only on values that this program built wrongly. Decoders accept any
// bytes. They return an error, or a value within the limits below; they never panic, and
// allocate at most a small multiple of their input. They refuse:
//
//	every message  what is not protobuf, or a string that is not UTF-8
//	numbers        more than MaxCount of them, or one of more than MaxBits bits; of the
//	               kinds exec:NAME, and in blocks, more than the bits of MaxItem+1 bytes;
//	               sizes whose sum is not the length of the data
//	Result         more than MaxCount answers, 64*MaxCount factors, or 2*MaxBits bits of a
//	               factor (a square), of the kinds exec:NAME MaxItem+1 bytes; columns of different length; a method index
//	               beyond the list; factor counts whose sum is not the number of
//	               factors; a certificate of more than MaxCertificate bytes
//	Sieve          no parameters, or more than MaxSieveParams bytes of them
//	Curves         a composite of a size that no part has; bounds beyond MaxB1 and MaxB2
//	Yield          more than MaxYieldBytes; evidence of a part of a group, or more than
//	               MaxYieldEvidence bytes of it
//	Hint           more than MaxHintBytes; values that no supervisor sends
//
// They accept unknown fields, which they drop, and clamp durations to 2^62 ns (146
// years). Texts for people become one line of at most 1,000 bytes. A decoder checks the
// form only: package verify checks whether answers are true.
package task

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

// Schema is the version of task.proto. Every message carries it in the header
// SchemaHeader.
const (
	Schema       = "1"
	SchemaHeader = "Factor-Schema"
)

// Limits of one message.
const (
	MaxCount      = 4096      // numbers in a chunk or an input block
	MaxChunkBytes = 128 << 10 // bytes of the numbers of a chunk
	MaxBlockBytes = 256 << 10 // bytes of the numbers of an input block
	MaxBits       = 16384     // bits of one number
	MaxDigits     = 4933      // decimal digits of 2^MaxBits-1 = 1.18...e4932
)

// Kinds of work.
const (
	KindFactor = "factor" // the prime factors of n
	KindSquare = "square" // n*n, to measure the queue alone
	KindSieve  = "sieve"  // relations of one composite; its tasks have no numbers, and its jobs are parts: see Part
	KindECM    = "ecm"    // curves of one composite; as KindSieve otherwise

	// ExecPrefix begins the kinds whose items a command computes that the worker's operator has named: see ExecName.
	ExecPrefix = "exec:"
)

// A Task is the payload of one message of FACTOR_TASKS. Its Address is the subject.
type Task struct {
	Kind      string
	Numbers   []nat.Nat     // one for each position of the range
	Budget    time.Duration // CPU time for one number; 0 = the worker's default
	Predicted time.Duration // sum of the cost model over Numbers, on one core
	Certify   bool          // prove the primes of 2^64 and more within the budget
	Sieve     *SieveTask    // of kind KindSieve, which has no Numbers; else nil
	Curves    *CurvesTask   // of kind KindECM, which has no Numbers; else nil

	// WorkDigits is the ECM effort that was spent on each number before: 35 says that a factor of 35 digits would have
	// been missed with probability 1/e. 0 to MaxWorkDigits, in thousandths.
	WorkDigits float64

	Sleep       time.Duration   // of kind KindSquare: the wall-clock time that each number takes, at most MaxSleep
	MaxAttempts int             // failed attempts after which a number is given up; 0 = the default
	Backoff     []time.Duration // after attempt 1, 2, ...; the last one for all further ones; nil = the default; at most MaxBackoffs
	Format      Format          // of items; "" = FormatLines

	Known []Known // of kind KindFactor: divisors of some numbers, ascending in At
	One   bool    // of kind KindFactor: a proper factor is enough, see Job.One
}

// MaxSleep is the longest Sleep of a Task. A longer one in a message counts as this.
const MaxSleep = time.Hour

// Encode returns the wire form of t.
func (t *Task) Encode() []byte {
	numbers := sizesOf(t.Numbers)
	total := numbers.total()
	b := make([]byte, 0, 64+len(t.Kind)+total+nat.Slack)
	b = appendText(b, taskKind, t.Kind)
	b = protowire.AppendTag(b, taskNumbers, protowire.BytesType)
	b = appendNumbers(protowire.AppendVarint(b, uint64(total)), t.Numbers, numbers)
	b = appendScalar(b, taskBudget, uint64(t.Budget))
	b = appendScalar(b, taskPredicted, uint64(t.Predicted))
	b = appendScalar(b, taskCertify, protowire.EncodeBool(t.Certify))
	if t.Sieve != nil {
		b = t.Sieve.appendField(b)
	}
	if t.Curves != nil {
		b = t.Curves.appendField(b)
	}
	return t.appendRules(appendScalar(b, taskWork, millidigits(t.WorkDigits)))
}

// DecodeTask is the inverse of Encode. A decoded task has at most MaxCount numbers of
// at most MaxBits bits each, or items of at most MaxItem bytes; whether they are as many as its range is left to the caller.
func DecodeTask(b []byte) (*Task, error) {
	if t, ok := fastDecodeTask(b); ok {
		return t, nil
	}
	return decodeTask(b)
}

// decodeTask is DecodeTask with the generated code.
func decodeTask(b []byte) (*Task, error) {
	var m taskpb.Task
	if err := unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	numbers, err := decodeNumbers(m.Numbers, MaxCount, maxBitsOf(m.Kind))
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	sieve, err := sieveTask(m.Sieve)
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	curves, err := curvesTask(m.Curves)
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	known, _ := decodeKnown(m.Known, len(numbers)) // hints
	work, err := workDigits(m.WorkMillidigits)
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	return &Task{
		Kind: m.Kind, Numbers: numbers, Budget: duration(m.BudgetNs), Predicted: duration(m.PredictedNs), Certify: m.Certify,
		Sieve: sieve, Curves: curves, WorkDigits: work,
		Sleep: min(duration(m.SleepNs), MaxSleep), MaxAttempts: int(min(m.MaxAttempts, MaxMaxAttempts)), Backoff: backoffs(m.BackoffNs),
		Format: Format(m.Format), Known: known, One: m.One,
	}, nil
}
