package measured

import (
	"math"
	"time"
)

// A row is the time for numbers of one size.
type row struct {
	bits int
	time time.Duration
}

// A table is a list of rows with ascending sizes, at least one.
type table []row

// between returns the time for numbers of so many bits, by interpolation of its
// logarithm. Below the first row and above the last one it is the time of that row.
func (t table) between(bits int) time.Duration {
	if first := t[0]; bits <= first.bits {
		return first.time
	}
	if last := t[len(t)-1]; bits >= last.bits {
		return last.time
	}
	i := 1
	for t[i].bits < bits {
		i++
	}
	low, high := &t[i-1], &t[i]
	if bits == high.bits { // without rounding
		return high.time
	}
	slope := math.Log(float64(high.time)/float64(low.time)) / float64(high.bits-low.bits)
	return time.Duration(float64(low.time) * math.Exp(slope*float64(bits-low.bits)))
}
