package task

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

// A Block is the payload of one message of FACTOR_INPUTS: the input of one range.
type Block struct {
	Numbers []nat.Nat // one for each position of the range

	// Written says how numbers were written that were not plain digits, by their index in Numbers, in ascending order.
	Written []Written
}

// EncodeBlock returns the wire form of a block of numbers that were written in plain digits.
func EncodeBlock(numbers []nat.Nat) []byte { return Block{Numbers: numbers}.Encode() }

// Encode returns the wire form of b.
func (b Block) Encode() []byte {
	s := sizesOf(b.Numbers)
	m := appendNumbers(make([]byte, 0, s.total()+nat.Slack), b.Numbers, s)
	if len(b.Written) == 0 {
		return m
	}
	var at, sizes, texts []byte
	for _, w := range b.Written {
		at = protowire.AppendVarint(at, w.At)
		sizes = protowire.AppendVarint(sizes, uint64(len(w.Text)))
		texts = append(texts, w.Text...)
	}
	return appendColumn(appendColumn(appendColumn(m, 3, at), 4, sizes), 5, texts)
}

// DecodeBlock is the inverse of Encode. A decoded block has at most MaxCount numbers
// of at most MaxBits bits each, or with the length of an item: a block does not say of which kind its job is. A reader
// computes with a number of more than MaxBits bits only if the job is of a kind exec:NAME. Earlier versions wrote no
// Written, and read the numbers alone.
func DecodeBlock(b []byte) (Block, error) {
	if numbers, ok := fastDecodeNumbers(b, MaxCount); ok {
		return Block{Numbers: numbers}, nil
	}
	return decodeBlock(b)
}

// decodeBlock is DecodeBlock with the generated code.
func decodeBlock(b []byte) (Block, error) {
	var m taskpb.Block
	if err := unmarshal(b, &m); err != nil {
		return Block{}, fmt.Errorf("input block: %w", err)
	}
	numbers, err := decodeNumbers(&taskpb.Numbers{Sizes: m.Sizes, Data: m.Data}, MaxCount, maxItemBits)
	if err != nil {
		return Block{}, fmt.Errorf("input block: %w", err)
	}
	written, err := decodeWritten(&m)
	if err != nil {
		return Block{}, fmt.Errorf("input block: %w", err)
	}
	return Block{Numbers: numbers, Written: written}, nil
}

var errWritten = errors.New("the texts of numbers do not fit the numbers")

// decodeWritten returns the column of the texts, nil if there are none.
func decodeWritten(m *taskpb.Block) ([]Written, error) {
	if len(m.WrittenAt) != len(m.WrittenSizes) || len(m.WrittenAt) > len(m.Sizes) {
		return nil, errWritten
	}
	total, last := 0, -1
	for i, size := range m.WrittenSizes {
		at := m.WrittenAt[i]
		if size < 1 || size > MaxWritten || int64(at) <= int64(last) || int64(at) >= int64(len(m.Sizes)) {
			return nil, errWritten
		}
		total, last = total+int(size), int(at)
	}
	texts := string(m.Written)
	if total != len(texts) || strings.ContainsFunc(texts, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, errWritten
	}
	if total == 0 {
		return nil, nil
	}
	list := make([]Written, len(m.WrittenAt))
	for i, size := range m.WrittenSizes {
		list[i] = Written{At: uint64(m.WrittenAt[i]), Text: texts[:size]}
		texts = texts[size:]
	}
	return list, nil
}
