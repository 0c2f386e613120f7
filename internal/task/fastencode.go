package task

import (
	"encoding/binary"
	"strings"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
)

// fastEncode is Encode on the fast path. It writes the same bytes as encode. It returns
// false for a result that needs the generated code: one with certificates or efforts, with more than
// fastMethods methods, with a number of 128 or more factors, with a factor of 128 or more
// bytes, or with an exponent of 128 or more.
//
// The length of a column precedes it in the message. Therefore the columns are written to
// separate slices and joined at the end. For a range of the numbers 12 = 2^2*3 and 5 the columns are
//
//	method     0 0        indexes into methods, which has "trial"
//	cpu        varints    nanoseconds
//	counts     2 1        factors of each number
//	exponents  2 1 1      and so on, an entry for each factor
//	statuses   1 1 1
//	lengths    1 1 1      bytes of each factor
//	data       2 3 5
//
// An entry is one byte, except in cpu and wall. Most results have no column wall. So a number of the usual 64 bits with 4 factors takes about 25 bytes.
func (r *Result) fastEncode() ([]byte, bool) {
	w := columnWriters.Get().(*columnWriter)
	defer columnWriters.Put(w)
	w.reset()
	for i := range r.Items {
		if !w.add(&r.Items[i]) {
			return nil, false
		}
	}
	return w.join(r), true
}

// columnWriters holds unused writers with their memory, which is as large as a result.
var columnWriters = sync.Pool{New: func() any { return new(columnWriter) }}

// A columnWriter collects the columns of a result.
type columnWriter struct {
	methods             methodTable
	method, cpu, counts []byte // one entry for each number
	hasWall             bool   // a number has a wall-clock time

	// One entry for each factor: exponents, statuses and lengths[:factors], of which all
	// three have the same length, and data[:size].
	exponents, statuses, lengths, data []byte
	factors, size                      int
}

// reset empties the columns and keeps their memory.
func (w *columnWriter) reset() {
	w.methods = methodTable{}
	w.method, w.cpu, w.counts, w.hasWall = w.method[:0], w.cpu[:0], w.counts[:0], false
	w.factors, w.size = 0, 0
}

// add adds an item; false if it needs the generated code. The writer is then in an undefined state until reset.
//
// A word is written as 8 bytes, with its own bytes first, and size advances by these only. The next number
// overwrites the rest. This needs no branch for the length.
func (w *columnWriter) add(item *Factorization) bool {
	at, ok := w.methods.index(item.Method)
	count := len(item.Factors)
	if !ok || count >= 0x80 || item.Certificates != nil || item.Effort > 0 {
		return false
	}
	w.method = append(w.method, byte(at))
	w.counts = append(w.counts, byte(count))
	w.cpu = protowire.AppendVarint(w.cpu, uint64(item.CPU))
	w.hasWall = w.hasWall || item.Wall > 0
	w.grow(count)
	exponents, statuses, lengths := w.exponents[w.factors:][:count], w.statuses[w.factors:][:count], w.lengths[w.factors:][:count]
	for j := range item.Factors {
		f := &item.Factors[j]
		n, ok := f.P.Word()
		if f.Exp >= 0x80 || !ok && !w.addLong(f.P) {
			return false
		}
		exponents[j], statuses[j] = byte(f.Exp), byte(f.Status)
		if ok {
			size := wordLen(n)
			lengths[j] = byte(size)
			binary.BigEndian.PutUint64(w.data[w.size:], n<<(64-8*uint(size)))
			w.size += size
		} else {
			lengths[j] = byte(f.P.ByteLen())
		}
	}
	w.factors += count
	return true
}

// addLong adds the bytes of n >= 2^64 to data, and keeps the room that grow has made for
// words; false if n has 128 bytes or more.
func (w *columnWriter) addLong(n nat.Nat) bool {
	size := n.ByteLen()
	if size >= 0x80 {
		return false
	}
	w.data = append(w.data, make([]byte, size)...)
	n.Big().FillBytes(w.data[w.size:][:size])
	w.size += size
	return true
}

// grow makes room for count more factors below 2^64: add stores 8 bytes for each and
// advances size by fewer. A slice that is too short at least doubles, so growing costs O(1) a factor.
func (w *columnWriter) grow(count int) {
	if need := w.factors + count; need > len(w.exponents) {
		w.exponents = append(w.exponents, make([]byte, need)...)
		w.statuses = append(w.statuses, make([]byte, need)...)
		w.lengths = append(w.lengths, make([]byte, need)...)
	}
	if need := w.size + 8*count; need > len(w.data) {
		w.data = append(w.data, make([]byte, need)...)
	}
}

// join returns the wire form of r, whose items were added. total is an upper bound of its length, so that the one
// allocation is enough. Fields are in the order of their numbers, as the generated code writes them.
func (w *columnWriter) join(r *Result) []byte {
	factors := numberSizes{lengths: w.factors, data: w.size}
	names := 0
	for _, name := range w.methods.names[:w.methods.count] {
		names += 2 + 4 + len(name)
	}
	const header = 2 + 4 // of a field: tag and length
	wall := w.wall(r)
	total := resultFields*header + 8*10 + len(r.Kind) + len(r.Worker) + len(r.Version) + len(r.Kernels) + len(r.Round) + names +
		len(w.method) + len(w.cpu) + len(wall) + len(w.counts) + 2*w.factors + factors.total()
	b := make([]byte, 0, total)
	b = appendText(b, resultKind, r.Kind)
	b = appendText(b, resultWorker, r.Worker)
	b = appendText(b, resultVersion, r.Version)
	b = appendScalar(b, resultAttempt, uint64(r.Attempt))
	b = appendScalar(b, resultElapsed, uint64(r.Elapsed))
	for _, name := range w.methods.names[:w.methods.count] {
		b = protowire.AppendTag(b, resultMethods, protowire.BytesType)
		b = protowire.AppendString(b, strings.ToValidUTF8(name, "?"))
	}
	b = appendColumn(b, resultMethod, w.method)
	b = appendColumn(b, resultCPU, w.cpu)
	b = appendColumn(b, resultCounts, w.counts)
	b = appendColumn(b, resultExponents, w.exponents[:w.factors])
	b = appendColumn(b, resultStatuses, w.statuses[:w.factors])
	b = protowire.AppendTag(b, resultFactors, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(factors.total()))
	b = appendColumn(b, 1, w.lengths[:w.factors])
	b = appendColumn(b, 2, w.data[:w.size])
	b = appendScalar(b, resultAsked, r.Asked)
	b = appendScalar(b, resultBudget, uint64(r.Budget))
	return r.appendOrigin(appendColumn(b, resultWall, wall))
}

// appendOrigin appends the fields of r.Origin.
func (r *Result) appendOrigin(b []byte) []byte {
	b = appendText(b, resultKernels, r.Kernels)
	if began := milli(r.Began); began != 0 {
		b = appendScalar(b, resultBegan, uint64(began))
		b = appendScalar(b, resultSpan, r.spanMilli())
	}
	b = appendScalar(b, resultChunkCount, uint64(r.ChunkCount))
	b = appendScalar(b, resultChunkBefore, uint64(r.ChunkBefore))
	return appendText(b, resultRound, r.Round)
}

// wall returns the column of the wall-clock times, empty if there are none.
func (w *columnWriter) wall(r *Result) (column []byte) {
	if !w.hasWall {
		return nil
	}
	for i := range r.Items {
		column = protowire.AppendVarint(column, uint64(r.Items[i].Wall))
	}
	return column
}

// index returns the index of a method, which it adds if it is new; false if there is no
// room.
func (m *methodTable) index(name string) (int, bool) {
	for i := range m.names[:m.count] {
		if m.names[i] == name {
			return i, true
		}
	}
	if m.count == fastMethods {
		return 0, false
	}
	m.names[m.count] = name
	m.count++
	return m.count - 1, true
}
