package cli

import (
	"strings"
	"testing"
)

func TestWrapped(t *testing.T) {
	for _, test := range []struct {
		text, indent string
		width        int
		want         string
	}{
		{"", "  ", 10, ""},
		{"one two three", "", 7, "one two\nthree\n"},
		{"one two three", "  ", 7, "  one\n  two\n  three\n"},
		{"incomprehensibilities of it", " ", 8, " incomprehensibilities\n of it\n"},
		{"a\n b\tc", "", 80, "a b c\n"},
	} {
		if got := wrapped(test.text, test.indent, test.width); got != test.want {
			t.Errorf("%q: %q", test.text, got)
		}
	}
}

func TestExamples(t *testing.T) {
	const lines = "p a  # does it\np longer\np b -f 'x # y'  # this"
	const want = "  p a             # does it\n  p longer\n  p b -f 'x # y'  # this\n"
	if got := examples(lines); got != want {
		t.Errorf("%q", got)
	}
	if got := examples(""); got != "" {
		t.Errorf("%q", got)
	}
}

func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		"": ".sp", ".x": `\&.x`, "'x": `\(aqx`, `a\b`: `a\eb`, "--flag": `\-\-flag`, "2^64": `2\(ha64`,
	} {
		if got := roff(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestParagraphs: text is filled, however it is broken in the source; what is indented stays.
func TestParagraphs(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("word ", 21)) // 104 columns
	got := paragraphs(long + "\nand more.\n\nOne line\nof text:\n  a    b\n  c    d\nmore.")
	want := strings.TrimSpace(strings.Repeat("word ", 20)) + "\nword and more.\n\nOne line of text:\n  a    b\n  c    d\nmore.\n"
	if got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}
