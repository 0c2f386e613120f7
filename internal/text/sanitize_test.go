package text

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSanitize(t *testing.T) {
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
		got := Sanitize(test.text, test.limit)
		if got != test.want {
			t.Errorf("Sanitize(%q, %d) = %q, want %q", test.text, test.limit, got, test.want)
		}
		if again := Sanitize(got, test.limit); again != got || len(got) > test.limit || !utf8.ValidString(got) {
			t.Errorf("Sanitize(%q, %d) = %q, again %q", test.text, test.limit, got, again)
		}
	}
}
