package plan

import (
	"fmt"
	"strconv"
	"time"

	"factorfleet/internal/task"
)

// Limits of a chunk that is given as a duration.
const (
	minChunkWork = time.Millisecond
	maxChunkWork = time.Hour
)

// A Chunking says how long a chunk is to be. The zero value is auto: about a second
// of predicted work, less for the first chunks and the last ones. At most one field
// is set.
type Chunking struct {
	count int           // exactly so many numbers
	work  time.Duration // about so much predicted work
}

// ParseChunking reads "auto", a count of numbers such as "43", or a duration of
// predicted work such as "5s".
func ParseChunking(s string) (Chunking, error) {
	if s == "auto" {
		return Chunking{}, nil
	}
	if n, err := strconv.Atoi(s); err == nil && 1 <= n && n <= task.MaxCount {
		return Chunking{count: n}, nil
	}
	// "0" is a duration too, but below the least one
	if d, err := time.ParseDuration(s); err == nil && minChunkWork <= d && d <= maxChunkWork {
		return Chunking{work: d}, nil
	}
	return Chunking{}, fmt.Errorf("%.40q is not a chunk size: use auto, a count of numbers from 1 to %d, or a duration of work from 1ms to 1h", s, task.MaxCount)
}

// String is the inverse of ParseChunking.
func (c Chunking) String() string {
	switch {
	case c.count > 0:
		return strconv.Itoa(c.count)
	case c.work > 0:
		return c.work.String()
	}
	return "auto"
}
