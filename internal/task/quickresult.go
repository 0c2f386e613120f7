package task

import (
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
)

// Field numbers of taskpb.Result, without certificates.
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
	resultFields // one more than the last
)

// quickMethods is how many methods a result may name that is read and written the quick way.
const quickMethods = 16

// quickResult is DecodeResult for what Result.Encode writes when no item has certificates
// and there are at most quickMethods methods, as is usual.
func quickResult(b []byte) (*Result, bool) {
	var varints [resultFields]uint64
	var bytes [resultFields][]byte
	var methods methodTable
	more := func(number protowire.Number, value []byte) bool { // than the first
		return number == resultMethods && methods.read(value)
	}
	if !fields(b, 1<<resultAttempt|1<<resultElapsed, varints[:], bytes[:], more) {
		return nil, false
	}
	for _, number := range []int{resultKind, resultWorker, resultVersion} {
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
	}
	c := columns{
		method: bytes[resultMethod], cpu: bytes[resultCPU], counts: bytes[resultCounts],
		exponents: bytes[resultExponents], statuses: bytes[resultStatuses],
	}
	var ok bool
	if c.factors, ok = numberList(bytes[resultFactors]); !ok || !c.fit() {
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

// resultMemories holds the memory of results that were released.
var resultMemories = sync.Pool{New: func() any { return new(resultMemory) }}

// A resultMemory holds the items and the factors of a result.
type resultMemory struct {
	items   []Factorization
	factors []Factor
}

// mostKept bounds the factors of a released result whose memory is kept, 2 MiB.
const mostKept = 1 << 16

// resized returns a slice of count elements, to be overwritten, in the memory of old if that
// has room; what is behind them is cleared, so that it keeps nothing alive.
func resized[E any](old []E, count int) []E {
	if old == nil || cap(old) < count {
		return make([]E, count)
	}
	if count < len(old) {
		clear(old[count:])
	}
	return old[:count]
}

// A methodTable lists the methods of a result in the order of their first appearance.
type methodTable struct {
	names [quickMethods]string
	count int
}

// read appends a method after the first; false if there is no room.
func (m *methodTable) read(name []byte) bool {
	if m.count++; m.count >= quickMethods || !utf8.Valid(name) {
		return false
	}
	m.names[m.count] = methodName(name)
	return true
}

// readFirst puts the first method before those that were read, which then are all.
func (m *methodTable) readFirst(name []byte) bool {
	m.names[0] = methodName(name)
	m.count++
	return utf8.Valid(name)
}

// methodName is string(b), without an allocation for the methods of most numbers.
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

// columns are the lists of a result; all entries but those of cpu have one byte.
type columns struct {
	method, cpu, counts []byte // an entry a number
	exponents, statuses []byte // an entry a factor
	factors             list
}

// fit reports whether the columns have the lengths and the form that the quick way reads.
func (c *columns) fit() bool {
	count, total := len(c.counts), len(c.factors.sizes)
	return count <= MaxCount && len(c.method) == count && total <= maxFactors && len(c.exponents) == total && len(c.statuses) == total &&
		isNarrow(c.method) && isNarrow(c.counts) && isNarrow(c.exponents)
}

// readFactors returns the factors of all items, in m. Requires fit.
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

// readItems fills r.Items with their shares of factors. Requires fit.
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
		item.Factors, item.Method, item.CPU = factors[:n:n], methods[method[i]], duration(ns)
		factors = factors[n:]
	}
	return len(factors) == 0 && len(cpu) == 0
}
