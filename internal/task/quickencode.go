package task

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
)

// quickEncode is encode to the same bytes, for a result that the quick way reads: without
// certificates, at most quickMethods methods, and below 128 each factors of a number, bytes of
// a factor and its exponent, as is usual; else it returns false. The length of a column
// stands before it: they are written side by side first.
func (r *Result) quickEncode() ([]byte, bool) {
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

// columnWriters keep their memory: that of a result.
var columnWriters = sync.Pool{New: func() any { return new(columnWriter) }}

// A columnWriter writes the columns of a result.
type columnWriter struct {
	methods             methodTable
	method, cpu, counts []byte // an entry a number

	// An entry a factor: the first factors bytes of exponents, statuses and lengths, which have
	// the same length, and the first size bytes of data.
	exponents, statuses, lengths, data []byte
	factors, size                      int
}

func (w *columnWriter) reset() {
	w.methods = methodTable{}
	w.method, w.cpu, w.counts = w.method[:0], w.cpu[:0], w.counts[:0]
	w.factors, w.size = 0, 0
}

// add writes an item; false if the quick way does not.
func (w *columnWriter) add(item *Factorization) bool {
	at, ok := w.methods.index(item.Method)
	count := len(item.Factors)
	if !ok || count >= 0x80 || item.Certificates != nil {
		return false
	}
	w.method = append(w.method, byte(at))
	w.counts = append(w.counts, byte(count))
	w.cpu = protowire.AppendVarint(w.cpu, uint64(item.CPU))
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

// addLong writes the bytes of n, which is no word, and makes the room that a word may take
// grow by as much; false if the quick way does not.
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

// grow makes room for count factors more, each of a word, of which eight bytes are written.
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

// join returns the wire form of r, whose items are written.
func (w *columnWriter) join(r *Result) []byte {
	factors := numberSizes{lengths: w.factors, data: w.size}
	names := 0
	for _, name := range w.methods.names[:w.methods.count] {
		names += 2 + 4 + len(name)
	}
	const header = 1 + 4 // of a field: tag and length
	total := resultFields*header + 2*10 + len(r.Kind) + len(r.Worker) + len(r.Version) + names +
		len(w.method) + len(w.cpu) + len(w.counts) + 2*w.factors + factors.total()
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
	return appendColumn(b, 2, w.data[:w.size])
}

// appendColumn appends a field; an empty one is left out.
func appendColumn(b []byte, number protowire.Number, column []byte) []byte {
	return append(appendHeader(b, number, len(column)), column...)
}

// index returns the place of a method, which is appended if it is not there; false if there
// is no room. Items with the same method often follow each other.
func (m *methodTable) index(name string) (int, bool) {
	for i := range m.names[:m.count] {
		if m.names[i] == name {
			return i, true
		}
	}
	if m.count == quickMethods {
		return 0, false
	}
	m.names[m.count] = name
	m.count++
	return m.count - 1, true
}

// appendNumbers appends the taskpb.Numbers of numbers, whose sizes are s. Requires room for
// it in b; with nat.Slack more it does not allocate.
func appendNumbers(b []byte, numbers []nat.Nat, s numberSizes) []byte {
	b, lengths := column(b, 1, s.lengths)
	b = appendHeader(b, 2, s.data)
	for _, n := range numbers {
		if w, ok := n.Word(); ok {
			size := wordLen(w)
			lengths = append(lengths, byte(size))
			b = appendWord(b, w, size)
		} else {
			lengths = protowire.AppendVarint(lengths, uint64(n.ByteLen()))
			b = n.AppendBytes(b)
		}
	}
	return b
}

// wordLen is nat.Nat.ByteLen of a word.
func wordLen(w uint64) int { return (bits.Len64(w) + 7) / 8 }

// appendWord is nat.Nat.AppendBytes of a word of size bytes, inlined.
func appendWord(b []byte, w uint64, size int) []byte {
	return binary.BigEndian.AppendUint64(b, w<<(64-8*uint(size)))[:len(b)+size]
}

// numberSizes are the lengths in bytes of the two columns of a taskpb.Numbers.
type numberSizes struct{ lengths, data int }

func sizesOf(numbers []nat.Nat) (s numberSizes) {
	for _, n := range numbers {
		if w, ok := n.Word(); ok {
			s.lengths++
			s.data += wordLen(w)
		} else {
			s.addBig(n)
		}
	}
	return s
}

// addBig counts n, which is no word.
func (s *numberSizes) addBig(n nat.Nat) {
	size := n.ByteLen()
	s.lengths += sizeVarint(uint64(size))
	s.data += size
}

// total returns the length of the taskpb.Numbers.
func (s numberSizes) total() int {
	return headerLen(s.lengths) + s.lengths + headerLen(s.data) + s.data
}

// column begins a field of n bytes, an empty one is left out. It returns b with the field,
// and the field with length 0 and capacity n. Requires room for both in b.
func column(b []byte, number protowire.Number, n int) (all, field []byte) {
	b = appendHeader(b, number, n)
	at := len(b)
	return b[:at+n], b[at : at : at+n]
}

// sizeVarint returns the length of a varint: a byte for every 7 bits, floor((9*bits+64)/64)
// for bits = 1 ... 64, and 1 for 0.
func sizeVarint(v uint64) int { return (9*bits.Len64(v) + 64) >> 6 }

// appendHeader begins a field of n bytes; an empty one is left out.
func appendHeader(b []byte, number protowire.Number, n int) []byte {
	if n == 0 {
		return b
	}
	b = protowire.AppendTag(b, number, protowire.BytesType)
	return protowire.AppendVarint(b, uint64(n))
}

// headerLen is how much appendHeader appends for the numbers 1 to 15.
func headerLen(n int) int {
	if n == 0 {
		return 0
	}
	return 1 + sizeVarint(uint64(n))
}

func appendText(b []byte, number protowire.Number, s string) []byte {
	return append(appendHeader(b, number, len(s)), s...)
}

func appendScalar(b []byte, number protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), v)
}
