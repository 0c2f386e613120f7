package task

import (
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

var (
	errColumns = errors.New("columns do not fit each other")
	errTooMany = errors.New("too many numbers")
	errTooLong = errors.New("a number is too long")
)

// encodeNumbers returns numbers as two columns, for the generated code. Two columns instead of a list of byte
// strings save a tag for each number, and a hostile message cannot make its reader allocate a header for each.
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

// decodeNumbers returns the numbers of m, at most most of at most maxBits bits each. maxBits is a multiple of 8. The
// sizes must add up to the length of the data exactly: two messages never mean the same by different sizes.
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

// duration clamps nanoseconds of the wire to 2^62, so that a sum of two fits a
// time.Duration.
func duration(ns uint64) time.Duration { return time.Duration(min(ns, 1<<62)) }

// marshal panics on strings that are not UTF-8: the callers send only valid ones.
func marshal(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		panic("task: internal error: " + err.Error())
	}
	return b
}

// unmarshal drops unknown fields, which a later version may have added.
func unmarshal(b []byte, m proto.Message) error {
	return proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(b, m)
}

// Digits returns the number of decimal digits of n, at least 1.
func Digits(n nat.Nat) int { return len(n.AppendDecimal(nil)) }

// MoreDigits reports whether n has more than limit >= 1 decimal digits. With b bits, 2^(b-1) <= n < 2^b, and
//
//	3.321 < log2(10) < 3.322
//
// so that the digits are counted only if b is close to the bits of 10^limit.
func MoreDigits(n nat.Nat, limit int) bool {
	switch b := n.BitLen(); {
	case 1000*b <= 3321*limit: // n < 2^b <= 10^limit
		return false
	case 1000*(b-1) >= 3322*limit: // n >= 2^(b-1) >= 10^limit
		return true
	}
	return Digits(n) > limit
}
