package task

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
)

// The generated code of taskpb reads and writes every message. For results and tasks,
// which every number passes through, there is a quick way beside it: it reads only
// what our own encoders write (each field once, in any order, lists packed), allocates
// the result and nothing else, and leaves everything else, errors included, to the
// generated code. FuzzQuick holds the two together.

// A column is a packed list of varints that is read from its front.
type column []byte

// len returns how many varints c holds; false if the last one is cut off.
func (c column) len() (n int, whole bool) {
	for _, b := range c {
		if b < 0x80 {
			n++
		}
	}
	return n, len(c) == 0 || c[len(c)-1] < 0x80
}

// next takes the first varint off c. After one that is malformed ok is false.
func (c *column) next() (v uint64, ok bool) {
	if len(*c) > 0 && (*c)[0] < 0x80 {
		v = uint64((*c)[0])
		*c = (*c)[1:]
		return v, true
	}
	v, n := protowire.ConsumeVarint(*c)
	if n < 0 {
		return 0, false
	}
	*c = (*c)[n:]
	return v, true
}

// next32 is next for a list of uint32, whose higher bits the format drops.
func (c *column) next32() (v uint32, ok bool) {
	w, ok := c.next()
	return uint32(w), ok
}

// fields splits a message into its fields: varints where scalars has the bit of their
// number, bytes elsewhere. It returns false for anything that our encoders do not write.
func fields(b []byte, scalars uint32, varints []uint64, bytes [][]byte) bool {
	seen := uint32(0)
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 || number <= 0 || int(number) >= len(varints) || seen&(1<<number) != 0 {
			return false
		}
		seen |= 1 << number
		b = b[n:]
		switch scalar := scalars&(1<<number) != 0; {
		case scalar && kind == protowire.VarintType:
			varints[number], n = protowire.ConsumeVarint(b)
		case !scalar && kind == protowire.BytesType:
			if bytes[number], n = protowire.ConsumeBytes(b); n >= 0 && bytes[number] == nil {
				bytes[number] = []byte{}
			}
		default:
			return false
		}
		if n < 0 {
			return false
		}
		b = b[n:]
	}
	return true
}

// A list is the two fields of a taskpb.Numbers.
type list struct {
	sizes column
	data  []byte
}

// numberList splits a taskpb.Numbers.
func numberList(b []byte) (l list, ok bool) {
	var varints [3]uint64
	var bytes [3][]byte
	ok = fields(b, 0, varints[:], bytes[:])
	return list{bytes[1], bytes[2]}, ok
}

// next takes the first number off l.
func (l *list) next(maxBits uint32) (n nat.Nat, ok bool) {
	size, ok := l.sizes.next32()
	if !ok || size > maxBits/8 || int(size) > len(l.data) {
		return n, false
	}
	n = nat.FromBytes(l.data[:size])
	l.data = l.data[size:]
	return n, true
}

// quickTask is DecodeTask for what Task.Encode writes.
func quickTask(b []byte) (*Task, bool) {
	var varints [6]uint64
	var bytes [6][]byte
	if !fields(b, 1<<3|1<<4|1<<5, varints[:], bytes[:]) || !utf8.Valid(bytes[1]) {
		return nil, false
	}
	l, ok := numberList(bytes[2])
	count, whole := l.sizes.len()
	if !ok || !whole || count > MaxCount {
		return nil, false
	}
	t := &Task{
		Kind: kindName(bytes[1]), Numbers: make([]nat.Nat, count),
		Budget: duration(varints[3]), Predicted: duration(varints[4]), Certify: varints[5] != 0,
	}
	for i := range t.Numbers {
		if t.Numbers[i], ok = l.next(MaxBits); !ok {
			return nil, false
		}
	}
	return t, len(l.data) == 0
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
