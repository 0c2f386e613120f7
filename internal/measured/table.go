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

// A table is rows, their sizes ascending.
type table []row

// between interpolates; beyond the ends of the table it is flat.
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
	if bits == high.bits { // exactly
		return high.time
	}
	slope := math.Log(float64(high.time)/float64(low.time)) / float64(high.bits-low.bits)
	return time.Duration(float64(low.time) * math.Exp(slope*float64(bits-low.bits)))
}
