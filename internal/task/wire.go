package task

import (
	"encoding/binary"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
)

// appendNumbers appends the taskpb.Numbers of numbers. s must be sizesOf(numbers), and b must
// have the capacity for s.total() more bytes. With nat.Slack more, appendNumbers does not
// allocate.
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

// wordLen returns the bytes of w without leading zeros, 0 for 0.
func wordLen(w uint64) int { return (bits.Len64(w) + 7) / 8 }

// appendWord appends the size = wordLen(w) big-endian bytes of w. It is inlined.
func appendWord(b []byte, w uint64, size int) []byte {
	return binary.BigEndian.AppendUint64(b, w<<(64-8*uint(size)))[:len(b)+size]
}

// numberSizes are the lengths of the two fields of a taskpb.Numbers, in bytes.
type numberSizes struct{ lengths, data int }

// sizesOf returns the lengths of the fields of numbers.
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

// addBig adds the lengths of n >= 2^64.
func (s *numberSizes) addBig(n nat.Nat) {
	size := n.ByteLen()
	s.lengths += sizeVarint(uint64(size))
	s.data += size
}

// total returns the length of the taskpb.Numbers, in bytes.
func (s numberSizes) total() int {
	return headerLen(s.lengths) + s.lengths + headerLen(s.data) + s.data
}

// column begins a field of n bytes; a field of 0 bytes is omitted. It returns b extended by
// the field, and the field with length 0 and capacity n. Requires the capacity in b.
func column(b []byte, number protowire.Number, n int) (all, field []byte) {
	b = appendHeader(b, number, n)
	at := len(b)
	return b[:at+n], b[at : at : at+n]
}

// sizeVarint returns the length of a varint in bytes. A byte carries 7 bits of v, so it is
// ceil(bits/7) = floor((9*bits+64)/64) for bits = 1 ... 64, and 1 for v = 0.
func sizeVarint(v uint64) int { return (9*bits.Len64(v) + 64) >> 6 }

// appendHeader appends the tag and the length of a field of n bytes; a field of 0 bytes is
// omitted.
func appendHeader(b []byte, number protowire.Number, n int) []byte {
	if n == 0 {
		return b
	}
	b = protowire.AppendTag(b, number, protowire.BytesType)
	return protowire.AppendVarint(b, uint64(n))
}

// headerLen returns the bytes that appendHeader appends for field numbers 1 to 15.
func headerLen(n int) int {
	if n == 0 {
		return 0
	}
	return 1 + sizeVarint(uint64(n))
}

// appendText appends a string field; an empty string is omitted.
func appendText(b []byte, number protowire.Number, s string) []byte {
	return append(appendHeader(b, number, len(s)), s...)
}

// appendScalar appends a varint field; 0 is omitted.
func appendScalar(b []byte, number protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), v)
}

// appendColumn appends a field of bytes; an empty column is omitted.
func appendColumn(b []byte, number protowire.Number, column []byte) []byte {
	return append(appendHeader(b, number, len(column)), column...)
}
