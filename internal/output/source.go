package output

import (
	"strconv"
	"time"

	"factorfleet/internal/task"
)

// jsonSource has the properties of a line of format json that say where the answer comes from: see task.Source.
type jsonSource struct {
	Version string `json:"version,omitempty"`
	Kernels string `json:"kernels,omitempty"`
	Chunk   string `json:"chunk,omitempty"`
	Round   string `json:"round,omitempty"`
	Started string `json:"started,omitempty"`
	Ended   string `json:"ended,omitempty"`
	Stored  string `json:"stored,omitempty"`
}

// timeLayout is RFC 3339 with milliseconds, in UTC.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// appendSource appends what is known of s. "round" is there if "chunk" is: the first round is "0".
func appendSource(b []byte, s *task.Source) []byte {
	if s.Version != "" {
		b = appendString(append(b, `,"version":`...), s.Version)
	}
	if s.Origin.Kernels != "" {
		b = appendString(append(b, `,"kernels":`...), s.Origin.Kernels)
	}
	if s.Chunk.Count > 0 {
		b = strconv.AppendUint(append(b, `,"chunk":"`...), s.Chunk.First, 10)
		b = strconv.AppendUint(append(b, '-'), s.Chunk.Count, 10)
		b = append(b, `","round":"`...)
		if s.Origin.Round == "" {
			b = append(b, task.FirstRound...)
		}
		b = append(append(b, s.Origin.Round...), '"')
	}
	b = appendTime(b, `,"started":"`, s.Origin.Began)
	b = appendTime(b, `,"ended":"`, s.Origin.Ended)
	return appendTime(b, `,"stored":"`, s.Stored)
}

// appendTime appends a name and a time, nothing if it is zero.
func appendTime(b []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return append(t.UTC().AppendFormat(append(b, name...), timeLayout), '"')
}

// source returns what the line states. A value that no program writes counts as not stated: nothing depends on it.
func (j *jsonSource) source() (s task.Source) {
	s.Version, s.Origin.Kernels = j.Version, j.Kernels
	if r, err := task.ParseRange(j.Chunk); err == nil {
		s.Chunk = r
		if j.Round != task.FirstRound && task.CheckRound(j.Round) == nil {
			s.Origin.Round = j.Round
		}
	}
	s.Origin.Began, s.Origin.Ended, s.Stored = parseTime(j.Started), parseTime(j.Ended), parseTime(j.Stored)
	return s
}

// parseTime returns a time of RFC 3339 to the millisecond, in UTC; zero if s is none.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
