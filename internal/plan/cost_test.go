package plan

import (
	"math"
	"testing"
	"time"

	"factorfleet/internal/task"
)

func TestCost(t *testing.T) {
	for _, row := range factorCosts {
		if got := Cost(task.KindFactor, row.bits); got != row.time {
			t.Errorf("%d bits cost %v, want the table's %v", row.bits, got, row.time)
		}
	}
	for bits := range 400 {
		if a, b := Cost(task.KindFactor, bits), Cost(task.KindFactor, bits+1); a <= 0 || b < a {
			t.Errorf("%d bits cost %v, one more %v", bits, a, b)
		}
	}
	// log-linear: the middle is the geometric mean
	want := math.Sqrt(float64(Cost(task.KindFactor, 80)) * float64(Cost(task.KindFactor, 96)))
	if got := float64(Cost(task.KindFactor, 88)); math.Abs(got/want-1) > 0.001 {
		t.Errorf("88 bits cost %v ns, want %v", got, want)
	}
	if Cost(task.KindFactor, 0) != factorCosts[0].time || Cost(task.KindFactor, 1<<20) != 30*time.Second {
		t.Error("the table is not flat beyond its ends")
	}
	if Cost(task.KindSquare, 5000) != squareCost || Cost("exec:echo", 5) != otherCost {
		t.Error("wrong cost of another kind")
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
