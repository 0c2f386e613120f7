package task

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"factorfleet/internal/nat"
)

// A Format says what the items of a job of kind exec:NAME are.
type Format string

// The formats.
const (
	FormatLines Format = "lines" // text without newlines
	FormatNUL   Format = "nul"   // any bytes but NUL
	FormatJSON  Format = "json"  // one JSON value, without newlines; so are the answers
)

// CheckFormat returns an error that lists the formats if f is not one of them; "" is FormatLines.
func CheckFormat(f Format) error {
	switch f {
	case "", FormatLines, FormatNUL, FormatJSON:
		return nil
	}
	return fmt.Errorf("%.40q is not a format of items: use lines, nul or json", string(f))
}

// MaxItem bounds an item, and the line that answers it, in bytes each.
const MaxItem = 64 << 10

// maxItemBits bounds the number as which an item travels: itemMark and MaxItem bytes.
const maxItemBits = 8 * (MaxItem + 1)

// Limits of the rules of one job.
const (
	MaxMaxAttempts = 100 // failed attempts
	MaxBackoffs    = 16  // entries of Task.Backoff

	MaxBackoff = time.Hour // the longest of them; longer ones count as this one
)

// itemMark is the first byte of an item as a number.
const itemMark = 1

// ItemNumber returns the number as which an item of a kind exec:NAME travels, and the line that answers it: its
// big-endian bytes are 1 and the bytes of the item. So items take the way of numbers through streams, chunks, pieces,
// dead letters and results, and leading zeros are kept.
func ItemNumber(item []byte) nat.Nat {
	return nat.FromBytes(append([]byte{itemMark}, item...))
}

// AppendItem appends the item that travels as n; false if n is no item.
func AppendItem(b []byte, n nat.Nat) ([]byte, bool) {
	from := len(b)
	b = n.AppendBytes(b)
	if len(b) == from || b[from] != itemMark {
		return b[:from], false
	}
	return append(b[:from], b[from+1:]...), true
}

// appendRules appends the fields behind the content of a task.
func (t *Task) appendRules(b []byte) []byte {
	b = appendScalar(b, taskSleep, uint64(t.Sleep))
	b = appendScalar(b, taskMaxAttempts, uint64(t.MaxAttempts))
	if len(t.Backoff) > 0 {
		var list []byte
		for _, d := range t.Backoff {
			list = protowire.AppendVarint(list, uint64(d))
		}
		b = protowire.AppendBytes(protowire.AppendTag(b, taskBackoff, protowire.BytesType), list)
	}
	if t.Format != "" {
		b = appendText(b, taskFormat, string(t.Format))
	}
	b = appendColumn(b, taskKnown, encodeKnown(t.Known))
	return appendScalar(b, taskOne, protowire.EncodeBool(t.One))
}

// backoffs returns the first MaxBackoffs delays of a message; nil if there are none.
func backoffs(ns []uint64) (list []time.Duration) {
	for _, d := range ns[:min(len(ns), MaxBackoffs)] {
		list = append(list, duration(d))
	}
	return list
}

// RulesOf returns MaxAttempts and the longest delay of Backoff of an encoded task; 0 and 0 if it has none or is malformed.
// It does not decode the numbers.
func RulesOf(b []byte) (maxAttempts int, longest time.Duration) {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return 0, 0
		}
		b = b[n:]
		switch {
		case number == taskMaxAttempts && kind == protowire.VarintType:
			v, _ := protowire.ConsumeVarint(b)
			maxAttempts = int(min(v, MaxMaxAttempts))
		case number == taskBackoff && kind == protowire.BytesType:
			list, _ := protowire.ConsumeBytes(b)
			for i := 0; i < MaxBackoffs && len(list) > 0; i++ {
				v, n := protowire.ConsumeVarint(list)
				if n < 0 {
					break
				}
				longest, list = max(longest, duration(v)), list[n:]
			}
		}
		if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
			return 0, 0
		}
		b = b[n:]
	}
	return maxAttempts, longest
}
