package task

import (
	"encoding/binary"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
)

// The generated code of taskpb can encode and decode every message. Results, tasks and
// input blocks, which carry every number of a job, have a fast path as well. It decodes
// only what this package encodes for usual numbers: each field at most once (methods
// several times), lists packed, and all entries of lists below 128, except for CPU times. Sieve tasks are rare.
// It allocates only the value. Everything else, errors included, is left to the generated
// code. Both give the same value for every message: FuzzQuick.

// isNarrow reports whether all entries of a packed list of varints are below 128. Then
// each entry is one byte.
func isNarrow(list []byte) bool {
	var all uint64
	for len(list) >= 8 {
		all |= binary.LittleEndian.Uint64(list)
		list = list[8:]
	}
	for _, b := range list {
		all |= uint64(b)
	}
	return all&0x80808080_80808080 == 0
}

// nextVarint returns the first varint of list and its length in bytes, which is negative
// if the varint is malformed.
//
// A varint has 7 bits a byte, the lowest first, and bit 7 set in all bytes but the last.
func nextVarint(list []byte) (v uint64, n int) {
	if len(list) >= 2 && list[1] < 0x80 && list[0] >= 0x80 { // two bytes, as most CPU times
		return uint64(list[0]&0x7f) | uint64(list[1])<<7, 2
	}
	return protowire.ConsumeVarint(list)
}

// fields splits a message b into its fields, by field number: varints for the numbers
// whose bit is set in scalars, bytes for the others (nil if the field is missing). The
// second and later occurrences of a field of bytes are passed to repeated; nil refuses
// them. fields returns false for a field that the fast path does not decode: another
// wire type, a number >= len(varints), a repeated scalar. len(bytes) = len(varints) <= 32.
//
// A field is a tag, number<<3 | wire type, and a value: a varint (type 0), or a length and bytes (type 2).
func fields(b []byte, scalars uint32, varints []uint64, bytes [][]byte, repeated func(protowire.Number, []byte) bool) bool {
	seen := uint32(0)
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 || number <= 0 || int(number) >= len(varints) {
			return false
		}
		b = b[n:]
		twice := seen&(1<<number) != 0
		seen |= 1 << number
		var value []byte
		switch scalar := scalars&(1<<number) != 0; {
		case scalar && kind == protowire.VarintType && !twice:
			varints[number], n = protowire.ConsumeVarint(b)
		case !scalar && kind == protowire.BytesType:
			if value, n = protowire.ConsumeBytes(b); n >= 0 && value == nil {
				value = []byte{}
			}
		default:
			return false
		}
		if n < 0 || twice && (repeated == nil || !repeated(number, value)) {
			return false
		}
		if value != nil && !twice {
			bytes[number] = value
		}
		b = b[n:]
	}
	return true
}

// Field numbers of taskpb.Task that the fast path decodes. The next one is taskSieve.
const (
	taskKind = iota + 1
	taskNumbers
	taskBudget
	taskPredicted
	taskCertify
	taskFields // the last field number + 1
)

// fastDecodeTask is DecodeTask on the fast path; false if b needs the generated code.
//
// It needs no check for MaxBits: a number with a size of one byte has at most 127 bytes, or 1,016 bits.
func fastDecodeTask(b []byte) (*Task, bool) {
	var varints [taskFields]uint64
	var bytes [taskFields][]byte
	if !fields(b, 1<<taskBudget|1<<taskPredicted|1<<taskCertify, varints[:], bytes[:], nil) || !utf8.Valid(bytes[taskKind]) {
		return nil, false
	}
	numbers, ok := fastDecodeNumbers(bytes[taskNumbers], MaxCount)
	return &Task{
		Kind: kindName(bytes[taskKind]), Numbers: numbers,
		Budget: duration(varints[taskBudget]), Predicted: duration(varints[taskPredicted]), Certify: varints[taskCertify] != 0,
	}, ok
}

// kindName returns string(b), without an allocation for the known kinds.
func kindName(b []byte) string {
	switch string(b) {
	case KindFactor:
		return KindFactor
	case KindSquare:
		return KindSquare
	}
	return string(b)
}

// packedNumbers are the two fields of a taskpb.Numbers whose numbers have at most 127 bytes
// each, so that sizes has one byte a number.
type packedNumbers struct{ sizes, data []byte }

// splitNumbers splits the bytes of a taskpb.Numbers; false if they need the generated code.
func splitNumbers(b []byte) (p packedNumbers, ok bool) {
	var varints [3]uint64
	var bytes [3][]byte
	ok = fields(b, 0, varints[:], bytes[:], nil) && isNarrow(bytes[1])
	return packedNumbers{bytes[1], bytes[2]}, ok
}

// fastDecodeNumbers decodes a taskpb.Numbers of at most most numbers on the fast path;
// false if b needs the generated code.
func fastDecodeNumbers(b []byte, most int) ([]nat.Nat, bool) {
	p, ok := splitNumbers(b)
	if !ok || len(p.sizes) > most {
		return nil, false
	}
	numbers, data := make([]nat.Nat, len(p.sizes)), p.data
	for i, size := range p.sizes {
		switch {
		case size <= 8 && len(data) >= 8:
			numbers[i] = nat.New(wordPrefix(data, size))
		case int(size) <= len(data):
			numbers[i] = nat.FromBytes(data[:size])
		default:
			return nil, false
		}
		data = data[size:]
	}
	return numbers, len(data) == 0
}

// wordPrefix returns the number whose big-endian bytes are b[:size]. Requires
// size <= 8 <= len(b).
func wordPrefix(b []byte, size byte) uint64 {
	return binary.BigEndian.Uint64(b) >> (64 - 8*uint(size)) // a shift by 64 is 0
}
