package plan

import (
	"math"
	"testing"
	"time"

	"factorfleet/internal/measured"
	"factorfleet/internal/task"
)

func TestCost(t *testing.T) {
	for bits := range 5000 {
		if got, want := Cost(task.KindFactor, bits), measured.Active().Random(bits); got != want {
			t.Errorf("%d bits cost %v, measured are %v", bits, got, want)
		}
	}
	if Cost(task.KindFactor, 1<<20) != measured.Active().Random(measured.Flat) {
		t.Error("the table is not flat beyond its end")
	}
	if got := Cost(task.KindSquare, 5000); got != squareCost {
		t.Errorf("a square costs %v, want %v", got, squareCost)
	}
	if got := Cost("exec:resize", 5000); got != 20*time.Millisecond {
		t.Errorf("an item costs %v", got)
	}
}

// TestSplitTime: the time grows with the number and with the divisor, and a number that is sieved soon has
// a bound for every divisor.
func TestSplitTime(t *testing.T) {
	for _, test := range []struct {
		bits, divisor int
		least, most   time.Duration
	}{
		{512, 34, 800 * time.Millisecond, time.Second},
		{1320, 40, 15 * time.Second, 20 * time.Second},
		{1320, 50, 50 * time.Second, time.Minute},
		{150, 75, 50 * time.Millisecond, 100 * time.Millisecond},
		{512, 67, math.MaxInt64 / 64, math.MaxInt64 / 64},
	} {
		if got := SplitTime(test.bits, test.divisor); got < test.least || got > test.most {
			t.Errorf("%d of %d bits: %v", test.divisor, test.bits, got)
		}
	}
	for bits := 128; bits < 5000; bits += 64 {
		for divisor := 17; divisor < 80; divisor++ {
			if SplitTime(bits, divisor) > SplitTime(bits+64, divisor) && bits > sievedEverywhere || SplitTime(bits, divisor) > SplitTime(bits, divisor+1) {
				t.Fatalf("%d of %d bits", divisor, bits)
			}
		}
	}
}

// TestLeastBudget: no level gives a number less.
func TestLeastBudget(t *testing.T) {
	for bits := range 5000 {
		if got := LeastBudget(bits); got > measured.Active().Budget(bits) || got > measured.Slowest().Budget(bits) || got < 30*time.Second {
			t.Errorf("%d bits: %v", bits, got)
		}
	}
}

func TestParseChunking(t *testing.T) {
	for s, want := range map[string]Chunking{
		"auto": {}, "1": {count: 1}, "43": {count: 43}, "4096": {count: 4096},
		"5s": {work: 5 * time.Second}, "1ms": {work: time.Millisecond}, "1h0m0s": {work: time.Hour},
	} {
		got, err := ParseChunking(s)
		if err != nil || got != want || got.String() != s {
			t.Errorf("ParseChunking(%q) = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "0", "-1", "4097", "1.5", "999us", "61m", "-5s", "x", "5 s", "99999999999999999999"} {
		if c, err := ParseChunking(s); err == nil {
			t.Errorf("ParseChunking(%q) = %v, want an error", s, c)
		}
	}
	_, err := ParseChunking("12x")
	if want := `"12x" is not a chunk size: use auto, a count of numbers from 1 to 4096, or a duration of work from 1ms to 1h`; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}
