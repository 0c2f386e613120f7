package hours

import "time"

// farthest is more than the longest time by which clocks were ever set at once, which is a day.
const farthest = 36 * time.Hour

// firstShown returns the first instant at which clocks in loc show the minute of a day, or a later one of it. noon is as
// for Period.on; minute 24*60 is midnight at the end of the day.
//
// An offset is clock time - UTC. Around the day a zone has at most two, before and after a change of the clocks. With the
// minute as if it were UTC, c:
//
//	shown with an offset    c - offset, if that is the offset then; the earliest counts
//	never shown             the clocks skip it: c - (the offset before) is behind the change, which is the start of its zone
func firstShown(noon time.Time, minute int, loc *time.Location) time.Time {
	year, month, day := noon.Date()
	c := time.Date(year, month, day, 0, minute, 0, 0, time.UTC)
	before, after := offsetAt(c.Add(-farthest), loc), offsetAt(c.Add(farthest), loc)
	var first time.Time
	for _, offset := range []time.Duration{before, after} {
		t := c.Add(-offset)
		if offsetAt(t, loc) == offset && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if first.IsZero() {
		first, _ = c.Add(-before).In(loc).ZoneBounds()
	}
	return first.In(loc)
}

// offsetAt returns clock time - UTC in loc at t.
func offsetAt(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}
