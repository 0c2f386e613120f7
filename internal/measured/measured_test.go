package measured

import (
	"math"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels"
)

// eachLevel runs f with the tables of every level, whatever this machine has.
func eachLevel(t *testing.T, f func(t *testing.T, times *Times)) {
	for _, l := range kernels.Levels {
		t.Run(l.String(), func(t *testing.T) { f(t, Of(l)) })
	}
}

// TestTables: every function gives its table's times, grows, and nowhere by leaps.
func TestTables(t *testing.T) {
	eachLevel(t, func(t *testing.T, times *Times) {
		checkTable(t, "Sieve", times.sieve, times.Sieve, SieveBits+100, 1.2)
		checkTable(t, "Random", times.random, times.Random, Flat+100, 6) // where lanes end, or words
		// log-linear: the middle is the geometric mean
		want := math.Sqrt(float64(times.Random(80)) * float64(times.Random(96)))
		if got := float64(times.Random(88)); math.Abs(got/want-1) > 0.001 {
			t.Errorf("88 bits take %v ns, want %v", got, want)
		}
	})
}

// checkTable checks a table and the function that reads it, which may grow by the factor steepest
// from one bit to the next.
func checkTable(t *testing.T, name string, rows table, of func(int) time.Duration, to int, steepest float64) {
	for i, row := range rows {
		if got := of(row.bits); got != row.time {
			t.Errorf("%s(%d) = %v, want the table's %v", name, row.bits, got, row.time)
		}
		if i > 0 && row.bits <= rows[i-1].bits {
			t.Errorf("%s: the row of %d bits is out of order", name, row.bits)
		}
	}
	for bits := range to {
		if a, b := of(bits), of(bits+1); a <= 0 || b < a || float64(b) > steepest*float64(a) {
			t.Errorf("%s: %v for %d bits, %v for one more", name, a, bits, b)
		}
	}
	if of(0) != rows[0].time || of(to) != of(1<<20) {
		t.Errorf("%s is not flat beyond its ends", name)
	}
}

// TestOrder: more instructions never take longer.
func TestOrder(t *testing.T) {
	for i, l := range kernels.Levels[1:] {
		less := kernels.Levels[i]
		for bits := range SieveBits {
			if a, b := Of(l), Of(less); a.Sieve(bits) > b.Sieve(bits) || a.Random(bits) > b.Random(bits) {
				t.Errorf("%d bits: the sieve takes %v and a random number %v at %v, %v and %v at %v",
					bits, a.Sieve(bits), a.Random(bits), l, b.Sieve(bits), b.Random(bits), less)
			}
		}
	}
}

// TestBudget: a number of up to EnoughBits can be finished, half of the time being something else's, and
// by a machine of half the speed; no number has less than half a minute, and none above more than ten.
func TestBudget(t *testing.T) {
	eachLevel(t, func(t *testing.T, times *Times) {
		for bits := range 1 << 14 {
			b := times.Budget(bits)
			if bits <= EnoughBits && b < 4*times.Sieve(bits) || b < 30*time.Second || bits > EnoughBits && b > 10*time.Minute {
				t.Errorf("%d bits have %v", bits, b)
			}
		}
	})
}
