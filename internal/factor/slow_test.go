package factor

import (
	"math/bits"
	"sync"
	"testing"
	"time"
)

// slowness is the time of computations in Go here, as a multiple of that on an ordinary machine of
// 2024, at least 1. It is larger under the race detector, in an emulator and on an old processor.
// Tests multiply their time limits by it. The best of some runs counts: the machine may be busy.
var slowness = sync.OnceValue(func() float64 {
	const (
		steps    = 1 << 20
		ordinary = 2 * time.Millisecond
	)
	best := time.Hour
	for range 8 {
		var words [256]uint64
		began := time.Now()
		carry := uint64(1)
		for i := range steps {
			w := words[:]
			hi, lo := bits.Mul64(w[i%len(w)]|carry, 0x9e3779b97f4a7c15)
			w[i%len(w)] = lo ^ hi
			carry = hi
		}
		if words[1] != 0 {
			best = min(best, time.Since(began))
		}
	}
	return max(1, float64(best)/float64(ordinary))
})

// slowly returns d for an ordinary machine, and more for a slow one.
func slowly(d time.Duration) time.Duration { return time.Duration(float64(d) * slowness()) }

func TestSlowness(t *testing.T) {
	t.Logf("times are %.1f those of an ordinary machine", slowness())
	if slowly(time.Second) < time.Second {
		t.Error("a slow machine has less time")
	}
}
