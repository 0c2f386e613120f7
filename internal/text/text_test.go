package text

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestThousands(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 999_999: "999,999", 1_000_000: "1,000,000",
		math.MaxUint64: "18,446,744,073,709,551,615",
	} {
		if got := Thousands(n); got != want {
			t.Errorf("%d is written as %q, want %q", n, got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	const s, m, h, d = time.Second, time.Minute, time.Hour, 24 * time.Hour
	for _, test := range []struct {
		d           time.Duration
		want, rough string
	}{
		{math.MinInt64, "0 s", "0 s"},
		{-1, "0 s", "0 s"},
		{0, "0 s", "0 s"},
		{1, "1 s", "1 s"},
		{9*s + 1, "10 s", "10 s"},
		{11 * s, "11 s", "15 s"},
		{49*s + 1, "50 s", "50 s"},
		{m - 1, "1 min", "1 min"},
		{m, "1 min", "1 min"},
		{m + 59*s, "1 min 59 s", "2 min"},
		{5*m + 3*s, "5 min 3 s", "6 min"},
		{h - 1, "1 h", "1 h"},
		{h + 59*s, "1 h", "1 h 1 min"},
		{h + 2*m + 3*s, "1 h 2 min", "1 h 3 min"},
		{19*h + 1, "19 h", "20 h"},
		{d - 1, "1 d", "1 d"},
		{d + h - 1, "1 d 1 h", "1 d 1 h"},
		{d + 59*m, "1 d", "1 d 1 h"},
		{2*d + 3*h + 4*m, "2 d 3 h", "2 d 4 h"},
		{1000*d - 2*h, "999 d 22 h", "999 d 22 h"},
		{1000*d - 1, "1000 d", "over 1000 d"},
		{1000 * d, "over 1000 d", "over 1000 d"},
		{math.MaxInt64, "over 1000 d", "over 1000 d"},
	} {
		if got := Duration(test.d); got != test.want {
			t.Errorf("Duration(%v) = %q, want %q", test.d, got, test.want)
		}
		if got := RoughDuration(test.d); got != test.rough {
			t.Errorf("RoughDuration(%v) = %q, want %q", test.d, got, test.rough)
		}
	}
}

func TestOneLine(t *testing.T) {
	for _, test := range []struct {
		text  string
		limit int
		want  string
	}{
		{"", 10, ""},
		{" \n\t ", 10, ""},
		{"one\ntwo\r\n\tthree ", 100, "one two three"},
		{"\x1b[31mred\x00\u202egnp", 100, "[31mred gnp"},
		{"a\xff\xfeb", 100, "a?b"},
		{strings.Repeat("x", 10), 10, strings.Repeat("x", 10)},
		{strings.Repeat("x", 11), 10, "xxxxxxx..."},
		{"éééééé", 10, "ééé..."},
		{"abcdef ghijk", 10, "abcdef ..."},
	} {
		got := OneLine(test.text, test.limit)
		if got != test.want {
			t.Errorf("OneLine(%q, %d) = %q, want %q", test.text, test.limit, got, test.want)
		}
		if again := OneLine(got, test.limit); again != got || len(got) > test.limit || !utf8.ValidString(got) {
			t.Errorf("OneLine(%q, %d) = %q, again %q", test.text, test.limit, got, again)
		}
	}
}
