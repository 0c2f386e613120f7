package task

import (
	"encoding/binary"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
)

// The generated code of taskpb reads and writes every message. For results, tasks and
// input blocks, which every number passes through, there is a quick way beside it: it reads
// only what our own encoders write for usual numbers (each field once, in any order, lists
// packed, the entries of all but the CPU times below 128), allocates the value and nothing
// else, and leaves everything else, errors included, to the generated code. FuzzQuick holds
// the two together.

// isNarrow reports whether all entries of a packed list of varints are below 128, so that
// each is one byte.
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

// nextVarint returns the first varint of list and its length, negative if it is malformed.
func nextVarint(list []byte) (v uint64, n int) {
	if len(list) >= 2 && list[1] < 0x80 && list[0] >= 0x80 { // as are most CPU times
		return uint64(list[0]&0x7f) | uint64(list[1])<<7, 2
	}
	return protowire.ConsumeVarint(list)
}

// fields splits a message into its fields: varints where scalars has the bit of their
// number, bytes elsewhere. A field of bytes that comes once more is given to again; nil =
// there is none. It returns false for anything that our encoders do not write.
func fields(b []byte, scalars uint32, varints []uint64, bytes [][]byte, again func(protowire.Number, []byte) bool) bool {
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
		if n < 0 || twice && (again == nil || !again(number, value)) {
			return false
		}
		if value != nil && !twice {
			bytes[number] = value
		}
		b = b[n:]
	}
	return true
}

// Field numbers of taskpb.Task.
const (
	taskKind = iota + 1
	taskNumbers
	taskBudget
	taskPredicted
	taskCertify
	taskFields // one more than the last
)

// quickTask is DecodeTask for what Task.Encode writes.
func quickTask(b []byte) (*Task, bool) {
	var varints [taskFields]uint64
	var bytes [taskFields][]byte
	if !fields(b, 1<<taskBudget|1<<taskPredicted|1<<taskCertify, varints[:], bytes[:], nil) || !utf8.Valid(bytes[taskKind]) {
		return nil, false
	}
	numbers, ok := quickNumbers(bytes[taskNumbers], MaxCount)
	return &Task{
		Kind: kindName(bytes[taskKind]), Numbers: numbers,
		Budget: duration(varints[taskBudget]), Predicted: duration(varints[taskPredicted]), Certify: varints[taskCertify] != 0,
	}, ok
}

// kindName is string(b), without an allocation for the kinds there are.
func kindName(b []byte) string {
	switch string(b) {
	case KindFactor:
		return KindFactor
	case KindSquare:
		return KindSquare
	}
	return string(b)
}

// A list is the two fields of a taskpb.Numbers whose numbers are below 2^(8*128).
type list struct{ sizes, data []byte }

// numberList splits a taskpb.Numbers.
func numberList(b []byte) (l list, ok bool) {
	var varints [3]uint64
	var bytes [3][]byte
	ok = fields(b, 0, varints[:], bytes[:], nil) && isNarrow(bytes[1])
	return list{bytes[1], bytes[2]}, ok
}

// quickNumbers reads a taskpb.Numbers of at most so many numbers.
func quickNumbers(b []byte, most int) ([]nat.Nat, bool) {
	l, ok := numberList(b)
	if !ok || len(l.sizes) > most {
		return nil, false
	}
	numbers, data := make([]nat.Nat, len(l.sizes)), l.data
	for i, size := range l.sizes {
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

// wordPrefix returns the word whose big-endian bytes are the first size of b. Requires
// size <= 8 <= len(b).
func wordPrefix(b []byte, size byte) uint64 {
	return binary.BigEndian.Uint64(b) >> (64 - 8*uint(size)) // 0 for size 0
}
