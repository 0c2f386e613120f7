package text

import (
	"fmt"
	"math"
	"time"
)

const (
	day = 24 * time.Hour
	// longest is the duration from which on Duration writes no figure.
	longest = 1000 * day
)

// Duration writes d >= 0 in its two largest units, days to seconds: "11 s", "1 min 12 s", "2 h 5 min",
// "3 d 4 h". Seconds are rounded up, so that only 0 is "0 s"; 1000 days and more are "years".
func Duration(d time.Duration) string {
	d = wholeSeconds(d)
	switch {
	case d >= longest:
		return "years"
	case d >= day:
		return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// Age writes d >= 0 in one unit, the largest of which there are at least two: "90 s", "47 h", "2 d".
// Seconds are rounded up; the rest of a larger unit is dropped.
func Age(d time.Duration) string {
	d = wholeSeconds(d)
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d d", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// Elapsed writes a measured d >= 0: in milliseconds below 1 s, with three digits below 1 min, else as
// Duration does. "350 ms", "12.3 s", "1 min 12 s".
func Elapsed(d time.Duration) string {
	switch d = d.Round(time.Millisecond); {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 59950*time.Millisecond: // "60 s" otherwise
		return fmt.Sprintf("%.3g s", d.Seconds())
	}
	return Duration(d)
}

// Rough writes a predicted d >= 0 in one unit, rounded up to multiples of 1 s below 10 s, of 5 s below
// 2 min, of 1 min below 2 h, and of 1 h above, since predictions are not more exact: "50 s", "3 min".
func Rough(d time.Duration) string {
	switch s := int64(wholeSeconds(d) / time.Second); {
	case s < 10:
		return fmt.Sprintf("%d s", s)
	case s < 120:
		return fmt.Sprintf("%d s", (s+4)/5*5)
	case s < 2*3600:
		return fmt.Sprintf("%d min", (s+59)/60)
	default:
		return fmt.Sprintf("%d h", (s+3599)/3600)
	}
}

// wholeSeconds rounds d up to seconds, and to 0 if it is negative. The bound keeps the sum from overflow.
func wholeSeconds(d time.Duration) time.Duration {
	d = min(max(d, 0), math.MaxInt64-time.Second)
	return (d + time.Second - 1).Truncate(time.Second)
}
