package task

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// MaxPosition bounds positions and counts: 2^53, up to which float64, and so every JSON
// reader, represents integers exactly.
const MaxPosition = 1 << 53

// A Range is the positions First, First+1, ..., First+Count-1 of a job's numbers,
// counted from 0. Chunks, remainders, pieces and single numbers are all named by their
// range. To collect a job is to cover its positions; to resume it is to find the
// positions that are not covered.
//
// Invariant of a parsed Range: Count >= 1 and First+Count <= MaxPosition.
type Range struct {
	First uint64 `json:"First"`
	Count uint64 `json:"Count"`
}

// Span returns the range [first, end).
func Span(first, end uint64) Range { return Range{First: first, Count: end - first} }

// End returns the first position after r, First+Count.
func (r Range) End() uint64 { return r.First + r.Count }

// Contains reports whether all of s lies in r.
func (r Range) Contains(s Range) bool { return r.First <= s.First && s.End() <= r.End() }

// String returns the subject token of r, "<first>-<count>".
func (r Range) String() string {
	var buf [40]byte
	b := strconv.AppendUint(buf[:0], r.First, 10)
	b = append(b, '-')
	return string(strconv.AppendUint(b, r.Count, 10))
}

// Pieces cuts r into max(1, min(n, r.Count)) consecutive ranges whose counts differ by
// at most 1.
func (r Range) Pieces(n uint64) []Range {
	n = max(1, min(n, r.Count))
	pieces := make([]Range, 0, n)
	for i, first := uint64(0), r.First; i < n; i++ {
		end := r.First + (r.Count/n)*(i+1) + min(i+1, r.Count%n)
		pieces = append(pieces, Span(first, end))
		first = end
	}
	return pieces
}

var errRange = errors.New("not a range of positions <first>-<count>")

// ParseRange is the inverse of String. It refuses signs, leading zeros, empty ranges,
// and ranges that end beyond MaxPosition.
func ParseRange(s string) (Range, error) {
	first, count, ok := strings.Cut(s, "-")
	if !ok {
		return Range{}, fmt.Errorf("%w: %.60q", errRange, s)
	}
	f, okFirst := parseDecimal(first)
	c, okCount := parseDecimal(count)
	if !okFirst || !okCount || c == 0 || c > MaxPosition-f {
		return Range{}, fmt.Errorf("%w: %.60q", errRange, s)
	}
	return Range{First: f, Count: c}, nil
}

// parseDecimal reads a canonical decimal below MaxPosition.
func parseDecimal(s string) (uint64, bool) {
	if len(s) == 0 || len(s) > 16 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	var x uint64
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		x = 10*x + uint64(c-'0')
	}
	return x, x < MaxPosition
}
