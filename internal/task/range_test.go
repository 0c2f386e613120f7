package task

import (
	"strconv"
	"testing"
)

func TestParseRange(t *testing.T) {
	for _, test := range []struct {
		text string
		want Range
	}{
		{"0-1", Range{0, 1}},
		{"0-43", Range{0, 43}},
		{"43-43", Range{43, 43}},
		{"9007199254740991-1", Range{MaxPosition - 1, 1}}, // the last position
		{"0-9007199254740991", Range{0, MaxPosition - 1}},
		{"1-9007199254740991", Range{1, MaxPosition - 1}},
	} {
		r, err := ParseRange(test.text)
		if r != test.want || err != nil {
			t.Errorf("ParseRange(%q) = %v, %v, want %v", test.text, r, err, test.want)
		}
		if r.String() != test.text {
			t.Errorf("String() = %q, want %q", r.String(), test.text)
		}
	}
	for _, text := range []string{
		"", "-", "1", "1-", "-1", "01-1", "1-01", "00-1", "1-0", "0-0", "1--1", "--", "1-1-1", "+1-1", "1-+1", " 1-1", "1-1 ", "1 -1", "1_0-1", "1-1\n",
		"0x1-1", "a-1", "1-b", "1.0-1", "1e3-1", "１-1", "1–1", "1-\x00", "9007199254740992-1", "9007199254740991-2", "2-9007199254740991", "0-9007199254740992",
		"18446744073709551616-1", "1-18446744073709551617", "99999999999999999-1", "0000000000000000-1", "1-10000000000000000",
	} {
		if r, err := ParseRange(text); err == nil || r != (Range{}) {
			t.Errorf("ParseRange(%q) = %v, %v, want an error", text, r, err)
		}
	}
}

func FuzzParseRange(f *testing.F) {
	for _, text := range []string{"0-1", "43-43", "01-1", "9007199254740991-1", "-", "1--1", "18446744073709551616-1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRange(text)
		if err != nil {
			return
		}
		if r.Count < 1 || r.End() > MaxPosition || r.End() <= r.First || r.String() != text {
			t.Errorf("ParseRange(%q) = %v", text, r)
		}
	})
}

func TestContains(t *testing.T) {
	r := Span(10, 20)
	for _, test := range []struct {
		s    Range
		want bool
	}{{r, true}, {Span(10, 11), true}, {Span(19, 20), true}, {Span(9, 11), false}, {Span(19, 21), false}, {Span(20, 21), false}, {Span(0, 30), false}} {
		if got := r.Contains(test.s); got != test.want {
			t.Errorf("%v.Contains(%v) = %v", r, test.s, got)
		}
	}
}

// TestPieces checks that pieces cover their range exactly, in order, and differ by
// at most one in size.
func TestPieces(t *testing.T) {
	counts := []uint64{MaxCount, MaxCount - 1, MaxPosition - 7, 1<<32 + 1}
	for count := range uint64(70) {
		counts = append(counts, count+1)
	}
	for _, count := range counts {
		r := Range{7, count}
		for _, n := range []uint64{0, 1, 2, 3, 7, 63, 64, 65, 4096} {
			pieces := r.Pieces(n)
			if want := max(1, min(n, count)); uint64(len(pieces)) != want {
				t.Errorf("%v in %d pieces: %d", r, n, len(pieces))
			}
			next := r.First
			for _, p := range pieces {
				if p.First != next || p.Count < count/uint64(len(pieces)) || p.Count > count/uint64(len(pieces))+1 || p.Count == 0 {
					t.Fatalf("%v in %d pieces: %v after position %d", r, n, p, next)
				}
				next = p.End()
			}
			if next != r.End() {
				t.Errorf("%v in %d pieces ends at %d", r, n, next)
			}
		}
	}
}

func TestSubjectToken(t *testing.T) {
	if got := testing.AllocsPerRun(100, func() { _ = Range{MaxPosition - 1, 1}.String() }); got > 1 {
		t.Errorf("String allocates %v times", got)
	}
	if got, want := Span(5, 9).String(), strconv.Itoa(5)+"-4"; got != want {
		t.Errorf("Span(5, 9) = %s, want %s", got, want)
	}
}
