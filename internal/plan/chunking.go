package plan

import (
	"fmt"
	"strconv"
	"time"

	"factorfleet/internal/task"
)

// The range of a chunk size that is a duration.
const (
	minChunkWork = time.Millisecond
	maxChunkWork = time.Hour
)

// A Chunking is the size of the chunks of a job. The zero value is auto: about 1 s of
// predicted work, less for the first and the last chunks. At most one field is not 0.
type Chunking struct {
	count int           // numbers, 1 to task.MaxCount
	work  time.Duration // predicted work, 1 ms to 1 h
}

// ParseChunking reads "auto", a count of numbers such as "43" (1 to task.MaxCount), or
// a duration of predicted work such as "5s" (1 ms to 1 h, in the syntax of
// time.ParseDuration). Anything else is an error that says so.
func ParseChunking(s string) (Chunking, error) {
	if s == "auto" {
		return Chunking{}, nil
	}
	if n, err := strconv.Atoi(s); err == nil && 1 <= n && n <= task.MaxCount {
		return Chunking{count: n}, nil
	}
	// "0" is a duration too, but below minChunkWork.
	if d, err := time.ParseDuration(s); err == nil && minChunkWork <= d && d <= maxChunkWork {
		return Chunking{work: d}, nil
	}
	return Chunking{}, fmt.Errorf("%.40q is not a chunk size: use auto, a count of numbers from 1 to %d, or a duration of work from 1ms to 1h", s, task.MaxCount)
}

// Timed reports whether c is a duration of predicted work.
func (c Chunking) Timed() bool { return c.work > 0 }

// String is the inverse of ParseChunking: "auto", "43" or "5s".
func (c Chunking) String() string {
	switch {
	case c.count > 0:
		return strconv.Itoa(c.count)
	case c.work > 0:
		return c.work.String()
	}
	return "auto"
}

// Most returns how many numbers a chunk may have at most.
func (c Chunking) Most() uint64 {
	if c.count > 0 {
		return uint64(c.count)
	}
	return task.MaxCount
}
