package measured

import (
	"math"
	"testing"
	"time"
)

// TestTables: every function gives its table's times, grows, and nowhere by leaps.
func TestTables(t *testing.T) {
	for name, f := range map[string]struct {
		table    []row
		of       func(int) time.Duration
		to       int
		steepest float64 // from one bit to the next
	}{
		"Sieve":  {sieve, Sieve, SieveBits + 100, 1.2},
		"Random": {random, Random, Flat + 100, 3.2}, // where lanes end
	} {
		for i, row := range f.table {
			if got := f.of(row.bits); got != row.time {
				t.Errorf("%s(%d) = %v, want the table's %v", name, row.bits, got, row.time)
			}
			if i > 0 && row.bits <= f.table[i-1].bits {
				t.Errorf("%s: the row of %d bits is out of order", name, row.bits)
			}
		}
		for bits := range f.to {
			if a, b := f.of(bits), f.of(bits+1); a <= 0 || b < a || float64(b) > f.steepest*float64(a) {
				t.Errorf("%s: %v for %d bits, %v for one more", name, a, bits, b)
			}
		}
		if f.of(0) != f.table[0].time || f.of(f.to) != f.of(1<<20) {
			t.Errorf("%s is not flat beyond its ends", name)
		}
	}
	// log-linear: the middle is the geometric mean
	want := math.Sqrt(float64(Random(80)) * float64(Random(96)))
	if got := float64(Random(88)); math.Abs(got/want-1) > 0.001 {
		t.Errorf("88 bits take %v ns, want %v", got, want)
	}
}

// TestBudget: what is sieved can be finished, half of the time being something else's; no
// number has less than half a minute, and none that is not sieved more than ten.
func TestBudget(t *testing.T) {
	for bits := range 1 << 14 {
		b := Budget(bits)
		if bits <= SieveBits && b < 2*Sieve(bits)*WithoutKernels || b < 30*time.Second || bits > SieveBits && b > 10*time.Minute {
			t.Errorf("%d bits have %v", bits, b)
		}
	}
}
