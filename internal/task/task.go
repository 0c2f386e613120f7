// Package task holds the nouns of the fleet and their form on the wire: Range,
// Task, Result, Factorization, Return, Failure and the manifest of a Job.
//
// Encoders panic only on values that this program itself built wrongly. Decoders
// take any bytes: they return an error or a value that keeps its invariants, never
// panic, and allocate at most a small multiple of their input.
package task

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

// Schema is the version of task.proto, sent as SchemaHeader with every message.
const (
	Schema       = "1"
	SchemaHeader = "Factor-Schema"
)

// Limits of what one message may hold.
const (
	MaxCount      = 4096      // numbers in a chunk or an input block
	MaxChunkBytes = 128 << 10 // bytes of the numbers of a chunk
	MaxBlockBytes = 256 << 10 // bytes of the numbers of an input block
	MaxBits       = 16384     // bits of one number
	MaxDigits     = 4933      // decimal digits of 2^MaxBits-1 = 1.18...e4932
)

// Kinds of work.
const (
	KindFactor = "factor" // factor every number completely
	KindSquare = "square" // n -> n*n
)

// Class is the priority of a job's tasks, one durable each.
type Class string

const (
	ClassHi   Class = "hi"
	ClassNorm Class = "norm"
	ClassLow  Class = "low"
)

// Classes lists the built-in classes, most urgent first.
var Classes = []Class{ClassHi, ClassNorm, ClassLow}

// CheckClass returns an error that lists the classes if c is none.
func CheckClass(c Class) error {
	switch c {
	case ClassHi, ClassNorm, ClassLow:
		return nil
	}
	return fmt.Errorf("%.40q is not a priority: use hi, norm or low", c)
}

// A Task is what one message of FACTOR_TASKS asks for. Its range, job, class and
// round are its subject.
type Task struct {
	Kind      string
	Numbers   []nat.Nat
	Budget    time.Duration // wall-clock time for one number; 0 = the worker's default
	Predicted time.Duration // what the cost model expects the whole to take
	Certify   bool          // prove the primes of 2^64 and more, as far as the budget goes
}

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
	return appendScalar(b, taskCertify, protowire.EncodeBool(t.Certify))
}

// DecodeTask is the inverse of Encode. The numbers of a decoded task are at most
// MaxCount and each has at most MaxBits bits.
func DecodeTask(b []byte) (*Task, error) {
	if t, ok := quickTask(b); ok {
		return t, nil
	}
	return decodeTask(b)
}

// decodeTask is DecodeTask by the generated code.
func decodeTask(b []byte) (*Task, error) {
	var m taskpb.Task
	if err := unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	numbers, err := decodeNumbers(m.Numbers, MaxCount, MaxBits)
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	return &Task{
		Kind: m.Kind, Numbers: numbers, Budget: duration(m.BudgetNs), Predicted: duration(m.PredictedNs), Certify: m.Certify,
	}, nil
}

// EncodeBlock returns the wire form of one message of FACTOR_INPUTS.
func EncodeBlock(numbers []nat.Nat) []byte {
	s := sizesOf(numbers)
	return appendNumbers(make([]byte, 0, s.total()+nat.Slack), numbers, s)
}

// DecodeBlock is the inverse of EncodeBlock.
func DecodeBlock(b []byte) ([]nat.Nat, error) {
	if numbers, ok := quickNumbers(b, MaxCount); ok {
		return numbers, nil
	}
	return decodeBlock(b)
}

// decodeBlock is DecodeBlock by the generated code.
func decodeBlock(b []byte) ([]nat.Nat, error) {
	var m taskpb.Numbers
	if err := unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("input block: %w", err)
	}
	numbers, err := decodeNumbers(&m, MaxCount, MaxBits)
	if err != nil {
		return nil, fmt.Errorf("input block: %w", err)
	}
	return numbers, nil
}

var (
	errColumns = errors.New("columns of different length")
	errTooMany = errors.New("too many numbers")
	errTooLong = errors.New("a number is too long")
)

func encodeNumbers(numbers []nat.Nat) *taskpb.Numbers {
	size := 0
	for _, n := range numbers {
		size += n.ByteLen()
	}
	m := &taskpb.Numbers{Sizes: make([]uint32, len(numbers)), Data: make([]byte, 0, size+nat.Slack)}
	for i, n := range numbers {
		m.Sizes[i] = uint32(n.ByteLen())
		m.Data = n.AppendBytes(m.Data)
	}
	return m
}

func decodeNumbers(m *taskpb.Numbers, most, maxBits int) ([]nat.Nat, error) {
	sizes, data := m.GetSizes(), m.GetData()
	if len(sizes) > most {
		return nil, errTooMany
	}
	numbers := make([]nat.Nat, len(sizes))
	for i, size := range sizes {
		if size > uint32(maxBits)/8 {
			return nil, errTooLong
		}
		if int(size) > len(data) {
			return nil, errColumns
		}
		numbers[i] = nat.FromBytes(data[:size])
		data = data[size:]
	}
	if len(data) != 0 {
		return nil, errColumns
	}
	return numbers, nil
}

// duration clamps what came over the wire to what a time.Duration holds.
func duration(ns uint64) time.Duration { return time.Duration(min(ns, 1<<62)) }

func marshal(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil { // only for strings that are not UTF-8, which ours are
		panic("task: internal error: " + err.Error())
	}
	return b
}

func unmarshal(b []byte, m proto.Message) error {
	return proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(b, m)
}
