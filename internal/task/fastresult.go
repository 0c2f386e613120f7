package task

import (
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
)

// Field numbers of taskpb.Result. The fast path does not decode certificates.
const (
	resultKind = iota + 1
	resultWorker
	resultVersion
	resultAttempt
	resultElapsed
	resultMethods
	resultMethod
	resultCPU
	resultCounts
	resultExponents
	resultStatuses
	resultFactors
	resultCertificateSizes
	resultCertificates
	resultAsked
	resultBudget
	resultWall
	resultKernels
	resultBegan
	resultSpan
	resultChunkCount
	resultChunkBefore
	resultRound
	resultFields // the last field number + 1
)

// resultScalars has the bits of the fields that are varints.
const resultScalars = 1<<resultAttempt | 1<<resultElapsed | 1<<resultAsked | 1<<resultBudget |
	1<<resultBegan | 1<<resultSpan | 1<<resultChunkCount | 1<<resultChunkBefore

// fastMethods is the largest number of methods in a result on the fast path. Numbers below 2^64 have a handful;
// results with more are of few and hard numbers, for which the time to decode does not matter.
const fastMethods = 16

// fastDecodeResult is DecodeResult on the fast path: for a result without certificates and
// with at most fastMethods methods. It returns false if b needs the generated code.
//
// It makes no copy of b: numbers, texts and columns are read from it, and nothing of the result refers to it
// afterwards. All counts are checked against each other before memory is taken, so that a hostile message
// costs no more than its length.
func fastDecodeResult(b []byte) (*Result, bool) {
	var varints [resultFields]uint64
	var bytes [resultFields][]byte
	var methods methodTable
	repeated := func(number protowire.Number, value []byte) bool {
		return number == resultMethods && methods.read(value)
	}
	if !fields(b, resultScalars, varints[:], bytes[:], repeated) ||
		bytes[resultCertificateSizes] != nil || bytes[resultCertificates] != nil {
		return nil, false
	}
	for _, number := range []int{resultKind, resultWorker, resultVersion, resultKernels, resultRound} {
		if !utf8.Valid(bytes[number]) {
			return nil, false
		}
	}
	if bytes[resultMethods] != nil && !methods.readFirst(bytes[resultMethods]) {
		return nil, false
	}
	r := &Result{
		Kind: kindName(bytes[resultKind]), Worker: string(bytes[resultWorker]), Version: string(bytes[resultVersion]),
		Attempt: uint32(varints[resultAttempt]), Elapsed: duration(varints[resultElapsed]),
		Asked: varints[resultAsked], Budget: duration(varints[resultBudget]),
		Origin: originOf(bytes[resultKernels], bytes[resultRound], int64(varints[resultBegan]), varints[resultSpan],
			uint32(varints[resultChunkCount]), uint32(varints[resultChunkBefore])),
	}
	c := columns{
		method: bytes[resultMethod], cpu: bytes[resultCPU], wall: bytes[resultWall], counts: bytes[resultCounts],
		exponents: bytes[resultExponents], statuses: bytes[resultStatuses],
	}
	var ok bool
	if c.factors, ok = splitNumbers(bytes[resultFactors]); !ok || !c.fit() {
		return nil, false
	}
	r.memory = resultMemories.Get().(*resultMemory)
	factors, ok := c.readFactors(r.memory)
	if !ok || !c.readItems(r, factors, methods.names[:methods.count]) {
		r.Release()
		return nil, false
	}
	return r, true
}

// resultMemories holds the memory of released results.
var resultMemories = sync.Pool{New: func() any { return new(resultMemory) }}

// A resultMemory is the memory of the items and of the factors of a result. Exactly one
// Result refers to it, from fastDecodeResult until Release.
type resultMemory struct {
	items   []Factorization
	factors []Factor
}

// mostKept is the largest capacity, in factors, of a released memory that is kept: 2 MiB.
const mostKept = 1 << 16

// resized returns a slice of count elements with arbitrary content, in the memory of old if
// it has the capacity. It clears the other elements of old, so that they keep nothing
// alive.
//
// The caller overwrites all of it, so it is not cleared.
func resized[E any](old []E, count int) []E {
	if old == nil || cap(old) < count {
		return make([]E, count)
	}
	if count < len(old) {
		clear(old[count:])
	}
	return old[:count]
}

// A methodTable lists the methods of a result: names[:count], in the order in which they
// first occur.
type methodTable struct {
	names [fastMethods]string
	count int
}

// read adds the second or a later method of a message; false if there is no room. fields
// passes these before the first one is known, so names[0] is left free.
func (m *methodTable) read(name []byte) bool {
	if m.count++; m.count >= fastMethods || !utf8.Valid(name) {
		return false
	}
	m.names[m.count] = methodName(name)
	return true
}

// readFirst stores the first method of a message, after all calls of read.
func (m *methodTable) readFirst(name []byte) bool {
	m.names[0] = methodName(name)
	m.count++
	return utf8.Valid(name)
}

// methodName returns string(b), without an allocation for the methods of most numbers.
func methodName(b []byte) string {
	switch string(b) {
	case "trial":
		return "trial"
	case "prime":
		return "prime"
	case KindSquare:
		return KindSquare
	}
	return string(b)
}

// columns are the lists of a result. An entry is one byte, except in cpu and wall: a varint.
type columns struct {
	method, cpu, counts []byte // an entry a number
	wall                []byte // an entry a number, or empty
	exponents, statuses []byte // an entry a factor
	factors             packedNumbers
}

// fit reports whether the lengths of the columns fit each other and the limits, and
// whether the entries are one byte.
func (c *columns) fit() bool {
	count, total := len(c.counts), len(c.factors.sizes)
	return count <= MaxCount && len(c.method) == count && total <= maxFactors && len(c.exponents) == total && len(c.statuses) == total &&
		isNarrow(c.method) && isNarrow(c.counts) && isNarrow(c.exponents)
}

// readFactors decodes the factors of all items into m. It returns false if the sizes do
// not fit the data. Requires fit.
func (c *columns) readFactors(m *resultMemory) ([]Factor, bool) {
	data := c.factors.data
	m.factors = resized(m.factors, len(c.factors.sizes))
	factors := m.factors
	exponents, statuses := c.exponents[:len(factors)], c.statuses[:len(factors)]
	for i, size := range c.factors.sizes {
		f := &factors[i]
		f.Exp, f.Status = uint32(exponents[i]), Status(statuses[i])
		switch {
		case size <= 8 && len(data) >= 8:
			f.P = nat.New(wordPrefix(data, size))
		case int(size) <= len(data):
			f.P = nat.FromBytes(data[:size])
		default:
			return nil, false
		}
		data = data[size:]
	}
	return factors, len(data) == 0
}

// readItems decodes r.Items into r.memory and distributes factors among them. It returns
// false if the counts do not fit. Requires fit.
//
// Each item gets a part of factors with the capacity of the part, so that appending to one never writes into the
// next.
func (c *columns) readItems(r *Result, factors []Factor, methods []string) bool {
	r.memory.items = resized(r.memory.items, len(c.counts))
	r.Items = r.memory.items
	cpu, method := c.cpu, c.method[:len(c.counts)]
	for i, n := range c.counts {
		ns, size := nextVarint(cpu)
		if size < 0 || int(n) > len(factors) || int(method[i]) >= len(methods) {
			return false
		}
		cpu = cpu[size:]
		item := &r.Items[i]
		item.Factors, item.Method, item.CPU, item.Wall = factors[:n:n], methods[method[i]], duration(ns), 0
		factors = factors[n:]
	}
	return len(factors) == 0 && len(cpu) == 0 && c.readWall(r)
}

// readWall sets the wall-clock times of the items, if the message has them. It returns false if there are not as many.
func (c *columns) readWall(r *Result) bool {
	wall := c.wall
	for i := 0; i < len(r.Items) && len(c.wall) > 0; i++ {
		ns, size := nextVarint(wall)
		if size < 0 {
			return false
		}
		wall, r.Items[i].Wall = wall[size:], duration(ns)
	}
	return len(wall) == 0
}
