package monitor

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Range says which values are good:
//
//	text      a value is bad if it is
//	10        below 0 or above 10
//	10:       below 10
//	~:10      above 10
//	10:20     below 10 or above 20
//	@10:20    from 10 to 20
//
// The zero Range is not valid; use ParseRange.
type Range struct {
	text       string
	start, end float64 // -Inf and +Inf are no bound
	inside     bool    // a value from start to end is bad, any other one is good
}

// ParseRange reads a range.
func ParseRange(s string) (*Range, error) {
	r := &Range{text: s, end: math.Inf(1)}
	rest, inside := strings.CutPrefix(s, "@")
	r.inside = inside
	start, end, two := strings.Cut(rest, ":")
	if !two {
		start, end = "0", start
	}
	var err error
	switch {
	case start == "~":
		r.start = math.Inf(-1)
	case start != "":
		r.start, err = number(start)
	}
	if err == nil && (end != "" || !two) {
		r.end, err = number(end)
	}
	if err != nil || r.start > r.end {
		return nil, fmt.Errorf("%.40q is not a range such as 10, 10:, ~:10, 10:20 or @10:20", s)
	}
	return r, nil
}

// MustRange is ParseRange for a constant.
func MustRange(s string) *Range {
	r, err := ParseRange(s)
	if err != nil {
		panic("monitor: " + err.Error())
	}
	return r
}

// number reads a finite decimal number.
func number(s string) (float64, error) {
	if strings.Trim(s, "-.0123456789") != "" { // no exponents, hexadecimal numbers, infinities
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}

// Bad reports whether the value x is to be reported. A nil Range has no bad value.
func (r *Range) Bad(x float64) bool {
	if r == nil {
		return false
	}
	return (r.start <= x && x <= r.end) == r.inside
}

// String returns the text of the range; "" for nil.
func (r *Range) String() string {
	if r == nil {
		return ""
	}
	return r.text
}

// MarshalText returns the text of the range.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.text), nil }
