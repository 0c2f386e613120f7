package plan

import (
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
