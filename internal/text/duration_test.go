package text

import (
	"math"
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	const minute, hour = time.Minute, time.Hour
	for _, test := range []struct {
		d                      time.Duration
		duration, age, elapsed string
	}{
		{0, "0 s", "0 s", "0 ms"},
		{time.Millisecond, "1 s", "1 s", "1 ms"},
		{999_600 * time.Microsecond, "1 s", "1 s", "1 s"},
		{12_340 * time.Millisecond, "13 s", "13 s", "12.3 s"},
		{59_940 * time.Millisecond, "1 min 0 s", "60 s", "59.9 s"},
		{59_950 * time.Millisecond, "1 min 0 s", "60 s", "1 min 0 s"},
		{72 * time.Second, "1 min 12 s", "72 s", "1 min 12 s"},
		{2*minute - 1, "2 min 0 s", "2 min", "2 min 0 s"},
		{2*hour - time.Second, "1 h 59 min", "119 min", "1 h 59 min"},
		{2*hour + 5*minute, "2 h 5 min", "2 h", "2 h 5 min"},
		{47 * hour, "1 d 23 h", "47 h", "1 d 23 h"},
		{76 * hour, "3 d 4 h", "3 d", "3 d 4 h"},
		{math.MaxInt64, "years", "106751 d", "years"},
	} {
		if got := Duration(test.d); got != test.duration {
			t.Errorf("Duration(%v) = %q, want %q", test.d, got, test.duration)
		}
		if got := Age(test.d); got != test.age {
			t.Errorf("Age(%v) = %q, want %q", test.d, got, test.age)
		}
		if got := Elapsed(test.d); got != test.elapsed {
			t.Errorf("Elapsed(%v) = %q, want %q", test.d, got, test.elapsed)
		}
	}
}

func TestOneLine(t *testing.T) {
	for s, want := range map[string]string{"": "", "a  b": "a  b", "a\nb": "a; b", "\na\r\n\nb\n": "a; b"} {
		if got := OneLine(s); got != want {
			t.Errorf("OneLine(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestRough(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1: "0 s", 0: "0 s", time.Millisecond: "1 s", 9 * time.Second: "9 s", 10 * time.Second: "10 s", 11 * time.Second: "15 s",
		49*time.Second + 1: "50 s", 119 * time.Second: "120 s", 2 * time.Minute: "2 min", 121 * time.Second: "3 min",
		119*time.Minute + 1: "120 min", 2 * time.Hour: "2 h", 19*time.Hour + time.Second: "20 h", math.MaxInt64: "2562048 h",
	} {
		if got := Rough(d); got != want {
			t.Errorf("Rough(%v) = %q, want %q", d, got, want)
		}
	}
}
