// Package text formats figures and foreign text for people. It knows no other package
// of this module.
package text

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Thousands writes n in decimal with a comma between groups of three digits: 12345 is
// "12,345".
func Thousands(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

const day = 24 * time.Hour

// longest is the duration from which on Duration writes no figure.
const longest = 1000 * day

// units are the units of Duration.
var units = []struct {
	name string
	size time.Duration
}{{"d", day}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}

// Duration writes d, rounded up to seconds, in its two largest units. The second unit
// is left out if it is 0: "11 s", "5 min 3 s", "2 h", "1 d 4 h". A negative duration
// is written as "0 s", and 1,000 days or more as "over 1000 d".
func Duration(d time.Duration) string {
	if d >= longest {
		return "over 1000 d"
	}
	d = roundUp(max(d, 0), time.Second)
	for i, u := range units[:len(units)-1] {
		if d < u.size {
			continue
		}
		if next := units[i+1]; d%u.size >= next.size {
			return fmt.Sprintf("%d %s %d %s", d/u.size, u.name, d%u.size/next.size, next.name)
		}
		return fmt.Sprintf("%d %s", d/u.size, u.name)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// RoughDuration writes a predicted duration, which is known less exactly than Duration
// writes it. d is first rounded up to a multiple of 1 s below 10 s, of 5 s below 2 min,
// of 1 min below 2 h, and of 1 h above.
func RoughDuration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		d = roundUp(d, time.Second)
	case d < 2*time.Minute:
		d = roundUp(d, 5*time.Second)
	case d < 2*time.Hour:
		d = roundUp(d, time.Minute)
	case d < longest:
		d = roundUp(d, time.Hour)
	}
	return Duration(d)
}

// roundUp returns the least multiple of step that is at least d. Requires d < longest.
func roundUp(d, step time.Duration) time.Duration {
	if down := d.Truncate(step); down < d {
		return down + step
	}
	return d
}

// OneLine makes foreign text s fit for one line of a terminal and for a protobuf string:
// valid UTF-8 without control characters and without characters that reorder text, each
// run of white space one space, at most limit >= 3 bytes. A longer text ends with "...".
// OneLine(OneLine(s, limit), limit) = OneLine(s, limit).
func OneLine(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit-len("...")], "") + "..."
	}
	return s
}
