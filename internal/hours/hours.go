// Package hours says at which times of the day a worker is active, from periods of local time such as
// 22:00-07:00. It has no clock: callers pass the time, with its location.
//
// A period is a pair of instants on each day: it begins when the clocks of that day first show its start, and ends
// when they show its end for the first time after that. A clock that is set forward past a time shows it in that moment.
// So a period of each day is one interval, also on the days on which clocks change:
//
//	02:30-04:00   clocks go from 02:00 to 03:00: it begins at 03:00
//	02:30-04:00   clocks go from 03:00 back to 02:00: it begins at the first 02:30
//	22:00-02:30   clocks go from 03:00 back to 02:00: it ends at the first 02:30
package hours

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// minutesOfDay is the number of minutes that the clocks of a day show.
const minutesOfDay = 24 * 60

// A Period is a part of each day, from a start to an end, both in minutes of the day. An end that is not after the start
// is one of the next day. 0 <= start < minutesOfDay, 0 < end <= minutesOfDay.
type Period struct{ start, end int }

// Parse reads a period such as "22:00-07:00". An end of 24:00 is midnight. The error says what is wrong with text.
func Parse(text string) (Period, error) {
	from, to, ok := strings.Cut(text, "-")
	start, ok1 := parseTime(strings.TrimSpace(from))
	end, ok2 := parseTime(strings.TrimSpace(to))
	switch {
	case !ok || !ok1 || !ok2 || start == minutesOfDay:
		return Period{}, fmt.Errorf("%q is not a period of the day such as 22:00-07:00", text)
	case end == 0:
		end = minutesOfDay
	}
	if start == end%minutesOfDay && start != 0 {
		return Period{}, fmt.Errorf("%q ends when it begins", text)
	}
	return Period{start, end}, nil
}

// parseTime reads H:MM or HH:MM, up to 24:00, as minutes of the day.
func parseTime(text string) (minutes int, ok bool) {
	hour, minute, found := strings.Cut(text, ":")
	if !found || len(hour) < 1 || len(hour) > 2 || len(minute) != 2 || strings.Trim(hour+minute, "0123456789") != "" {
		return 0, false
	}
	h, _ := strconv.Atoi(hour)
	m, _ := strconv.Atoi(minute)
	return h*60 + m, m < 60 && h*60+m <= minutesOfDay
}

// String returns the period as Parse reads it.
func (p Period) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", p.start/60, p.start%60, p.end/60, p.end%60)
}

// on returns the interval of the period that begins on the day of noon; noon is 12:00 of that day in UTC, which stands for
// the date alone. It is empty if the clocks skip all of it.
func (p Period) on(noon time.Time, loc *time.Location) interval {
	end := noon
	if p.end <= p.start {
		end = noon.AddDate(0, 0, 1)
	}
	return interval{firstShown(noon, p.start, loc), firstShown(end, p.end, loc)}
}

// An interval of time: from <= t < to.
type interval struct{ from, to time.Time }

// Hours are the periods in which a worker is active. Without any it is always active.
type Hours []Period

// lookahead is the number of days of which At looks at the periods, from yesterday on. A day may lack a period because the
// clocks skip it.
const lookahead = 5

// At reports whether t, in its location, is within one of the periods, and until when that stays so. next is zero if the
// periods cover at least the next two days.
func (h Hours) At(t time.Time) (active bool, next time.Time) {
	if len(h) == 0 {
		return true, time.Time{}
	}
	list := h.around(t)
	for _, i := range list {
		switch {
		case !active && i.from.After(t):
			return false, i.from
		case !active && i.to.After(t):
			active, next = true, i.to
		case active && !i.from.After(next) && i.to.After(next): // it joins or overlaps the one before
			next = i.to
		}
	}
	if next.Sub(t) >= 48*time.Hour {
		next = time.Time{}
	}
	return active, next
}

// around returns the intervals of yesterday, of the day of t and of the days after it, by their start.
func (h Hours) around(t time.Time) (list []interval) {
	year, month, day := t.Date()
	for offset := range lookahead {
		noon := time.Date(year, month, day-1+offset, 12, 0, 0, 0, time.UTC)
		for _, p := range h {
			if i := p.on(noon, t.Location()); i.from.Before(i.to) {
				list = append(list, i)
			}
		}
	}
	slices.SortFunc(list, func(a, b interval) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
	return list
}
