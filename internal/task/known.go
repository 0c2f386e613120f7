package task

import (
	"errors"
	"sort"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

// A Known has divisors of a number that its submitter knows. They need not be prime. They are hints: whoever reads them
// divides by those that are divisors.
type Known struct {
	At      int       // index of the number, in a task or an input block
	Factors []nat.Nat // 1 to MaxKnown, at least 2 each
}

const (
	// MaxKnown is the most divisors of one number.
	MaxKnown = 64
	// maxKnownSum is the most divisors in a message.
	maxKnownSum = 1 << 16
	// MaxKnownBytes is the most bytes of divisors in a message. With MaxBlockBytes of numbers it is below the limit of the
	// stream. The divisors of further numbers are left out.
	MaxKnownBytes = 192 << 10
)

// blockKnown is the number of the field of an input block that has a taskpb.Known.
const blockKnown = 6

// encodeKnown returns the wire form of list, which ascends in At; nil if it is empty.
func encodeKnown(list []Known) []byte {
	var m taskpb.Known
	var factors []nat.Nat
	size := 0
	for _, k := range list {
		sum := 0
		for _, f := range k.Factors {
			sum += f.ByteLen()
		}
		if len(k.Factors) == 0 || len(k.Factors) > MaxKnown || size+sum > MaxKnownBytes || len(factors)+len(k.Factors) > maxKnownSum {
			continue
		}
		size += sum
		m.At, m.Counts = append(m.At, uint32(k.At)), append(m.Counts, uint32(len(k.Factors)))
		factors = append(factors, k.Factors...)
	}
	if len(m.At) == 0 {
		return nil
	}
	m.Factors = encodeNumbers(factors)
	return marshal(&m)
}

var errKnown = errors.New("known factors that break a rule")

// decodeKnown is the inverse of encodeKnown for a message of count numbers.
func decodeKnown(m *taskpb.Known, count int) ([]Known, error) {
	if len(m.GetAt()) == 0 {
		return nil, nil
	}
	factors, err := decodeNumbers(m.Factors, maxKnownSum, MaxBits)
	if err != nil || len(m.Counts) != len(m.At) || len(m.At) > count {
		return nil, errKnown
	}
	list := make([]Known, 0, len(m.At))
	last := -1
	for i, at := range m.At {
		n := int(m.Counts[i])
		if int64(at) >= int64(count) || int(at) <= last || n < 1 || n > min(MaxKnown, len(factors)) {
			return nil, errKnown
		}
		last = int(at)
		list, factors = append(list, Known{int(at), factors[:n:n]}), factors[n:]
	}
	for _, k := range list {
		for _, f := range k.Factors {
			if f.BitLen() < 2 {
				return nil, errKnown
			}
		}
	}
	if len(factors) > 0 {
		return nil, errKnown
	}
	return list, nil
}

// AppendKnown appends the divisors of numbers of an input block to its wire form.
func AppendKnown(block []byte, list []Known) []byte {
	return appendColumn(block, blockKnown, encodeKnown(list))
}

// KnownOf returns the divisors that an input block of count numbers has; nil if it has none, or if they break a rule.
func KnownOf(block []byte, count int) []Known {
	for len(block) > 0 {
		number, kind, n := protowire.ConsumeTag(block)
		if n < 0 {
			return nil
		}
		block = block[n:]
		if number == blockKnown && kind == protowire.BytesType {
			b, _ := protowire.ConsumeBytes(block)
			var m taskpb.Known
			if unmarshal(b, &m) != nil {
				return nil
			}
			list, _ := decodeKnown(&m, count)
			return list
		}
		if n = protowire.ConsumeFieldValue(number, kind, block); n < 0 {
			return nil
		}
		block = block[n:]
	}
	return nil
}

// FactorsAt returns the divisors of the number of an index in a list that ascends in At; nil if there are none.
func FactorsAt(list []Known, index int) []nat.Nat {
	i := sort.Search(len(list), func(i int) bool { return list[i].At >= index })
	if i < len(list) && list[i].At == index {
		return list[i].Factors
	}
	return nil
}
